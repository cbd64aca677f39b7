"""Reproducers against broken servers, which they find out, and against a correct one, which they do not."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reproducer_cases import BOUND_S, EPOLL, ROOT, broken, failed, means, tried, written

from conformance.harness import script as s
from conformance.harness.as_data import case_to_data
from conformance.harness.tape import tape, wide_tape
from conformance.report.reproducer import reproducer
from conformance.report.reproducing.server import kill_orphans

if TYPE_CHECKING:
    from reproducer_cases import Steps

NARROW = s.script(s.Connect(1, narrow=True), s.Ping(1, b"hello"), s.Stall(1), s.Send(1, wide_tape(1, 8192)))
ARRIVE = s.script(s.Connect(1), s.Ping(1, b"hello"))
LEAVE = s.script(s.HalfClose(1), s.AwaitEnd(1))

# Of most chapters one: the clause, the bug, the case.
SHOWN = {
    "reply.literal": ("extends-sign", s.script(s.Connect(1), s.Ping(1, b"\x80"))),
    "order.partial-writes": ("drops-short-send", s.script(NARROW, s.AwaitBlocked(1), s.Resume(1), s.Await(1))),
    "isolation.silent-client": ("iterative", s.script(s.Connect(1), s.Connect(2), s.Ping(2, b"hello"))),
    "close.coalesced": (
        "tutorial-select",
        s.script(ARRIVE, s.Freeze(), s.Send(1, b"and"), s.HalfClose(1), s.Thaw(), s.AwaitEnd(1)),
    ),
    "error.reset-idle": (
        "tutorial-epoll",
        s.script(ARRIVE, s.Connect(2), s.Ping(2, b"x"), s.Reset(1), s.Ping(2, b"y")),
    ),
    "readiness.quiescent-idle": ("never-waits", s.script(s.Connect(1), s.AwaitQuiet())),
    "limits.exhaustion-quiet": (
        "spins-when-exhausted",
        s.script(ARRIVE, s.Exhaust(), s.Connect(2, promised=False), s.AwaitQuiet(), s.Release(), s.Ping(1, b"x")),
    ),
    "lifecycle.terminates": ("ignores-sigterm", s.script(ARRIVE, s.Terminate())),
    "close.releases": ("parent-leaks-descriptor", s.script(ARRIVE, LEAVE, s.AwaitReleased())),
}


def steps_of(script: s.Script) -> Steps:
    return case_to_data(script)


@pytest.mark.parametrize("clause", SHOWN)
def test_a_fault_shows_where_it_is_and_nowhere_else(tmp_path: Path, clause: str) -> None:
    bug, script = SHOWN[clause]
    file = written(tmp_path, steps_of(script), clause=clause)
    status, said = tried(file, "--", *broken(bug))
    assert status == 1, said
    for told in (f"{clause} (MUST) does not hold", "Expected: ", "Actual: ", "At:       line "):
        assert told in said
    status, said = tried(file, "--", *EPOLL)
    assert (status, said) == (0, f"{clause} (MUST): the fault does not show\n")


def test_it_waits_for_who_wants_to_look_on(tmp_path: Path) -> None:
    file = written(tmp_path, steps_of(s.script(ARRIVE, LEAVE)))
    words = [sys.executable, str(file), "--pause", "--", *EPOLL]
    with subprocess.Popen(words, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.fullmatch(r"the server is at 127\.0\.0\.1:(\d+), process (\d+): press Enter to go on\n", said)
        assert found is not None, said
        assert process.poll() is None
        with socket.create_connection(("127.0.0.1", int(found[1]))):
            os.kill(int(found[2]), 0)
        said, _ = process.communicate("\n", timeout=BOUND_S)
        assert said == "close.eof (MUST): the fault does not show\n"
    assert process.returncode == 0


def test_a_server_that_runs_already(tmp_path: Path) -> None:
    simple = written(tmp_path, steps_of(s.script(ARRIVE, LEAVE)))
    with subprocess.Popen(
        [sys.executable, "-m", "reference_servers", "epoll", "--port", "0"], stdout=subprocess.PIPE, cwd=ROOT
    ) as server:
        try:
            assert server.stdout is not None
            host, port = server.stdout.readline().decode().removeprefix("Server start at: ").strip().split(":")
            assert tried(simple, host, port)[0] == 0
            watching = written(tmp_path, steps_of(s.script(s.Connect(1), s.AwaitQuiet())))
            status, said = tried(watching, host, port)
        finally:
            server.kill()
    assert status == 2
    assert "cannot tell: this case stops, limits or watches the server: give its command, after --" in said
    status, said = tried(simple, host, port)
    assert (status, f"nobody accepts connections at {host}:{port}" in said) == (2, True)


@pytest.mark.parametrize("words", [(), ("127.0.0.1",), ("127.0.0.1", "port"), ("--",)])
def test_who_is_meant_must_be_said(tmp_path: Path, words: tuple[str, ...]) -> None:
    file = written(tmp_path, steps_of(ARRIVE))
    done = subprocess.run([sys.executable, file, *words], capture_output=True, timeout=BOUND_S, check=False)
    assert done.returncode == 2
    assert b"usage: " in done.stderr


def test_a_server_that_announces_its_port(tmp_path: Path) -> None:
    file = written(tmp_path, steps_of(s.script(ARRIVE, LEAVE)))
    announcing = [word if word != "{port}" else "0" for word in EPOLL]
    assert tried(file, "--", *announcing)[0] == 0


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["./no-such-server"], "cannot be started: No such file or directory"),
        ([sys.executable, "-c", "raise SystemExit('bye')", "{port}"], "exited with status 1; its last line was b'bye'"),
    ],
)
def test_what_cannot_be_started_is_no_fault(tmp_path: Path, command: list[str], reason: str) -> None:
    status, said = tried(written(tmp_path, steps_of(ARRIVE)), "--", *command)
    assert status == 2
    assert reason in said


def test_a_case_with_every_step_of_a_client_ends_well(tmp_path: Path) -> None:
    script = s.script(
        ARRIVE,
        s.Connect(3),
        s.Flood(3),
        s.Torrents(2),
        s.Freeze(),
        s.SwellTorrents(),
        s.Send(1, tape(1, 5000)),
        s.Thaw(),
        s.Await(1),
        s.StemTorrents(),
        s.HalfClose(3),
        s.AwaitEnd(3),
        s.Connect(4, promised=False),
        s.Urgent(4),
        s.Close(4),
        s.Connect(5, if_room=True),
        s.Insist(6, b"x"),
        s.Crowd(20),
        s.CrowdSpeaks(),
        s.CrowdLeaves(),
        s.AwaitFewWakeups(),
        s.AwaitLevelMemory(20, 100),
        s.AwaitReaped(),
        s.AwaitAnnounced(),
        s.Freeze(),
        s.Queue(7),
        s.Thaw(),
        s.Glut(1, 100_000),
        s.LeaveOutputUnread(),
        s.Ping(7, b"x"),
        s.Terminate(),
        s.StartAgain(),
        s.Connect(8),
        s.Ping(8, b"x"),
    )
    assert tried(written(tmp_path, steps_of(script)), "--", *EPOLL)[0] == 0


def test_what_a_server_says_is_escaped(tmp_path: Path) -> None:
    server = [sys.executable, str(ROOT / "tests" / "cli" / "odd_server.py"), "{port}", "coloured"]
    status, said = tried(written(tmp_path, steps_of(ARRIVE)), "--", *server)
    assert status == 1
    assert "\\x1b[31mred" in said
    assert said.isascii()
    assert "\x1b" not in said


def test_nothing_of_a_server_is_left(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    server = [sys.executable, str(ROOT / "tests" / "hostile" / "forks_and_ignores_term.py"), "{port}"]
    tried(written(tmp_path, steps_of(ARRIVE)), "--", *server, REPRODUCER_MARK=mark)
    assert not [pid for pid in filter(str.isdigit, os.listdir("/proc")) if mark in environment_of(pid)]


REFUSES_TO_END = """\
import os, pathlib, signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: pathlib.Path(sys.argv[2]).write_text(f"{os.getpid()}."))
listener, kept = socket.create_server(("127.0.0.1", int(sys.argv[1]))), []
while True:
    kept.append(listener.accept())
