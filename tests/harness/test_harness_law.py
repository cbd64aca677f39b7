"""The law, applied to transcripts made by hand."""

from __future__ import annotations

import pytest

from clients.peer import Ending
from conformance.harness import script as s
from conformance.harness.law import breach_of
from conformance.harness.transcript import ClientRecord, Stop, Transcript, Trouble


def client(*, ending: Ending | None, half_closed: bool = False, promised: bool = True) -> ClientRecord:
    return ClientRecord(
        number=1,
        sent_bytes=4,
        answered_bytes=4,
        received=b"",
        received_bytes=0,
        settled=True,
        half_closed=half_closed,
        promised=promised,
        ending=ending,
        fault=None,
        events=[],
    )


def told(record: ClientRecord, *, stop: Stop | None = None, epitaph: str | None = None) -> Transcript:
    return Transcript(s.script(s.Connect(1)), clients={1: record}, stop=stop, epitaph=epitaph)


KEPT = [
    client(ending=None),
    client(ending=Ending.FIN, half_closed=True),
    client(ending=Ending.RESET, promised=False),
    client(ending=Ending.FIN, promised=False),
]


@pytest.mark.parametrize("record", KEPT)
def test_these_endings_keep_it(record: ClientRecord) -> None:
    assert breach_of(told(record)) is None


@pytest.mark.parametrize(
    ("record", "actual"),
    [
        (client(ending=Ending.FIN), "the server ended the connection (FIN)"),
        (client(ending=Ending.RESET), "the connection was reset"),
        (client(ending=Ending.RESET, half_closed=True), "the connection was reset"),
    ],
)
def test_these_endings_break_it(record: ClientRecord, actual: str) -> None:
    breach = breach_of(told(record))
    assert breach is not None
    assert (breach.actual, breach.timed) == (actual, False)
    assert breach.ended.startswith("client 1: ")


def test_a_server_does_not_die() -> None:
    breach = breach_of(told(client(ending=None), epitaph="exited with status 3; its last line was: ouch"))
    assert breach is not None
    assert breach.actual == "the server exited with status 3; its last line was: ouch"
    assert not breach.timed


STOPS = [
    (Stop(0, s.AwaitQuiet(), Trouble.BUSY, "1 s of processor time"), "1 s of processor time", True),
    (Stop(0, s.AwaitReleased(), Trouble.HELD, "it still holds 2 of 3"), "it still holds 2 of 3", True),
    (Stop(0, s.Await(1), Trouble.SILENCE, "10 s"), "nothing more came for 10 s; 4 of the 4 bytes", True),
    (Stop(0, s.Await(1), Trouble.ENDED), "the connection was reset; 4 of the 4 bytes", False),
]


@pytest.mark.parametrize(("stop", "actual", "timed"), STOPS, ids=[stop.trouble.name for stop, _, _ in STOPS])
def test_a_stop_is_a_breach_and_is_timed_when_only_a_clock_shows_it(stop: Stop, actual: str, timed: bool) -> None:
    breach = breach_of(told(client(ending=Ending.RESET), stop=stop))
    assert breach is not None
    assert breach.actual.startswith(actual)
    assert breach.timed is timed
