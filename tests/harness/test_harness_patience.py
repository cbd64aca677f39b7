"""The numbers of patience."""

from __future__ import annotations

import time

import pytest

from conformance.harness.patience import FULL_S, LEAST_S, SHORTEST_S, TIMES_SLOWEST, Allowance, Patience, Turns


def test_an_unknown_server_gets_ten_seconds_and_shortening_a_quarter() -> None:
    patience = Patience()
    assert (patience.full_s, patience.short_s) == (10.0, 0.25) == (FULL_S, SHORTEST_S)


@pytest.mark.parametrize(("silences", "full_s"), [(0, 10.0), (1, 2.5), (40, LEAST_S)])
def test_a_server_found_silent_gets_less_but_never_too_little(silences: int, full_s: float) -> None:
    patience = Patience()
    for _ in range(silences):
        patience.disappointed()
    assert patience.full_s == full_s >= LEAST_S


@pytest.mark.parametrize(("slowest_s", "short_s"), [(0.001, 0.25), (0.02, 0.25), (0.1, 1.0), (0.7, 7.0), (5.0, 10.0)])
def test_shortening_is_paced_by_the_server(slowest_s: float, short_s: float) -> None:
    patience = Patience()
    patience.learn(slowest_s)
    patience.learn(slowest_s / 2)
    assert patience.short_s == pytest.approx(short_s)
    assert patience.short_s <= patience.full_s


def test_a_slow_server_found_silent_keeps_its_own_pace() -> None:
    patience = Patience()
    patience.learn(0.8)
    for _ in range(5):
        patience.disappointed()
    assert patience.full_s == pytest.approx(TIMES_SLOWEST * 0.8)


@pytest.mark.parametrize(("round_trip_s", "most"), [(0.0, 1000), (0.004, 1000), (0.1, 40), (1.0, 10), (60.0, 10)])
def test_a_case_asks_for_no_more_than_a_slow_server_does_in_seconds(round_trip_s: float, most: int) -> None:
    patience = Patience()
    patience.round_trip_s = round_trip_s
    assert patience.afford(1000) == most


@pytest.mark.parametrize(
    ("factor", "full_s", "short_s", "longest_s"),
    [(0.5, 5.0, 0.125, 60.0), (1.0, 10.0, 0.25, 60.0), (3.0, 30.0, 0.75, 180.0)],
)
def test_the_user_may_have_more_patience_or_less(
    factor: float, full_s: float, short_s: float, longest_s: float
) -> None:
    patience = Patience(factor)
    assert (patience.full_s, patience.short_s, patience.longest_case_s) == (full_s, short_s, longest_s)


def test_little_patience_is_still_paced_by_the_server() -> None:
    patience = Patience(0.1)
    patience.learn(0.9)
    assert patience.full_s == patience.short_s == pytest.approx(9.0)


@pytest.mark.parametrize(
    ("passed_s", "in_line_s", "spent"),
    [(0.9, 0.0, False), (59.0, 0.0, False), (61.0, 0.0, True), (61.0, 10.0, False), (100.0, 39.0, True)],
)
def test_the_time_in_line_for_a_processor_is_not_counted(
    monkeypatch: pytest.MonkeyPatch, passed_s: float, in_line_s: float, spent: bool
) -> None:
    now, waited_s = 1000.0, 70.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    allowance = Allowance(60.0, lambda: waited_s)
    now += 6.0  # of what came before that, none is known
    assert not allowance.spent()
    now, waited_s = 1000.0 + passed_s, waited_s + in_line_s
    assert allowance.spent() == spent


def test_a_minute_away_is_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    turns = Turns()
    now += 0.05
    assert turns.another() == pytest.approx(0.05)
    now += 60.0
    assert turns.another() == pytest.approx(0.15)


def test_what_was_left_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    allowance = Allowance(60.0, lambda: 0.0)
    now += 60.5
    assert allowance.in_words() == "60 s"
    now += 240.0
    assert allowance.in_words() == "60 s, and 240 s in line for a processor"


def test_a_thousand_threads_in_line_side_by_side_do_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    now, waited_s = 1000.0, 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    allowance = Allowance(60.0, lambda: waited_s)
    for _ in range(959):
        now, waited_s = now + 1.0, waited_s + 1000.0
        assert not allowance.spent()
    now += 2.0
    assert allowance.spent()


def test_nobody_looks_before_what_was_left_can_have_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    now, looks = 1000.0, []
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def half_of_it_in_line() -> float:
        looks.append(now)
        return (now - 1000.0) / 2

    allowance = Allowance(60.0, half_of_it_in_line)
    while not allowance.spent():
        now += 0.1
    assert now == pytest.approx(1000.0 + 120.0 - 6.0, abs=4.0)  # the first 6 s count in full
    assert len(looks) < 20


def test_threads_that_are_gone_take_their_time_in_line_along(monkeypatch: pytest.MonkeyPatch) -> None:
    now, waited_s = 1000.0, 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    allowance = Allowance(60.0, lambda: waited_s)
    now += 6.0
    assert not allowance.spent()
    now, waited_s = now + 50.0, 0.0
    assert not allowance.spent()
    now += 5.0
    assert allowance.spent()
