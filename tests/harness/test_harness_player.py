"""Scripts played against servers with one fault each: what the transcript tells, and what the law says of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from faulty_server import LAST_LINE, STATUS, reply
from harness_means import BOUND_S, faulty, received_answers

from clients.peer import Ending
from conformance.harness import buffers
from conformance.harness import script as s
from conformance.harness.kernel import KernelView, ServerEnd, TcpState
from conformance.harness.law import breach_of
from conformance.harness.load import Torrents
from conformance.harness.player import Player
from conformance.harness.server import Server
from conformance.harness.server_steps import ServerSteps
from conformance.harness.text import plain
from conformance.harness.transcript import Transcript, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.peer import Address
    from conformance.harness.child import Keeper

SILENCE_S = 5.0  # a crowded machine has silences of its own, of half a second and more

TWO_PINGS = s.script(s.Connect(1), s.Ping(1, b"one"), s.Ping(1, b"two"), s.HalfClose(1), s.AwaitEnd(1))
DRAINED = s.script(s.Connect(1), s.Ping(1, b"one"), s.Send(1, b"two"), s.HalfClose(1), s.AwaitEnd(1))
FROZEN = s.script(
    s.Connect(1), s.Ping(1, b"one"), s.Freeze(), s.Connect(2), s.Send(2, b"two"), s.HalfClose(2), s.Reset(1), s.Thaw(),
    s.AwaitEnd(2),
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """What a fault must look like: where the play stops and why, and words of the breach."""

    name: str
    script: s.Script
    index: int
    trouble: Trouble
    ending: Ending | None
    actual: str
    timed: bool = False


FAULTS = [
    Fault("lost", DRAINED, 4, Trouble.ENDED, Ending.FIN, "bytes 3..5 of what was sent went unanswered"),
    Fault("lost", TWO_PINGS, 2, Trouble.SILENCE, Ending.SILENCE, "nothing more came for 5 s; 3 of", timed=True),
    Fault("doubled", TWO_PINGS, 2, Trouble.FAULT, None, "client 1: "),
    Fault("foreign", TWO_PINGS, 2, Trouble.FAULT, None, "client 1: "),
    Fault("coloured", TWO_PINGS, 2, Trouble.FAULT, None, "client 1: "),
    Fault("fin", TWO_PINGS, 2, Trouble.ENDED, Ending.FIN, "bytes 3..5 of what was sent went unanswered"),
    Fault("reset", TWO_PINGS, 2, Trouble.ENDED, Ending.RESET, "bytes 3..5 of what was sent went unanswered"),
    Fault("death", TWO_PINGS, 2, Trouble.ENDED, Ending.FIN, "bytes 3..5 of what was sent went unanswered"),
]


@pytest.fixture
def play(request: pytest.FixtureRequest, keeper: Keeper) -> Iterator[Player]:
    """Yield a player on a server with the fault that the test is parametrised with."""
    view = KernelView()
    with Server(faulty(request.param.name), keeper, view) as server:
        server.start()
        yield Player(server, received_answers, SILENCE_S if request.param.timed else BOUND_S)
    view.close()


@pytest.mark.parametrize(("play", "fault"), [(f, f) for f in FAULTS], indirect=["play"], ids=[f.name for f in FAULTS])
def test_each_fault_is_seen_where_it_happens(play: Player, fault: Fault) -> None:
    transcript = play.play(fault.script)
    assert transcript.stop is not None
    assert (transcript.stop.index, transcript.stop.trouble) == (fault.index, fault.trouble)
    assert transcript.stop.step == fault.script.steps[fault.index]
    assert transcript.clients[1].ending is fault.ending
    assert transcript.clients[1].received.startswith(reply(b"one"))
    breach = breach_of(transcript)
    assert breach is not None
    assert fault.actual in breach.actual
    assert breach.timed is fault.timed
    said = breach.expected + breach.actual + breach.ended
    assert said.isascii()
    assert said.isprintable()


@pytest.mark.parametrize("play", [fault for fault in FAULTS if fault.name == "death"], indirect=True, ids=["death"])
def test_a_death_is_told_with_its_status_and_last_line(play: Player) -> None:
    transcript = play.play(TWO_PINGS)
    assert transcript.epitaph == f"exited with status {STATUS}; its last line was: {plain(LAST_LINE)}"


@pytest.mark.parametrize("play", [fault for fault in FAULTS if fault.name == "foreign"], indirect=True, ids=["foreign"])
def test_no_death_is_waited_for_while_the_connection_is_open(play: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong answer is played again and again while it is shortened: what each costs is taken from the budget."""
    waits_s: list[float] = []
    monkeypatch.setattr(Server, "epitaph", lambda _, within_s=0.0: waits_s.append(within_s))
    assert play.play(TWO_PINGS).clients[1].ending is None
    assert waits_s == [0.0]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_leak_is_seen_by_whatever_name_the_host_goes(
    keeper: Keeper, kernel: KernelView, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known of a connection is asked for by its numbers: nothing passes for want of them."""
    monkeypatch.setattr(ServerSteps, "within", lambda _, released: released())  # it never is
    script = s.script(TWO_PINGS, s.AwaitReleased())
    with Server(replace(faulty("leak"), host=host), keeper, kernel) as server:
        server.start()
        transcript = Player(server, received_answers, BOUND_S).play(script)
    assert transcript.stop is not None
    assert (transcript.stop.trouble, transcript.stop.detail) == (Trouble.HELD, "it still holds 1 of 1")


def test_a_window_that_stays_closed_for_a_whole_silence_is_no_fault_of_who_spins(
    keeper: Keeper, kernel: KernelView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffers, "UNMOVED_S", BOUND_S)
    script = s.script(s.Connect(1, narrow=True), s.Ping(1, b"one"), s.Glut(1, 4 << 20), s.Close(1))
    with Server(faulty("spinning"), keeper, kernel) as server:
        server.start()
        assert Player(server, received_answers, SILENCE_S).play(script).stop is None


def test_who_is_busy_with_torrents_is_waited_for_in_vain_several_times(
    keeper: Keeper, kernel: KernelView, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def answered_meanwhile(_: Torrents, silences: int) -> bool:
        asked.append(silences)
        return silences < 3

    monkeypatch.setattr(Torrents, "answered_meanwhile", answered_meanwhile)
    with Server(faulty("lost"), keeper, kernel) as server:
        server.start()
        stop = Player(server, received_answers, 0.25).play(TWO_PINGS).stop
    assert asked[-3:] == [1, 2, 3]
    assert stop is not None
    assert (stop.trouble, stop.detail) == (Trouble.SILENCE, "750 ms")


def test_the_time_of_a_server_in_line_for_a_processor_is_no_silence_within_bounds(
    keeper: Keeper, kernel: KernelView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "stood_in_line_s", lambda _: time.monotonic())
    began = time.monotonic()
    with Server(faulty("lost"), keeper, kernel) as server:
        server.start()
        stop = Player(server, received_answers, 0.5).play(TWO_PINGS).stop
    assert stop is not None
    assert (stop.trouble, stop.detail) == (Trouble.SILENCE, "500 ms")
    assert time.monotonic() - began > 4 * 0.5


@pytest.fixture
def honest(keeper: Keeper, kernel: KernelView) -> Iterator[Server]:
    with Server(faulty("honest"), keeper, kernel) as server:
        server.start()
        yield server


@pytest.mark.parametrize("script", [TWO_PINGS, DRAINED, FROZEN], ids=["two pings", "drained", "frozen"])
def test_a_server_without_fault_keeps_the_law(honest: Server, script: s.Script) -> None:
    transcript = Player(honest, received_answers, BOUND_S).play(script)
    assert (transcript.stop, transcript.epitaph, breach_of(transcript)) == (None, None, None)
    assert honest.tree is not None
    assert not honest.tree.stands_still()


def test_the_records_tell_what_was_sent_and_answered(honest: Server) -> None:
    client = Player(honest, received_answers, BOUND_S).play(TWO_PINGS).clients[1]
    assert (client.sent_bytes, client.answered_bytes) == (6, 6)
    assert client.received == reply(b"one") + reply(b"two")
    assert (client.half_closed, client.promised, client.ending, client.fault) == (True, True, Ending.FIN, None)


@pytest.mark.parametrize("give_up", [s.Close(1), s.Reset(1)], ids=str)
def test_nothing_is_promised_about_a_client_that_gave_up(honest: Server, give_up: s.Step) -> None:
    script = s.script(s.Connect(1), s.Send(1, b"one"), give_up)
    transcript = Player(honest, received_answers, BOUND_S).play(script)
    assert not transcript.clients[1].promised
    assert breach_of(transcript) is None


@pytest.mark.parametrize(
    "script",
    [s.script(s.Connect(1), s.Connect(1)), s.script(s.Connect(1), s.Freeze(), s.Ping(1, b"x"))],
    ids=["connects twice", "waits for a frozen server"],
)
def test_a_script_that_cannot_be_meant_leaves_the_server_running(honest: Server, script: s.Script) -> None:
    with pytest.raises(ValueError, match="the script"):
        Player(honest, received_answers, BOUND_S).play(script)
    assert honest.tree is not None
    assert not honest.tree.stands_still()


def test_no_process_to_watch_is_no_fault_of_the_server(honest: Server) -> None:
    honest.tree = None
    transcript = Player(honest, received_answers, BOUND_S).play(s.script(s.AwaitQuiet()))
    assert transcript.stop is not None
    assert transcript.stop.trouble is Trouble.UNCERTAIN


class Wavering(KernelView):
    """Sees a full send buffer at every other look: a last acknowledgement under way makes room again."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def server_end(self, server: Address, client: Address) -> ServerEnd | None:  # noqa: ARG002
        self.looks += 1
        held = 1000 if self.looks % 2 else 0
        return ServerEnd(TcpState.LISTEN, 1, 0, 0, 0, 1000, held)


def test_what_was_blocked_once_was_blocked(keeper: Keeper) -> None:
    view = Wavering()
    script = s.script(s.Connect(1, narrow=True), s.Stall(1), s.AwaitBlocked(1))
    with Server(faulty("honest"), keeper, view) as server:
        server.start()
        transcript = Player(server, received_answers, BOUND_S).play(script)
    view.close()
    assert transcript.stop is None


def test_a_transcript_of_nothing_keeps_the_law() -> None:
    assert breach_of(Transcript(s.script())) is None
