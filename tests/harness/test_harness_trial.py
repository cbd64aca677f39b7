"""Trials: a failure is shortened within a budget, confirmed on a fresh copy, and never made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from faulty_server import STATUS, TOO_LONG_BYTES, TOO_SHORT_BYTES
from harness_means import faulty
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.harness import bench, patience
from conformance.harness import script as s
from conformance.harness.bench import CANARY, Bench
from conformance.harness.child import CannotStart
from conformance.harness.search import Finding, Inconclusive, Nonconformity
from conformance.harness.server import Server
from conformance.harness.target import Target
from conformance.harness.transcript import Answers, Stop, Transcript, Trouble
from conformance.harness.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    TrialOn = Callable[[Target], Trial]

drawn = settings(max_examples=30, database=None, deadline=None, derandomize=True)


def two_pings(size: int) -> s.Script:
    return s.script(s.Connect(1), s.Ping(1, b"one"), s.Ping(1, b"x" * size), s.HalfClose(1), s.AwaitEnd(1))


def found_by(subject: Trial, test: Callable[[Trial, int], None] | None = None) -> Finding:
    """Draw sizes until one breaks the law; return the last finding, as Hypothesis has shortened it."""

    @drawn
    @given(size=st.integers(1, 1000))
    def clause(size: int) -> None:
        subject.hold(two_pings(size)) if test is None else test(subject, size)

    subject.ready()
    with pytest.raises(Nonconformity) as raised:
        clause()
    return raised.value.finding


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FULL_S", 4.0)
    monkeypatch.setattr(patience, "LEAST_S", 4.0)


@pytest.fixture
def time_to_shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowded machine takes longer than the usual budget to start a copy."""
    monkeypatch.setattr(patience, "SHRINKING_S", 300.0)


@pytest.fixture
def patience_to_shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    """There a case that fails may also be silent for longer than a shorter one is usually waited for."""
    monkeypatch.setattr(patience, "SHRINKING_S", 300.0)
    monkeypatch.setattr(patience, "SHORTEST_S", patience.FULL_S)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[s.Script | str]:
    """Give a list of what happens to the bench: "start" for each copy that is started, and the cases played."""
    happened: list[s.Script | str] = []
    start, play = Server.start, Bench.play

    def noted_start(self: Server) -> None:
        happened.append("start")
        start(self)

    def noted_play(self: Bench, script: s.Script, answers: Callable[[], Answers], silence_s: float) -> Transcript:
        if script != CANARY:
            happened.append(script)
        return play(self, script, answers, silence_s)

    monkeypatch.setattr(Server, "start", noted_start)
    monkeypatch.setattr(Bench, "play", noted_play)
    return happened


@pytest.mark.usefixtures("patience_to_shorten")
def test_a_case_that_fails_is_shortened_to_the_least(trial_on: TrialOn) -> None:
    found = found_by(trial_on(faulty("too_long")))
    assert found.script == two_pings(TOO_LONG_BYTES)


@pytest.mark.usefixtures("time_to_shorten")
def test_a_wrong_answer_is_not_shortened_to_a_silence(trial_on: TrialOn, told: list[s.Script | str]) -> None:
    """On a crowded machine any case may be silent for as long as a shorter one is waited for."""
    subject = trial_on(faulty("too_long_or_short"))
    subject.ready()
    with pytest.raises(Nonconformity):
        subject.hold(two_pings(TOO_LONG_BYTES))
    del told[:]
    for _ in range(2):
        subject.hold(two_pings(TOO_SHORT_BYTES))
    assert told.count(two_pings(TOO_SHORT_BYTES)) == 1


def test_what_is_reported_was_seen_on_a_fresh_copy(trial_on: TrialOn, told: list[s.Script | str]) -> None:
    subject = trial_on(faulty("foreign"))
    found = found_by(subject)
    del told[:]
    again = subject.confirmed(found)
    assert told == ["start", found.script]
    assert again.script == found.script
    assert again.transcript is not found.transcript
    assert again.note == ""


@pytest.mark.usefixtures("patience_to_shorten")
def test_a_server_that_died_is_replaced_for_the_next_case(trial_on: TrialOn, told: list[s.Script | str]) -> None:
    subject = trial_on(faulty("death"))
    subject.ready()
    for size in (3, 4):
        with pytest.raises(Nonconformity):
            subject.hold(two_pings(size))
    assert told == ["start", two_pings(3), "start", two_pings(4)]
    subject.serves_afterwards()


@pytest.mark.usefixtures("short_patience")
def test_a_failure_in_time_that_does_not_show_again_is_inconclusive(trial_on: TrialOn, tmp_path: Path) -> None:
    subject = trial_on(faulty("lost_once", str(tmp_path / "happened")))
    subject.ready()
    with pytest.raises(Nonconformity) as raised:
        subject.hold(two_pings(5))
    assert raised.value.finding.breach.timed
    with pytest.raises(Inconclusive, match="seen once and not again on a fresh copy of the server: nothing more came"):
        subject.confirmed(raised.value.finding)


def test_evidence_that_does_not_show_again_is_reported_with_a_note(trial_on: TrialOn, tmp_path: Path) -> None:
    subject = trial_on(faulty("foreign_once", str(tmp_path / "happened")))
    subject.ready()
    with pytest.raises(Nonconformity) as raised:
        subject.hold(two_pings(5))
    found = raised.value.finding
    assert not found.breach.timed
    again = subject.confirmed(found)
    assert (again.script, again.breach, again.transcript) == (found.script, found.breach, found.transcript)
    assert again.note.startswith("seen once; ")


