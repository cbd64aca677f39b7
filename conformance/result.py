"""What came of a clause's test, in the words of the outcome model."""

from __future__ import annotations

import itertools
import shlex
import traceback
from collections.abc import Iterable
from pathlib import PurePath
from typing import cast

from conformance.clauses import Clause
from conformance.harness.as_data import case_to_data, timeline_to_data
from conformance.harness.child import CannotStart
from conformance.harness.law import SILENT, Breach
from conformance.harness.search import Finding, Inconclusive, Nonconformity, Search
from conformance.harness.target import Target
from conformance.harness.text import plain
from conformance.harness.transcript import Transcript, Trouble
from conformance.report.failure import Difference, Failure, Moment
from conformance.report.outcome import ClauseResult, Outcome

BEFORE_BYTES = 32
# How the harness's words for it begin.
STOPPED = "the server is stopped"


class NotApplicable(Exception):
    """The clause is not about a server of this kind; the reason says what it is about."""


class Unobserved(Exception):
    """There are no means in this run to see whether the clause holds; the reason names them."""


_OUTCOMES: dict[type[BaseException], Outcome] = {
    Inconclusive: Outcome.INCONCLUSIVE,
    NotApplicable: Outcome.NOT_APPLICABLE,
    Unobserved: Outcome.UNOBSERVED,
    CannotStart: Outcome.ERROR,
}
KNOWN: tuple[type[BaseException], ...] = (Nonconformity, *_OUTCOMES)


def result_of(
    clause: Clause, search: Search | None, error: BaseException | None, seconds: float, again: Iterable[str]
) -> ClauseResult:
    """The result of a clause: `error` is what ended its test, `again` the words of the command that tries it again."""
    failure: Failure | None = None
    message: str | None = None
    if error is None:
        outcome = Outcome.PASS
    elif isinstance(error, Nonconformity):
        outcome, failure = Outcome.FAIL, _failure(error.finding, search, again)
        message = f"expected {failure.expected}; got {failure.actual}"
    elif type(error) in _OUTCOMES:
        outcome, message = _OUTCOMES[type(error)], str(error)
    else:
        outcome, message = Outcome.ERROR, f"a fault of the suite itself: {_told(error)}"
    first = search.first_failure if search is not None and outcome is Outcome.FAIL else None
    return ClauseResult(
        id=clause.id,
        level=clause.level.value,
        outcome=outcome,
        examples=search.cases if search is not None else 0,
        seconds=seconds,
        requirement=clause.requirement,
        message=message,
        failure=failure,
        misconfigured=isinstance(error, CannotStart),
        first_failure_examples=first[0] if first else None,
        first_failure_seconds=first[1] if first else None,
    )


def again(target: Target, clause: Clause, examples: int, seed: int | None, case: str | None = None) -> list[str]:
    """The command that tries a clause again, with the cases of that seed or with the one case of a file."""
    if case is not None:
        return ["echo-conformance", "replay", case, *target.options]
    words = ["echo-conformance", "run", *target.options, "-k", clause.id, "--examples", str(examples)]
    return words if seed is None else [*words, "--seed", str(seed)]


def _failure(finding: Finding, search: Search | None, again: Iterable[str]) -> Failure:
    breach, transcript = finding.breach, finding.transcript
    stop = transcript.stop
    return Failure(
        expected=breach.expected,
        actual=breach.actual,
        ended=breach.ended,
        server=transcript.epitaph or (search.state() if search is not None else ""),
        case=_case(finding),
        note=finding.note,
        again=shlex.join(again),
        steps=case_to_data(search.whole_case(finding) if search is not None else finding.script),
        stopped_at=_stopped_at(finding),
        trouble=stop.trouble.value if stop is not None else None,
        difference=_difference(transcript),
        timeline=cast("list[Moment]", timeline_to_data(transcript)),
        output=transcript.last_words,
        outage=_outage(breach, transcript),
    )


def _outage(breach: Breach, transcript: Transcript) -> str:
    """How the server died, or that it fell silent: in the law's words, without a duration or its last words."""
    if transcript.epitaph is not None:
        return f"the server {transcript.epitaph}".partition(";")[0].partition(", without a word")[0]
    if breach.actual.startswith(STOPPED):
        return breach.actual.partition(";")[0]
    silent = transcript.stop is not None and transcript.stop.trouble is Trouble.SILENCE
    return SILENT if silent else ""


def _stopped_at(finding: Finding) -> int | None:
    stop = finding.transcript.stop
    if stop is None:
        return None
    return stop.index if finding.transcript.script == finding.script else len(finding.script) + stop.index


def _difference(transcript: Transcript) -> Difference | None:
    """Where the first answer that is wrong departs from what was due."""
    for client in transcript.clients.values():
        fault = client.fault
        if fault is not None and client.promised:
            before = client.received[max(0, fault.answer_offset - BEFORE_BYTES) : fault.answer_offset]
            return Difference(
                client=client.number,
                offset=fault.answer_offset,
                before=plain(before),
                expected=plain(fault.expected),
                actual=plain(fault.actual),
            )
    return None


def _case(finding: Finding) -> str:
    """The steps, a line each, up to the one that could not be done: what would come after it decides nothing."""
    lines = str(finding.script).split("\n")
    stop = finding.transcript.stop
    if stop is not None and finding.transcript.script == finding.script:
        return _folded(lines[: stop.index + 1]) + "    <- here"
    return _folded(lines)


def _folded(lines: Iterable[str]) -> str:
    """Lines with a run of the same one told once."""
    runs = ((line, len(list(run))) for line, run in itertools.groupby(lines))
    return "\n".join(line if times == 1 else f"{line}    ({times} times)" for line, times in runs)


def _told(error: BaseException) -> str:
    """An exception in a line, with where it was raised; for a group, each of what it holds."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(map(_told, error.exceptions))
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
