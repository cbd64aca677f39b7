"""What is done to a server itself, and what is seen of it: limits, memory, wakeups, its output, its end."""

from __future__ import annotations

import contextlib
import resource
import socket
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from harness_means import BOUND_S, faulty, received_answers, wait_until

from conformance.harness import load
from conformance.harness import script as s
from conformance.harness.law import breach_of
from conformance.harness.linux_tree import sockets_in_tables
from conformance.harness.player import Player
from conformance.harness.server import Server
from conformance.harness.server_steps import ServerSteps, wakeups_a_second
from conformance.harness.target import backend_target
from conformance.harness.transcript import Halted, Stop, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.harness.child import Keeper
    from conformance.harness.kernel import KernelView

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and sockets of others are seen on Linux")

OLD = s.script(s.Connect(1), s.Ping(1, b"one"))


@pytest.fixture
def honest(keeper: Keeper, kernel: KernelView) -> Iterator[Server]:
    with Server(backend_target("epoll"), keeper, kernel) as server:
        server.start()
        yield server


def played(server: Server, *steps: s.Step | s.Script, silence_s: float = BOUND_S) -> Stop | None:
    transcript = Player(server, received_answers, silence_s).play(s.script(*steps))
    assert transcript.stop is not None or breach_of(transcript) is None
    return transcript.stop


def soft_limit(server: Server) -> int:
    assert server.tree is not None
    return resource.prlimit(server.tree.pid, resource.RLIMIT_NOFILE)[0]


def test_an_exhausted_server_cannot_accept_and_is_given_its_limit_back(honest: Server) -> None:
    before = soft_limit(honest)
    stop = played(honest, OLD, s.Exhaust(0), s.Connect(2), s.Ping(2, b"two"), silence_s=0.3)
    assert stop is not None
    assert isinstance(stop.step, s.Ping)
    assert soft_limit(honest) == before


def test_room_is_made_for_a_crowd_where_the_limit_allows(honest: Server) -> None:
    before = soft_limit(honest)
    assert played(honest, OLD, s.Exhaust(20), s.Crowd(60), s.CrowdSpeaks(), s.CrowdLeaves(), s.Ping(1, b"two")) is None
    assert soft_limit(honest) == before


def test_what_is_spared_can_be_accepted(honest: Server) -> None:
    assert played(honest, OLD, s.Exhaust(1), s.Connect(2), s.Ping(2, b"two"), s.Release()) is None


def test_a_server_at_rest_wakes_seldom_and_one_that_waits_for_nobody_is_not_waited_for(honest: Server) -> None:
    assert played(honest, OLD, s.AwaitFewWakeups(), s.AwaitQuiet(), s.AwaitReaped()) is None


@pytest.mark.parametrize(
    ("woken", "in_line_s", "rate"),
    [
        (50, 0.0, 50.0),
        (50, 0.9, 500.0),
        (50, 3.0, 5000.0),  # waits count when they end, and may have begun before
        (0, 0.9, 0.0),
    ],
)
def test_wakeups_are_counted_by_the_time_that_one_could_sleep(woken: int, in_line_s: float, rate: float) -> None:
    before, after = {7: (1000, 5.0)}, {7: (1000 + woken, 5.0 + in_line_s)}
    assert wakeups_a_second(before, after, 1.0) == pytest.approx(rate)
    assert wakeups_a_second({}, {7: (woken, in_line_s)}, 1.0) == pytest.approx(rate)  # one that came meanwhile


@pytest.mark.parametrize(
    ("woken_a_second", "in_line", "halted"),
    [(50, 0.0, False), (500, 0.0, True), (10, 0.99, True), (10, 0.6, False)],
    ids=["housekeeping", "waker", "waker in line", "housekeeping in line"],
)
def test_a_machine_that_is_busy_hides_no_waker(
    monkeypatch: pytest.MonkeyPatch, woken_a_second: int, in_line: float, halted: bool
) -> None:
    now = 1000.0

    class Tree:
        def slept(self) -> dict[int, tuple[int, float]]:
            return {7: (int(woken_a_second * now), in_line * now)}

        def runnable(self) -> bool:
            return False

    def sleep(passes_s: float) -> None:
        nonlocal now
        now += passes_s

    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", sleep)
    steps = ServerSteps(cast("Server", SimpleNamespace(tree=Tree())), 10.0).steps
    with pytest.raises(Halted) if halted else contextlib.nullcontext():
        steps[s.AwaitFewWakeups](s.AwaitFewWakeups())


def test_a_crowd_is_there_and_served_and_leaves(honest: Server) -> None:
    assert played(honest, OLD, s.Crowd(60), s.CrowdSpeaks(), s.CrowdLeaves(), s.Ping(1, b"two")) is None


