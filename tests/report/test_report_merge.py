"""Runs that are joined."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from faces_runs import clause, noted

from conformance.report.merge import Unmergeable, merge
from conformance.report.outcome import MOST_SHARDS, ClauseResult, ExitCode, Outcome, Run, Shard

NAMES = [f"close.n{number}" for number in range(8)]


def run_of(*clauses: ClauseResult, target: str = "epoll", seed: int = 5, expected: int | None = None) -> Run:
    run = Run("0.1.0", "received", seed, expected=len(clauses) if expected is None else expected, seconds=1.0)
    for each in clauses:
        run.add(target, each)
    return run


def shard(group: int, splits: int = 4) -> Run:
    run = run_of(*(clause(name) for name in NAMES[group - 1 :: splits]))
    run.shards = [Shard("whole", splits, group)]
    return run


def test_shards_are_the_run_that_was_split() -> None:
    whole, remarks = merge([shard(group) for group in (3, 1, 4, 2)])
    assert remarks == []
    assert [result.id for result in whole.targets["epoll"].clauses] == NAMES
    assert (whole.expected, whole.missing, whole.seed, whole.seconds, whole.examples) == (8, 0, 5, 4.0, 56)
    assert whole.exit_code() == ExitCode.CONFORMANT


def test_a_shard_that_lacks_is_told_and_nothing_is_concluded() -> None:
    whole, _ = merge([shard(1), shard(4)])
    assert whole.lacking == ["shard 2 of 4", "shard 3 of 4"]
    assert whole.exit_code() == ExitCode.INCONCLUSIVE
    assert merge([whole, shard(2), shard(3)])[0].lacking == []


def test_what_could_not_be_read_again_is_not_joined() -> None:
    many = run_of(clause("close.eof"))
    many.shards = [Shard(str(number), 2, 1) for number in range(MOST_SHARDS)]
    merge([many])
    with pytest.raises(Unmergeable, match="these runs are 1,001 shards together, and at most 1,000 can be joined"):
        merge([many, shard(1)])


def test_a_lone_shard_has_its_own_verdict() -> None:
    assert shard(2).exit_code() == ExitCode.CONFORMANT


def test_runs_of_different_targets() -> None:
    whole, remarks = merge([run_of(clause("close.eof")), run_of(clause("close.eof"), target="poll", seed=6)])
    assert remarks == []
    assert list(whole.targets) == ["epoll", "poll"]
    assert (whole.expected, whole.seed) == (2, None)


def test_of_two_results_the_graver_is_kept_and_told() -> None:
    passed, failed = clause("close.eof"), clause("close.eof", Outcome.FAIL)
    for runs in ([run_of(passed), run_of(failed)], [run_of(failed), run_of(passed)]):
        whole, remarks = merge(runs)
        assert whole.targets["epoll"].clauses == [failed]
        assert remarks == ["close.eof came 2 times on epoll: fail is kept, the gravest; also pass"]
        assert whole.expected == 1


def test_of_equal_results_the_one_with_the_most_cases_is_kept() -> None:
    few, many = clause("close.eof", examples=1), clause("close.eof", examples=9)
    whole, remarks = merge([run_of(few), run_of(many)])
    assert whole.targets["epoll"].clauses == [many]
    assert whole.examples == 9
    assert remarks == ["close.eof came 2 times on epoll: pass is kept"]


def test_what_one_lacked_the_whole_lacks() -> None:
    whole, _ = merge([run_of(clause("close.eof"), expected=3), run_of(clause("close.eof"), target="poll")])
    assert (whole.expected, whole.missing) == (4, 2)
    assert whole.exit_code() == ExitCode.INCONCLUSIVE


def test_an_interrupted_part_leaves_no_verdict() -> None:
    part = run_of(clause("close.eof"), expected=3)
    part.interrupted = True
    assert merge([part, run_of(clause("close.eof"), target="poll")])[0].exit_code() == ExitCode.INTERRUPTED


def other_profile(run: Run) -> None:
    run.profile = "echo"


def other_version(run: Run) -> None:
    run.version = "0.2.0"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other_profile, "these runs are not of one profile: received, echo"),
        (other_version, "these runs are not of one version: 0.1.0, 0.2.0"),
    ],
)
def test_what_contradicts_is_refused(change: Callable[[Run], None], said: str) -> None:
    other = run_of(clause("close.eof"), target="poll")
    change(other)
    with pytest.raises(Unmergeable, match=said):
        merge([run_of(clause("close.eof")), other])


def test_what_is_said_beside_the_outcomes_stays() -> None:
    tried = run_of(clause("reply.prompt"), target=next(iter(noted().left_out)))
    whole, _ = merge([noted(), tried])
    assert whole.left_out == {}
    assert whole.stale == noted().stale
    assert (whole.targets["mine"].hint, whole.targets["mine"].profile) == ("hint: the library <closes> it", "echo")
    assert [result.known for result in whole.targets["mine"].clauses] == ["the library <closes> it", None]
    assert whole.exit_code() == ExitCode.NONCONFORMANT


def test_a_target_has_one_profile() -> None:
    other = run_of(clause("reply.prompt"), target="mine")
    with pytest.raises(Unmergeable, match="mine was not judged by one profile: echo, received"):
        merge([noted(), other])
