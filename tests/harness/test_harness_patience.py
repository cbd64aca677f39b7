"""The numbers of patience."""

from __future__ import annotations

import pytest

from conformance.harness.patience import FULL_S, LEAST_S, SHORTEST_S, TIMES_SLOWEST, Patience


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
