"""Starting servers, knowing that they are ready, and ending them without a trace."""

from __future__ import annotations

import itertools
import random
import re
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest
from faulty_server import reply
from harness_means import HERE, HOSTILE, alive, carrying, python, wait_until, written_bytes

from clients.peer import Peer, pump
from conformance.harness import launch, patience
from conformance.harness.child import CannotStart, Keeper
from conformance.harness.instead import listens_on
from conformance.harness.launch import READ_BYTES, READY_WITHIN_S, TAIL_BYTES, PortReservation, Process, Tail
from conformance.harness.patience import Allowance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from clients.peer import Address

    Start = Callable[..., Process]

HOST = "127.0.0.1"
SERVER = HERE / "faulty_server.py"
PRINTABLE = re.compile(r"[ -~]+")


def program(source: str) -> tuple[str, ...]:
    return (sys.executable, "-c", source)


def answers_on(address: Address) -> bool:
    peer = Peer(address)
    try:
        peer.connect()
        peer.send(b"hello")
        pump([peer], lambda: peer.over or peer.received == reply(b"hello"), 5)
        return peer.received == reply(b"hello")
    finally:
        peer.discard()


def free_port() -> int:
    reserved = PortReservation(HOST)
    reserved.release()
    return reserved.port


def why_not(
    command: Sequence[str], keeper: Keeper, fixed_port: int | None = None, within_s: float = READY_WITHIN_S
) -> str:
    """Return what is said of a command that cannot be started."""
    with pytest.raises(CannotStart) as error:
        Process(command, keeper, host=HOST, fixed_port=fixed_port, ready_within_s=within_s)
    wait_until(lambda: carrying(keeper.mark) == [], "nothing of it is left")
    said = str(error.value)
    assert PRINTABLE.fullmatch(said)
    return said


@pytest.fixture
def start(keeper: Keeper) -> Iterator[Start]:
    """Yield what starts a server; it is ended with the test."""
    started: list[Process] = []

    def make(*command: str, fixed_port: int | None = None) -> Process:
        started.append(Process(command, keeper, host=HOST, fixed_port=fixed_port))
        return started[-1]

    yield make
    for process in started:
        process.end()


# Readiness


def test_ready_on_the_port_it_was_given(start: Start) -> None:
    process = start(*python(SERVER, "honest", "{port}"))
    assert answers_on(process.address)
    assert process.exit_status() is None


