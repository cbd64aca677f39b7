"""What is stale in one run, and is known to fail in another that is joined with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.known_failures import KnownFailures
from conformance.report.failure import Failure
from conformance.report.json_report import from_json, to_json
from conformance.report.merge import merge
from conformance.report.outcome import ClauseResult, ExitCode, Outcome, Run, Shard

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


def shard_of(group: int, outcome: Outcome, entries: KnownFailures) -> Run:
    run = run_of(f"t{group}", outcome, entries)
    run.shards = [Shard("whole", 3, group)]
    run.stale, run.maybe_stale = entries.stale(run), entries.maybe_stale(run)
    return run


def test_what_holds_in_all_shards_is_stale(tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text(f'[[known]]\nclause = "{CLAUSE}"\nreason = "so it is"\n')
    entries = KnownFailures(tmp_path / "known.toml")
    shards = [from_json(to_json(shard_of(group, Outcome.PASS, entries))) for group in (1, 2, 3)]
    assert [shard.exit_code() for shard in shards] == [ExitCode.CONFORMANT] * 3
    two, _ = merge(shards[:2])
    assert two.stale == []
    whole, _ = merge([two, shards[2]])
    assert (whole.stale, whole.maybe_stale, whole.exit_code()) == (two.maybe_stale, [], ExitCode.NONCONFORMANT)
    assert len(whole.stale) == 1
    failing, _ = merge([*shards[:2], shard_of(3, Outcome.FAIL, entries)])
    assert (failing.stale, failing.maybe_stale, failing.exit_code()) == ([], [], ExitCode.CONFORMANT)


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
