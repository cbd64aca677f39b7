"""The steps that a failure carries are all that it takes to see it again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from conformance.clauses import MUST, Clause
from conformance.harness import script as s
from conformance.harness.as_data import case_from_data
from conformance.harness.law import Breach
from conformance.harness.search import Finding, Nonconformity
from conformance.harness.transcript import Stop, Transcript, Trouble
from conformance.harness.trial import Trial
from conformance.oracle import Profile, answers
from conformance.report.failure import Failure
from conformance.result import result_of

CASE = s.script(s.Connect(1), s.HalfClose(1), s.AwaitEnd(1))
CANARY = s.script(s.Connect(900), s.Ping(900, b"canary"))
CLAUSE = Clause("close.eof", MUST, "It ends.", (), ("received",), "")


def failure_of(played: s.Script, stopped_at: int, *, awaits_end: bool = True) -> Failure:
    transcript = Transcript(played, stop=Stop(stopped_at, played.steps[stopped_at], Trouble.UNANNOUNCED))
    finding = Finding(CASE, Breach("an end", "none", "not at all"), transcript)
    bench: Any = SimpleNamespace(awaits_end=awaits_end, server=SimpleNamespace(restartable=True), patience=None)
    failure = result_of(
        CLAUSE, Trial(bench, lambda: answers(Profile.RECEIVED)), Nonconformity(finding), 0.1, ["again"]
    ).failure
    assert failure is not None
    return failure


def test_a_case_that_shows_it_by_itself() -> None:
    failure = failure_of(CASE, 2)
    assert case_from_data(failure.steps) == CASE
    assert failure.stopped_at == 2


def test_a_new_connection_that_shows_what_a_case_left_behind() -> None:
    failure = failure_of(CANARY, 1)
    assert case_from_data(failure.steps) == s.script(CASE, CANARY)
    assert failure.stopped_at == len(CASE) + 1


def test_what_is_not_awaited_of_a_server_that_never_ends_a_connection() -> None:
    failure = failure_of(CASE, 2, awaits_end=False)
    assert case_from_data(failure.steps) == s.script(s.Connect(1), s.HalfClose(1), s.Await(1))
