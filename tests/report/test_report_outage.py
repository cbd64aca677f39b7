"""A failure says that the server fell silent whatever was waited for, so that no entry for another fault hides it."""

from __future__ import annotations

import pytest

from clients.peer import Ending
from conformance.clauses import MUST, Clause
from conformance.harness import script as s
from conformance.harness.law import SILENT, breach_of
from conformance.harness.search import Finding, Nonconformity
from conformance.harness.transcript import ClientRecord, Stop, Transcript, Trouble
from conformance.known_failures import Entry
from conformance.report.outcome import ClauseResult
from conformance.result import result_of

CLAUSE = Clause("limits.no-growth", MUST, "It does not grow.", (), ("received",), "")
RECORD = ClientRecord(
    number=1,
    sent_bytes=4,
    answered_bytes=0,
    received=b"",
    received_bytes=0,
    settled=False,
    half_closed=False,
    promised=True,
    ending=Ending.SILENCE,
    fault=None,
    events=[],
)


def result(step: s.Step, trouble: Trouble) -> ClauseResult:
    transcript = Transcript(s.script(s.Connect(1), step), clients={1: RECORD}, stop=Stop(1, step, trouble, "10 s"))
    breach = breach_of(transcript)
    assert breach is not None
    return result_of(CLAUSE, None, Nonconformity(Finding(transcript.script, breach, transcript)), 0.1, ["again"])


@pytest.mark.parametrize("step", [s.Await(1), s.Thaw(), s.AwaitLevelMemory(64, 10)])
def test_silence_is_hidden_only_by_its_name(step: s.Step) -> None:
    silent = result(step, Trouble.SILENCE)
    assert silent.failure is not None
    assert silent.failure.outage == SILENT
    assert not Entry(CLAUSE.id, "it grows").hides("mine", silent)
    assert not Entry(CLAUSE.id, "it grows", contains="memory").hides("mine", silent)
    assert Entry(CLAUSE.id, "it falls silent", contains=SILENT).hides("mine", silent)


def test_growth_is_no_silence() -> None:
    grown = result(s.AwaitLevelMemory(64, 10), Trouble.GROWN)
    assert Entry(CLAUSE.id, "it grows").hides("mine", grown)
