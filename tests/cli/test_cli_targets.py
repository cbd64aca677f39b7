"""The ways to point the program at a server."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cli_program import BOUND_S, PROGRAM, ROOT, Program, outcomes, reference_server

from conformance.tried import clause_and_target

WATCHED = ("close.coalesced", "close.releases", "readiness.quiescent-idle", "readiness.stop-continue")
SOME = ("--examples", "3", "-k", " or ".join((*WATCHED, "reply.prompt")))
SPECS = ROOT / "conformance" / "specs"


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def test_an_address_without_a_process_leaves_much_unobserved(program: Program) -> None:
    with reference_server() as (server, address):
        ran, data = program.json("--address", address, *SOME)
        assert server.poll() is None
        assert state_of(server.pid) == "S"
        assert program("run", "--address", address, "--examples", "1", "-k", "reply.prompt").code == 0
    assert ran.code == 0, ran.text
    assert outcomes(data) == dict.fromkeys(WATCHED, "unobserved") | {"reply.prompt": "pass"}
    assert "(1 pass, 4 unobserved)" in ran.stdout
    assert all("needs a process" in c["message"] for c in data["targets"][0]["clauses"] if c["id"] in WATCHED)


def test_what_is_all_unobserved_is_not_conformant(program: Program) -> None:
    with reference_server() as (_, address):
        ran = program("run", "--address", address, "--examples", "3", "-k", "close.coalesced")
    assert ran.code == 3, ran.text


def test_an_address_with_its_process_is_observed_whole(program: Program) -> None:
    with reference_server() as (server, address):
        ran, data = program.json("--address", address, "--pid", str(server.pid), *SOME)
        assert server.poll() is None
        assert state_of(server.pid) == "S"
    assert ran.code == 0, ran.text
    assert outcomes(data) == dict.fromkeys((*WATCHED, "reply.prompt"), "pass")


def test_a_process_that_is_not_there(program: Program) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(BOUND_S)
    with reference_server() as (_, address):
        ran = program("run", "--address", address, "--pid", str(gone.pid), "-k", "reply.prompt")
    assert ran.code == 2, ran.text
    assert f"there is no process {gone.pid} (--pid)" in ran.stdout


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_port_of_its_own(program: Program) -> None:
    port = free_port()
    command = f"{sys.executable} -m reference_servers epoll --port {port}"
    ran, data = program.json("--command", command, "--port", str(port), *SOME)
    assert ran.code == 0, ran.text
    assert set(outcomes(data).values()) == {"pass"}


def test_a_port_of_its_own_that_is_taken(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ran = program("run", "--command", "sleep 60", "--port", str(port), "-k", "reply.prompt")
    assert ran.code == 2, ran.text
    assert f"something else already listens on 127.0.0.1:{port}" in ran.stdout


@pytest.mark.parametrize("host", ["::1", "localhost", "0.0.0.0"])
def test_a_host(program: Program, host: str) -> None:
    command = f"{sys.executable} -m reference_servers epoll --host {{host}} --port {{port}}"
    ran, data = program.json("--command", command, "--host", host, *SOME)
    assert ran.code == 0, ran.text
    assert set(outcomes(data).values()) == {"pass"}


def plain_pytest(program: Program, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conformance.plugin", str(SPECS), "-p", "no:cacheprovider", *words],
        cwd=program.folder,
        env=program.environment,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="kqueue is no stand-in everywhere")
def test_a_stand_in_is_told_as_one(program: Program) -> None:
    words = ("--backend", "kqueue", "-k", "reply.prompt")
    ran, data = program.json(*words, "--backend", "kqueue (stand-in)", "--examples", "1")
    assert ran.code == 0, ran.text
    assert "kqueue (stand-in): conformant (1 pass)" in ran.stdout
    assert [target["name"] for target in data["targets"]] == ["kqueue (stand-in)"]
    collected = plain_pytest(program, *words, "--backend", "native", "--collect-only", "-q")
    assert collected.returncode == 0, collected.stdout + collected.stderr
    assert "test_prompt[kqueue (stand-in)]" in collected.stdout
    assert "test_prompt[selectors-queue[epoll]]" in collected.stdout
    assert "devpoll" not in collected.stdout


def test_the_target_of_a_test_is_its_whole_name() -> None:
    assert clause_and_target("test_close.py::test_eof[[::1]:80]") == ("close.eof", "[::1]:80")


def test_plain_pytest(program: Program) -> None:
    ran = plain_pytest(program, "--backend", "epoll", "-n", "2", "-k", "reply", "--examples", "quick")
    assert ran.returncode == pytest.ExitCode.OK, ran.stdout + ran.stderr
    assert " passed" in ran.stdout


def test_plain_pytest_without_a_server(program: Program) -> None:
    ran = plain_pytest(program, "-k", "reply")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR, ran.stdout + ran.stderr
    assert (
        "no server to judge: name one with --backend, --zoo, --command, --address or --target"
        in ran.stdout + ran.stderr
    )


def test_serve(program: Program) -> None:
    words = [*PROGRAM, "serve", "epoll", "--port", "0"]
    with subprocess.Popen(words, cwd=program.folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        start, host, port = server.stdout.readline().strip().rsplit(":", 2)
        assert (start, host) == ("Server start at", " 127.0.0.1")
        with socket.create_connection((host.strip(), int(port)), BOUND_S) as client:
            client.sendall(b"hello")
            assert client.recv(100) == b"Server received b'hello'"
        server.send_signal(signal.SIGTERM)
        assert server.wait(BOUND_S) == 0
