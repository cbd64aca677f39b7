"""The command: start line, log, signals, standard output in every state, and errors."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from reference_process import AVAILABLE, BOUND_S, COMMAND, Client, ServerProcess, answer_to, first_line, wait_until

from reference_servers.registry import BACKENDS


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=BOUND_S, check=False)


def test_the_start_line_tells_the_real_port() -> None:
    with ServerProcess("select") as server:
        assert server.start_line == f"Server start at: 127.0.0.1:{server.address[1]}\n"
        assert server.address[1] > 0
        server.canary()


@pytest.mark.parametrize("name", AVAILABLE)
def test_the_log_is_the_tutorials(name: str) -> None:
    with ServerProcess(name, "--log") as server:
        first, second = server.connect(), server.connect()
        with first, second:
            first.ping(b"This is ")
            second.ping(b"the message. ")
            first.ping(b"It will be sent ")
            second.ping(b"in parts.")
            one, two = first.getsockname(), second.getsockname()
        status, out, err = server.finish()
    assert (status, err) == (0, b"")
    lines = out.decode().splitlines()
    assert [line for line in lines if line.startswith("Connected")] == [f"Connected by {one}", f"Connected by {two}"]
    assert [line for line in lines if not line.startswith("Connected")] == [
        f"received \"b'This is '\" from {one}",
        f"received \"b'the message. '\" from {two}",
        f"received \"b'It will be sent '\" from {one}",
        f"received \"b'in parts.'\" from {two}",
    ]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", AVAILABLE)
def test_a_signal_ends_it_with_connections_open(name: str, signum: int) -> None:
    with ServerProcess(name) as server, server.connect() as idle, server.connect(narrow=True) as blocked:
        idle.ping()
        blocked.sendall(b"\xff" * 20_000)
        assert server.finish(signum) == (0, b"", b"")


def test_sigint_ends_it_where_a_shell_has_it_ignored() -> None:
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *COMMAND, "select", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert first_line(process).startswith("Server start")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=BOUND_S) == (b"", b"")
    assert process.returncode == 0


def test_a_signal_during_start_up_ends_it_quietly() -> None:
    with subprocess.Popen(
        [*COMMAND, "select", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_until(lambda: catches_sigterm(process.pid), "SIGTERM is caught")
        process.terminate()
        _, err = process.communicate(timeout=BOUND_S)
    assert (process.returncode, err) == (0, b"")


def catches_sigterm(pid: int) -> bool:
    (caught,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_nobody_reads_standard_output() -> None:
    with ServerProcess("epoll" if "epoll" in AVAILABLE else "select", "--log") as server, server.connect() as client:
        for _ in range(200):
            client.ping(b"x" * 1000)
        server.await_quiet()
        status, out, err = server.finish()
    assert (status, err) == (0, b"")
    assert out.startswith(b"Connected by")


def test_standard_output_breaks() -> None:
    with ServerProcess("select", "--log") as server:
        assert server.process.stdout is not None
        server.process.stdout.close()
        server.process.stdout = None
        with server.connect() as client:
            client.ping()
            client.ping()
        server.canary()
        server.await_quiet()


@pytest.mark.parametrize("name", AVAILABLE)
def test_standard_output_is_closed_from_the_start(name: str) -> None:
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, name, "--port", "0", "--log"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        wait_until(lambda: bool(listening_ports(process.pid)), "the server listens")
        with Client(("127.0.0.1", listening_ports(process.pid)[0])) as client:
            client.ping()
            client.half_close()
            assert client.read_to_end() == b""
        process.terminate()
        _, err = process.communicate(timeout=BOUND_S)
        assert err == b""
    assert process.returncode == 0


def listening_ports(pid: int) -> list[int]:
    return [c.laddr.port for c in psutil.Process(pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "which backend?"),
        (("nonesuch",), "unknown backend 'nonesuch'"),
        (("epoll[poll]",), "unknown backend"),
        (("select", "--port", "65536"), "'65536' is not a port"),
        (("select", "--port", "http"), "'http' is not a port"),
        (("select", "--host", "256.0.0.1"), "cannot listen on 256.0.0.1"),
        (("select", "--host", "192.0.2.1"), "cannot listen on 192.0.2.1"),
        (("select", "--host", "ö..x"), "cannot listen on ö..x"),
        (("select", "--frobnicate"), "--frobnicate"),
    ],
)
def test_an_error_is_one_line_and_status_2(arguments: tuple[str, ...], complaint: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert complaint in done.stderr


def test_a_port_in_use_is_one_line_and_status_2() -> None:
    with ServerProcess("select") as server:
        done = run("select", "--port", str(server.address[1]))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert os.strerror(errno.EADDRINUSE) in done.stderr


def test_an_unavailable_backend_is_one_line_and_status_2() -> None:
    for name in sorted(BACKENDS.keys() - set(AVAILABLE)):
        done = run(name)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert f"{name} is unavailable: " in done.stderr


def test_the_port_can_be_bound_again_at_once() -> None:
    with ServerProcess("select") as server, server.connect() as client:
        client.ping()
        assert server.finish()[0] == 0  # the server has closed first: TIME_WAIT is on its port
        assert client.read_to_end() == b""
    again = subprocess.Popen(
        [*COMMAND, "select", "--port", str(server.address[1])], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with again:
        assert first_line(again) == server.start_line
        again.terminate()


def test_the_list_names_each_backend_and_its_state() -> None:
    lines = [re.split("  +", line) for line in run("--list").stdout.splitlines()]
    assert [name for name, _ in lines] == list(BACKENDS)
    for name, state in lines:
        reason = BACKENDS[name].reason
        assert state == ("available" if reason is None else f"unavailable: {reason}")


def test_the_list_as_json() -> None:
    entries = json.loads(run("--list", "--json").stdout)
    assert entries == [{"name": b.name, "available": b.reason is None, "reason": b.reason} for b in BACKENDS.values()]


def test_ipv6() -> None:
    try:
        server = ServerProcess("select", "--host", "::1")
    except AssertionError as error:
        if "cannot listen" in str(error):
            pytest.skip("no IPv6 loopback")
        raise
    with server:
        assert server.address[0] == "::1"
        wait_until(lambda: server.sockets() == 1, "one socket")


def test_answers_do_not_depend_on_the_log() -> None:
    with ServerProcess("select", "--log") as server, server.connect() as client:
        client.sendall(b"x")
        client.half_close()
        assert client.read_to_end() == answer_to(b"x")
