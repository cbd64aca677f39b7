"""What is stale in one run, and is known to fail in another that is joined with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.known_failures import KnownFailures
from conformance.report.failure import Failure
from conformance.report.merge import merge
from conformance.report.outcome import ClauseResult, ExitCode, Outcome, Run

if TYPE_CHECKING:
    from pathlib import Path

CLAUSE = "close.eof"


def result(outcome: Outcome) -> ClauseResult:
    failure = Failure("it", "not it", "", "", "", "", "") if outcome is Outcome.FAIL else None
    return ClauseResult(CLAUSE, "MUST", outcome, 1, 0.1, "", failure=failure)


def run_of(target: str, outcome: Outcome, entries: KnownFailures) -> Run:
    run = Run("0", "received", 1, expected=1)
    run.add(target, entries.marked(target, result(outcome)))
    run.stale = entries.stale(run)
    return run


@pytest.mark.parametrize("target", ["", '\ntarget = "t on: u"'])
def test_what_one_run_passes_and_another_fails_is_not_stale(tmp_path: Path, target: str) -> None:
    (tmp_path / "known.toml").write_text(f'[[known]]\nclause = "{CLAUSE}"\nreason = "so it is"{target}\n')
    entries = KnownFailures(tmp_path / "known.toml")
    passes, fails = (run_of("t on: u", outcome, entries) for outcome in (Outcome.PASS, Outcome.FAIL))
    (line,) = passes.stale
    for runs in ([passes, fails], [fails, passes]):
        whole, _ = merge(runs)
        assert (whole.stale, whole.exit_code()) == ([], ExitCode.CONFORMANT)
    elsewhere = run_of("v", Outcome.FAIL, entries)
    whole, _ = merge([passes, elsewhere])
    assert whole.stale == ([line] if target else [])
    whole, _ = merge([passes, run_of("w", Outcome.UNOBSERVED, entries)])
    assert whole.stale == ([line] if target else [])
    assert merge([passes, passes])[0].stale == [line]