def test_a_crowd_that_finds_no_room_is_counted(honest: Server) -> None:
    assert honest.tree is not None
    honest.tree.stop()  # a server that does not accept, and is at rest
    try:
        stop = played(honest, s.Crowd(60), s.CrowdSpeaks())
    finally:
        honest.tree.go_on()
    assert stop is not None
    told = "0 of 60 were served; 60 found no room: it sleeps and accepts nobody"
    assert (stop.trouble, stop.detail) == (Trouble.UNSERVED, told)


def test_a_client_that_finds_no_room_takes_no_further_part(honest: Server) -> None:
    assert honest.tree is not None
    honest.tree.stop()
    try:
        assert played(honest, s.Connect(1, if_room=True), s.Ping(1, b"never sent")) is None
    finally:
        honest.tree.go_on()


def test_memory_of_connections_that_are_over_is_level(honest: Server) -> None:
    assert played(honest, s.AwaitLevelMemory(20, 100)) is None


def test_a_server_that_does_not_answer_who_does_not_read_is_bounded(honest: Server) -> None:
    assert played(honest, OLD, s.Connect(2, narrow=True), s.Glut(2, 4 << 20), s.Close(2), s.Ping(1, b"two")) is None


def test_torrents_flow_beside_others_and_end(honest: Server) -> None:
    swollen = s.script(s.Freeze(), s.SwellTorrents(), s.Send(1, b"two"), s.Thaw(), s.Await(1))
    assert played(honest, OLD, s.Torrents(2), swollen, s.StemTorrents(), s.Ping(1, b"three")) is None


def test_torrents_tell_whether_they_are_answered_and_not_yet_too_much(
    honest: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "FAIR_BYTES", 4 << 20)
    torrents = load.Torrents(honest)
    torrents.begin(s.Torrents(2))
    assert honest.freeze()
    wait_until(lambda: not torrents.answered_meanwhile(1), "nothing is under way any more")
    honest.thaw()
    wait_until(lambda: torrents.answered_meanwhile(1), "the server answers them")
    enough = torrents._answered_bytes + load.FAIR_BYTES

    def answered_enough() -> bool:
        torrents.answered_meanwhile(2)
        return torrents._answered_bytes >= enough

    wait_until(answered_enough, "it answers as much as is fair")
    assert not torrents.answered_meanwhile(2)
    torrents.stem(s.StemTorrents())
    assert not torrents.answered_meanwhile(1)


def test_it_ends_and_is_started_again_on_its_port(honest: Server) -> None:
    address = honest.address
    assert played(honest, OLD, s.Terminate(), s.Close(1), s.StartAgain(), s.Connect(2), s.Ping(2, b"two")) is None
    assert (honest.address, honest.up) == (address, True)


def test_a_port_that_another_took_meanwhile_is_held_against_nobody(
    honest: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminate = honest.terminate
    with contextlib.ExitStack() as stack:

        def overtaken(within_s: float) -> bool:
            ended = terminate(within_s)
            stack.enter_context(socket.create_server(honest.address))
            return ended

        monkeypatch.setattr(honest, "terminate", overtaken)
        stop = played(honest, OLD, s.Terminate(), s.Close(1), s.StartAgain(), s.Connect(2))
    assert stop is not None
    assert stop.trouble is Trouble.UNCERTAIN
    assert "somebody else listens" in stop.detail


def test_an_end_that_was_asked_for_is_no_death(honest: Server) -> None:
    assert played(honest, OLD, s.Terminate()) is None
    assert not honest.up
    assert honest.epitaph() is None


def test_output_that_nobody_reads_is_left_unread(honest: Server) -> None:
    assert played(honest, s.LeaveOutputUnread(), OLD) is None


def test_what_it_announces_is_compared(honest: Server) -> None:
    assert played(honest, s.AwaitAnnounced()) is None
    honest.address = (honest.address[0], honest.address[1] + 1)
    stop = played(honest, s.AwaitAnnounced())
    assert stop is not None
    assert stop.trouble is Trouble.UNANNOUNCED


def test_a_full_accept_queue_is_told(keeper: Keeper, kernel: KernelView) -> None:
    with Server(faulty("honest"), keeper, kernel) as server:
        server.start()
        queued = (s.Queue(client) for client in range(1, 200))  # the server's backlog is 128
        stop = played(server, s.Freeze(), *queued)
    assert stop is not None
    assert stop.trouble is Trouble.NO_ROOM


def test_a_living_connection_is_in_a_table_of_the_kernel(honest: Server) -> None:
    assert honest.tree is not None
    held = honest.sockets()
    assert held
    assert held <= sockets_in_tables(honest.tree.pid)