"""


def test_silence_is_waited_for_as_long_as_in_the_run(tmp_path: Path) -> None:
    file = tmp_path / "reproducer.py"
    file.write_text(reproducer(failed(steps_of(ARRIVE)), means(patience=0.05), "1.0"))
    words = [sys.executable, str(file), "--", sys.executable, str(ROOT / "tests" / "hostile" / "silent.py"), "{port}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=BOUND_S, check=False)
    assert (done.returncode, "nothing more came for 0.5 s" in done.stdout) == (1, True), done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_interrupts_while_the_server_is_ended_leaves_nothing_and_changes_no_verdict(
    tmp_path: Path, number: signal.Signals
) -> None:
    told = tmp_path / "told to end"
    told.touch()
    server = [sys.executable, "-c", REFUSES_TO_END, "{port}", str(told)]
    words = [sys.executable, str(written(tmp_path, [{"do": "connect", "client": 1}])), "--", *server]
    with subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + BOUND_S
        while not told.read_text().endswith("."):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        said, complained = process.communicate(timeout=BOUND_S)
    assert (process.returncode, said, complained) == (0, "close.eof (MUST): the fault does not show\n", "")
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()[:-1]), 0)


def test_a_thread_that_ends_meanwhile_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    ended = Path(f"/proc/self/task/{thread.native_id}/children")
    monkeypatch.setattr(Path, "glob", lambda *_: [ended])
    kill_orphans()


def environment_of(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_text(errors="replace")
    except OSError:
        return ""


# Out of descriptors it spins. It is slow to accept for the first time, as any server may be on a crowded machine.
SLOW_AT_FIRST = """
import select, socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
listener.setblocking(False)
clients = []
select.select([listener], [], [])
until = time.process_time() + 0.3
while time.process_time() < until:
    pass
while True:
    for each in select.select([listener, *clients], [], [])[0]:
        if each is listener:
            try:
                while True:
                    clients.append(listener.accept()[0])
            except OSError:
                pass
        elif chunk := each.recv(1024):
            each.sendall(b"Server received %a" % chunk)
        else:
            clients.remove(each)
            each.close()
"""


def test_the_connection_that_asked_whether_it_serves_leaves_no_room_at_its_limit(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SLOW_AT_FIRST)
    _, script = SHOWN["limits.exhaustion-quiet"]
    file = written(tmp_path, steps_of(script), clause="limits.exhaustion-quiet")
    status, said = tried(file, "--", sys.executable, str(tmp_path / "server.py"), "{port}")
    assert (status, "the server comes to rest" in said) == (1, True), said
