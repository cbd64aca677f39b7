"""The listener, the log and the registry by themselves: what no client can bring about."""

from __future__ import annotations

import ast
import errno
import os
import select
import socket
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

import reference_servers
from reference_servers.listener import Listener
from reference_servers.log import Log
from reference_servers.registry import BACKENDS, STAND_IN, STAND_INS, Backend, find
from reference_servers.server import READ, WRITE, Server

if TYPE_CHECKING:
    from reference_servers.stop import StopSignals

PACKAGE = Path(reference_servers.__file__).parent


class ScriptedSocket:
    """A listening socket whose accept raises the errors it is given, and then finds nothing."""

    def __init__(self, *errors: int) -> None:
        self.errors = deque(errors)

    def accept(self) -> None:
        number = self.errors.popleft() if self.errors else errno.EAGAIN
        raise OSError(number, os.strerror(number))


@pytest.fixture
def listener() -> Listener:
    """Return a listener without its socket: the test scripts one."""
    listener = Listener("127.0.0.1", 0)
    listener.close()
    return listener


def script(listener: Listener, *errors: int) -> ScriptedSocket:
    scripted = ScriptedSocket(*errors)
    listener.socket = scripted  # type: ignore[assignment]
    return scripted


def test_an_error_of_one_connection_is_passed_over(listener: Listener) -> None:
    script(listener, errno.ECONNABORTED, errno.EPROTO, errno.EHOSTUNREACH)
    assert list(listener.accept()) == []
    assert listener.drained
    assert not listener.resting


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_running_out_makes_it_rest_until_a_connection_closes_or_time_has_passed(
    listener: Listener, number: int
) -> None:
    scripted = script(listener, number, errno.ECONNABORTED)
    assert list(listener.accept()) == []
    assert len(scripted.errors) == 1
    assert listener.resting
    assert not listener.drained
    assert 0 < listener.rest_left_s() <= Listener.REST_S
    listener.hurry()
    assert listener.rest_left_s() == 0


def test_a_batch_is_bounded_and_says_that_more_may_wait(listener: Listener) -> None:
    scripted = script(listener, *[errno.ECONNABORTED] * (Listener.BATCH + 1))
    assert list(listener.accept()) == []
    assert len(scripted.errors) == 1
    assert not listener.drained
    assert not listener.resting


@pytest.mark.parametrize("handed_on", [True, False] if sys.platform == "linux" else [False])
def test_the_end_of_an_answer_waits_for_no_acknowledgement(handed_on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference_servers.listener.NODELAY_IS_HANDED_ON", handed_on)
    listener = Listener("127.0.0.1", 0)
    with listener.socket, socket.create_connection(listener.socket.getsockname()):
        ((sock, _),) = listener.accept()
        with sock:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_accepted_sockets_do_not_block() -> None:
    listener = Listener("127.0.0.1", 0)
    with listener.socket, socket.create_connection(listener.socket.getsockname()) as client:
        ((sock, address),) = listener.accept()
        with sock:
            assert address == client.getsockname()
            assert not sock.getblocking()
            with pytest.raises(BlockingIOError):
                sock.recv(1)


class IdleServer(Server):
    """A server whose kernel interface does nothing."""

    def open(self) -> None: ...
    def watch(self, fd: int, interest: int) -> None: ...
    def change(self, fd: int, was: int, interest: int) -> None: ...
    def forget(self, fd: int, was: int) -> None: ...
    def wait(self, timeout_s: float | None) -> None: ...


@pytest.fixture
def idle_server(listener: Listener) -> IdleServer:
    return IdleServer(listener, cast("StopSignals", None), Log(None))


def test_a_freed_descriptor_ends_the_listeners_rest(idle_server: IdleServer) -> None:
    ours, theirs = socket.socketpair()
    idle_server.admit(ours, ("peer",))
    idle_server.listener.rest()
    idle_server.drop(idle_server.peers[ours.fileno()])
    assert idle_server.timeout_s() == 0
    assert theirs.recv(1) == b""
    theirs.close()


def test_a_peer_dropped_within_a_batch_is_not_handled_again(idle_server: IdleServer) -> None:
    ours, theirs = socket.socketpair()
    idle_server.admit(ours, ("peer",))
    fd = ours.fileno()
    peer = idle_server.peers[fd]
    theirs.close()
    for _ in range(2):
        idle_server.handle(peer, READ | WRITE)
        idle_server.dispatch(fd, READ | WRITE)
    assert not idle_server.peers


@pytest.fixture
def pipe() -> tuple[int, int]:
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    return read_end, write_end


def test_the_log_never_blocks_and_catches_up(pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    log = Log(write_end)
    lines = [f"{number:04} " + "x" * 4000 for number in range(40)]
    for line in lines:
        log.line(line)
    assert log.pending
    received = bytearray()
    while log.pending:
        received += os.read(read_end, 1 << 16)
        log.flush()
    received += os.read(read_end, 1 << 16)
    assert received.decode().splitlines() == lines
    os.close(read_end)
    os.close(write_end)


def test_the_log_drops_whole_lines_when_its_backlog_is_full(pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    log = Log(write_end)
    for _ in range(1000):
        log.line("x" * 999)
    assert len(log.pending) <= Log.BACKLOG_BYTES + 1000
    assert log.pending.endswith(b"x\n")
    os.close(read_end)
    os.close(write_end)


def test_a_broken_pipe_ends_the_log(pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    log = Log(write_end, verbose=True)
    os.close(read_end)
    log.line("nobody is there")
    log.line("nor now")
    assert (log.fd, log.verbose, bytes(log.pending)) == (None, False, b"")
    os.close(write_end)


def test_without_standard_output_there_is_no_log() -> None:
    log = Log(None, verbose=True)
    log.started(("127.0.0.1", 1))
    assert not log.verbose
    assert not log.pending


@pytest.mark.parametrize("name", sorted(BACKENDS))
def test_every_name_leads_to_a_class(name: str) -> None:
    backend = BACKENDS[name]
    source = (PACKAGE / f"{backend.module.rpartition('.')[2]}.py").read_text()
    assert backend.class_name in {node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def test_a_bare_name_is_understood() -> None:
    assert {name: find(name.removesuffix(STAND_IN)) for name in BACKENDS} == BACKENDS
    for name in ("selectors-queue", "selectors-callback"):
        best = find(name)
        assert best is not None
        assert best.reason is None
        assert not best.name.endswith(STAND_IN)
    assert find("nonesuch") is None
    assert find("epoll" + STAND_IN) is None


@pytest.mark.parametrize("needs", ["devpoll", "kqueue"])
def test_a_stand_in_is_named_as_one_and_only_where_it_is_one(monkeypatch: pytest.MonkeyPatch, needs: str) -> None:
    def backend() -> tuple[str, str | None]:
        made = Backend("any", "module", "Class", needs)
        return made.name, made.reason

    monkeypatch.delattr(select, needs, raising=False)
    monkeypatch.setitem(STAND_INS, needs, True)
    assert backend() == ("any (stand-in)", None)
    monkeypatch.setitem(STAND_INS, needs, False)
    assert backend() == ("any", f"this platform's select module has no {needs}")
    monkeypatch.setattr(select, needs, object, raising=False)
    monkeypatch.setitem(STAND_INS, needs, True)
    assert backend() == ("any", None)


def test_the_servers_import_nothing_of_the_suite() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & {"conformance", "clients"}, path.name
