"""A reproducer counts no silence against a server that could not speak, or that speaks to others."""

from __future__ import annotations

import itertools

import pytest

from conformance.report.reproducing import processes, pumping, torrents
from conformance.report.reproducing.verdict import Patience

SILENCE_S = 0.5
TURNS = round(SILENCE_S / pumping.SLICE_S)


@pytest.fixture(autouse=True)
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patience, "silence_s", SILENCE_S)


def in_line(monkeypatch: pytest.MonkeyPatch, *told_s: float) -> None:
    """Have the server's threads stand in line: so long by each look, and by the last of them in the end."""
    looks = itertools.chain(told_s, itertools.repeat(told_s[-1]))
    for module in (processes, pumping):
        monkeypatch.setattr(module, "in_line_s", lambda: next(looks))


def turns_of_silence() -> int:
    """How many turns of pumping it takes until a server that says nothing is called silent."""
    turns = itertools.count()
    assert not pumping.pump(lambda: next(turns) < 0, [])
    return next(turns)


@pytest.mark.parametrize(("in_line_s", "times"), [(0.0, 1), (SILENCE_S, 2), (100.0, 4)], ids=["none", "some", "long"])
def test_the_time_in_line_is_left_out_within_bounds(
    monkeypatch: pytest.MonkeyPatch, in_line_s: float, times: int
) -> None:
    in_line(monkeypatch, 7.0, 7.0 + in_line_s)
    assert turns_of_silence() in {times * TURNS, times * TURNS + 1}


@pytest.mark.parametrize(("in_line_s", "over"), [(0.0, True), (1.0, False), (0.25, True)])
def test_what_waits_for_something_leaves_it_out_as_well(
    monkeypatch: pytest.MonkeyPatch, in_line_s: float, over: bool
) -> None:
    in_line(monkeypatch, 7.0 + in_line_s)
    assert processes.patience_is_over(2 * SILENCE_S, 7.0) is over


@pytest.mark.parametrize(("times", "over"), [(0.9, False), (3.9, False), (4.1, True)])
def test_who_stands_in_line_still_is_given_all_of_it(monkeypatch: pytest.MonkeyPatch, times: float, over: bool) -> None:
    """How long it has stood there is told when that has ended."""
    in_line(monkeypatch, 7.0)
    monkeypatch.setattr(processes, "stands_in_line", lambda: True)
    assert processes.patience_is_over(times * SILENCE_S, 7.0) is over


def test_of_a_server_that_is_not_ours_to_watch_nothing_is_left_out() -> None:
    assert processes.in_line_s() == 0.0


def test_who_answers_others_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    in_line(monkeypatch, 0.0)
    monkeypatch.setattr(pumping, "BUSY_WITH_OTHERS", [iter([True, True, False]).__next__])
    assert turns_of_silence() >= 3 * TURNS


MB = 1 << 20


@pytest.mark.parametrize("swollen", [True, False], ids=["filled up", "flowing"])
@pytest.mark.parametrize(
    ("answered", "busy"),
    [
        ([10, 20, 30], [True, True, True]),
        ([10, 20, 20], [True, True, False]),
        ([10, 200, 270], [True, True, False]),
    ],
    ids=["goes on", "has stopped", "does nothing else"],
)
def test_torrents_are_an_excuse_while_they_are_answered_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, swollen: bool, answered: list[int], busy: list[bool]
) -> None:
    counts = iter(([0] if swollen else []) + [each * MB for each in answered])
    monkeypatch.setattr(torrents, "ask_torrents", lambda *_: next(counts))
    monkeypatch.setattr(torrents, "ANSWERED", [0])
    if swollen:
        torrents.swell_torrents()
    assert [torrents.torrents_are_answered() for _ in answered] == busy