def test_what_failed_fails_again_from_memory(trial_on: TrialOn, tmp_path: Path, told: list[s.Script | str]) -> None:
    subject = trial_on(faulty("foreign_once", str(tmp_path / "happened")))
    subject.ready()
    for _ in range(3):
        with pytest.raises(Nonconformity):
            subject.hold(two_pings(5))
    assert told.count(two_pings(5)) == subject.cases == 1


def test_what_passed_passes_again_from_memory(trial_on: TrialOn, told: list[s.Script | str]) -> None:
    """Hypothesis may ask again for a case that passed, and calls a clause unreliable that then answers otherwise."""
    subject = trial_on(faulty("honest"))
    subject.ready()
    for _ in range(3):
        subject.hold(two_pings(5))
    assert told.count(two_pings(5)) == 1


@pytest.mark.parametrize(
    "next_thing", [lambda subject: subject.hold(two_pings(4)), Trial.serves_afterwards], ids=["case", "end"]
)
def test_a_death_after_the_last_answer_is_told(trial_on: TrialOn, next_thing: Callable[[Trial], None]) -> None:
    """Not even when a fresh copy already stands ready for the next case."""
    subject = trial_on(faulty("mortal"))

    def one_case_and_the_next_thing() -> None:
        subject.ready()
        subject.hold(two_pings(3))
        assert subject.bench.server.epitaph(within_s=10) is not None
        next_thing(subject)

    with pytest.raises(Nonconformity) as raised:
        one_case_and_the_next_thing()
    assert raised.value.finding.script == two_pings(3)
    assert f"exited with status {STATUS}" in raised.value.finding.breach.actual


def test_shortening_ends_with_its_budget(trial_on: TrialOn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SHRINKING_S", 0.0)
    played: list[tuple[int, bool]] = []

    def noted(subject: Trial, size: int) -> None:
        before = subject.cases
        try:
            subject.hold(two_pings(size))
        except Nonconformity:
            played.append((size, subject.cases > before))
            raise
        assert subject.cases == before + (not played)  # after the first failure nothing is played

    found = found_by(trial_on(faulty("too_long")), noted)
    assert [size for size, _ in played] == [played[0][0]] * len(played)
    assert [fresh for _, fresh in played] == [True] + [False] * (len(played) - 1)
    assert found.script == two_pings(played[0][0])


@pytest.mark.usefixtures("short_patience")
def test_a_server_found_silent_is_waited_for_less(trial_on: TrialOn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "TIMES_SLOWEST", 0)  # on a busy machine the pace would keep it at its most
    subject = trial_on(faulty("lost"))
    subject.ready()
    with pytest.raises(Nonconformity) as raised:
        subject.hold(two_pings(5))
    before_s = subject.bench.patience.full_s
    patience.LEAST_S = 0.1  # the fixture puts it back
    assert subject.confirmed(raised.value.finding).breach.timed
    assert subject.bench.patience.full_s < before_s


@pytest.mark.usefixtures("short_patience")
def test_a_server_that_misses_what_it_need_not_do_is_waited_for_as_before(trial_on: TrialOn) -> None:
    subject = trial_on(faulty("lost"))
    subject.ready()
    subject.binds = False
    with pytest.raises(Nonconformity) as raised:
        subject.hold(two_pings(5))
    before_s = subject.bench.patience.full_s
    patience.LEAST_S = 0.1  # the fixture puts it back
    assert subject.confirmed(raised.value.finding).breach.timed
    assert subject.bench.patience.full_s == before_s


def test_on_a_slow_server_no_more_is_played_than_there_is_time_for(trial_on: TrialOn) -> None:
    subject = trial_on(faulty("honest"))
    subject.ready()
    subject.enough_at = 0.0

    @drawn
    @given(size=st.integers(1, 1000))
    def clause(size: int) -> None:
        subject.hold(two_pings(size))

    clause()
    assert subject.cases == 1


def test_after_two_cases_that_took_too_long_no_others_are_waited_for(
    trial_on: TrialOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = trial_on(faulty("lost"))
    subject.ready()
    monkeypatch.setattr(patience, "LONGEST_CASE_S", 0.0)
    for nothing_is_told in (False, True):
        transcript = subject.bench.play(two_pings(3), subject._answers, 10.0)
        assert transcript.stop is not None
        assert transcript.stop.trouble is Trouble.TOO_LONG
        assert (subject.bench.too_slow is not None) == nothing_is_told


def test_a_server_that_cannot_start_is_tried_once(trial_on: TrialOn, told: list[s.Script | str]) -> None:
    subject = trial_on(Target("none", (), command=("./no-such-server", "{port}")))
    traces = []
    for _ in range(4):
        with pytest.raises(CannotStart) as raised:
            subject.ready()
        traces.append(len(raised.traceback))
    assert told == ["start"]
    assert len(set(traces[1:])) == 1, "whoever meets it later is shown no more than who met it first"


def test_a_situation_that_could_not_be_made_is_no_fault_of_the_suite(
    trial_on: TrialOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as it is, although Hypothesis tries the case again and then it goes well."""
    subject = trial_on(faulty("honest"))
    subject.ready()
    play = bench.Bench.play
    troubles = iter([Trouble.UNCERTAIN])

    def uncertain_once(self: Bench, script: s.Script, answers: Callable[[], Answers], silence_s: float) -> Transcript:
        transcript = play(self, script, answers, silence_s)
        for trouble in troubles:
            transcript.stop = Stop(0, script.steps[0], trouble, "it did not arrive")
            break
        return transcript

    monkeypatch.setattr(bench.Bench, "play", uncertain_once)

    @drawn
    @given(size=st.integers(1, 1000))
    def clause(size: int) -> None:
        subject.hold(two_pings(size))

    with pytest.raises(Inconclusive, match="connect 1: it did not arrive"):
        clause()