@pytest.mark.parametrize("announced", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_ready_where_it_announced(start: Start, announced: str) -> None:
    source = (
        "import socket, signal\n"
        f"listener = socket.create_server(({announced!r}, 0))\n"
        f"print('starting\\nServer start at: {announced}:%d' % listener.getsockname()[1], flush=True)\n"
        "signal.pause()"
    )
    process = start(*program(source))
    assert process.address[0] == HOST


def test_ready_at_any_address_of_a_name(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `localhost` is ::1 first, a server on IPv4 alone is there as well."""
    look_up = socket.getaddrinfo

    def both(_: str, port: int, **wanted: Any) -> list[Any]:
        return [*look_up("::1", port, **wanted), *look_up(HOST, port, **wanted)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    source = (
        "import socket, signal\n"
        f"listener = socket.create_server(({HOST!r}, 0))\n"
        "print('Server start at: localhost:%d' % listener.getsockname()[1], flush=True)\n"
        "signal.pause()"
    )
    assert start(*program(source)).address[0] == HOST


def test_ready_on_the_port_of_its_own(start: Start) -> None:
    port = free_port()
    process = start(*python(SERVER, "honest", str(port)), fixed_port=port)
    assert process.address == (HOST, port)
    assert answers_on(process.address)


def test_the_time_in_line_for_a_processor_is_not_counted(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """No interpreter starts within a hundredth of a second; this one is said to have stood in line for most of it."""
    hours = itertools.count(step=3600)
    monkeypatch.setattr(patience, "MOST_TIMES_ALLOWED", 1e6)
    monkeypatch.setattr(launch, "in_line_ourselves_s", lambda: float(next(hours)))
    process = Process(python(SERVER, "honest", "{port}"), keeper, host=HOST, ready_within_s=0.01)
    process.end()


def test_a_port_that_opens_at_the_last_moment_is_open(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the last look and the end of the time anything can pass on a busy machine."""

    def spent_once_it_listens(_: Allowance) -> bool:
        wait_until(lambda: any(map(listens_on, carrying(keeper.mark))), "it listens")
        return True

    monkeypatch.setattr(Allowance, "spent", spent_once_it_listens)
    process = Process(python(SERVER, "honest", "{port}"), keeper, host=HOST)
    process.end()


# What cannot be started


def test_a_target_that_exits_before_it_serves(keeper: Keeper) -> None:
    source = "import sys; print('no such configuration', file=sys.stderr); sys.exit(5)"
    said = why_not(program(source), keeper)
    assert "before it served anyone" in said
    assert said.count("exited with status 5; its last line was: no such configuration") == 1


def test_a_target_that_is_killed_before_it_serves(keeper: Keeper) -> None:
    said = why_not(program("import os; os.abort()"), keeper)
    assert "was ended by SIGABRT" in said
    assert "before it served anyone" in said


def test_last_words_do_nothing_to_a_terminal(keeper: Keeper) -> None:
    said = why_not(program(r"import sys; sys.exit('\x1b[2J\x1b]0;title\x07the end\r')"), keeper)
    assert r"\x1b[2J\x1b]0;title\x07the end" in said


def test_no_such_command(keeper: Keeper) -> None:
    said = why_not(("./no-such-server", "{port}"), keeper)
    assert said == "cannot start ./no-such-server: No such file or directory"


def test_a_command_that_is_not_executable(keeper: Keeper, tmp_path: Path) -> None:
    server = tmp_path / "server"
    server.write_text("#!/bin/sh\n")
    assert why_not((str(server), "{port}"), keeper) == f"cannot start {server}: Permission denied"


def test_a_command_that_could_not_be_started_gives_its_port_back(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    reservations: list[PortReservation] = []

    class Remembered(PortReservation):
        def __init__(self, host: str) -> None:
            super().__init__(host)
            reservations.append(self)

    monkeypatch.setattr(launch, "PortReservation", Remembered)
    why_not(("./no-such-server", "{port}"), keeper)
    token = f"\0echo-conformance/{reservations[0].port}"
    with socket.socket(socket.AF_UNIX) as again:
        again.bind(token)


def test_a_fixed_port_that_is_taken(keeper: Keeper) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        said = why_not(python(SERVER, "honest", str(port)), keeper, port)
    assert said == f"something else already listens on {HOST}:{port}; end it, or choose another port"


@pytest.mark.parametrize("fixed_port", [None, 1], ids=["announces nothing", "opens another port"])
def test_a_target_that_never_opens_its_port(keeper: Keeper, fixed_port: int | None) -> None:
    said = why_not(python(HOSTILE / "never_opens.py"), keeper, fixed_port, within_s=0.2)
    assert ("nothing accepts on 127.0.0.1:1" if fixed_port else "announced no port") in said


# Output


def test_floods_of_output_block_nothing_and_are_forgotten(start: Start) -> None:
    process = start(*python(HOSTILE / "floods_output.py", "{port}"))
    wait_until(lambda: written_bytes(process.pid) > 64 * TAIL_BYTES, "it has flooded for 4 MB")
    assert answers_on(process.address)
    assert len(process.output.stderr.last_line()) < TAIL_BYTES + READ_BYTES
    assert PRINTABLE.fullmatch(process.output.last_words())


@pytest.mark.parametrize("piece_bytes", [1, 100, READ_BYTES])
def test_a_tail_keeps_the_end_and_forgets_the_rest(piece_bytes: int) -> None:
    tail = Tail()
    for _ in range(3 * TAIL_BYTES // piece_bytes + 1):
        tail.add(b"x" * piece_bytes)
    tail.add(b"end")
    kept = tail.last_line()  # all of it: there is no line end
    assert kept.endswith(b"xend")
    assert TAIL_BYTES <= len(kept) < TAIL_BYTES + READ_BYTES


def test_the_last_line_is_the_last_that_says_anything() -> None:
    tail = Tail()
    for piece in (b"first\nse", b"cond  \n", b"\n \n"):
        tail.add(piece)
    assert tail.last_line() == b"second"
    assert Tail().last_line() == b""


def test_a_start_line_may_come_in_pieces(start: Start) -> None:
    source = (
        "import os, signal, socket\n"
        "listener = socket.create_server(('127.0.0.1', 0))\n"
        "line = b'Server start at: 127.0.0.1:%d\\r\\n' % listener.getsockname()[1]\n"
        "os.write(1, b'noise without end ' * 5000 + b'\\n')\n"
        "for byte in line: os.write(1, bytes([byte]))\n"
        "signal.pause()"
    )
    process = start(*program(source))
    assert process.address[0] == HOST


# The end


def test_an_end_leaves_nothing(keeper: Keeper) -> None:
    process = Process(python(HOSTILE / "forks_and_ignores_term.py", "{port}"), keeper, host=HOST)
    wait_until(lambda: len(carrying(keeper.mark)) == 2, "it has left a child behind")
    family = carrying(keeper.mark)
    process.end()
    wait_until(lambda: not any(map(alive, family)), "both are gone")
    assert carrying(keeper.mark) == []
    with socket.socket() as again:
        again.bind(process.address)


def test_an_epitaph_does_not_wait_for_who_holds_the_pipes(keeper: Keeper) -> None:
    source = (
        "import os, signal, socket, sys\n"
        "listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "if os.fork() == 0: signal.pause()\n"
        "listener.accept(); listener.accept()\n"
        "sys.exit('last words')"
    )
    process = Process((*program(source), "{port}"), keeper, host=HOST)
    assert process.epitaph() is None
    socket.create_connection(process.address).close()
    assert process.epitaph(within_s=10) == "exited with status 1; its last line was: last words"
    process.end()
    wait_until(lambda: carrying(keeper.mark) == [], "the child is gone too")


# Ports


def test_two_reservations_never_have_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    lowest = 21000
    monkeypatch.setattr(launch, "_server_ports", lambda: (lowest, lowest + 200))
    reserved = [PortReservation(HOST) for _ in range(100)]
    assert len({reservation.port for reservation in reserved}) == 100
    for reservation in reserved:
        reservation.release()


def test_a_port_that_somebody_holds_is_not_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, 0)) as other, socket.create_server((HOST, 0)) as to_be_free:
        held, free = other.getsockname()[1], to_be_free.getsockname()[1]
        to_be_free.close()
        chosen = iter([held, held, free])
        monkeypatch.setattr(random.SystemRandom, "randrange", lambda *_: next(chosen))
        reserved = PortReservation(HOST)
    assert reserved.port == free
    reserved.release()


def test_ports_are_below_those_of_connecting_clients() -> None:
    with socket.create_server((HOST, 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        reserved = PortReservation(HOST)
        assert reserved.port < client.getsockname()[1]
        reserved.release()


def test_an_address_that_is_not_ours_cannot_be_used() -> None:
    with pytest.raises(CannotStart, match=r"cannot use the address 192\.0\.2\.1: "):
        PortReservation("192.0.2.1")
