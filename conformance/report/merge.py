"""Several runs as one: the shards of a run, or runs of different targets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from conformance.report.outcome import GRAVITY, MOST_SHARDS, ClauseResult, Outcome, Run, TargetResult

# As `conformance.known_failures` says it; without a target it is of all.
STALE = re.compile(r": (?P<clause>\S+)(?: on (?P<target>.+))? is said to fail, and passes: ")


class Unmergeable(ValueError):
    """The runs do not go together; the message says in what they contradict each other."""


def merge(runs: Sequence[Run]) -> tuple[Run, list[str]]:
    """The runs as one, and what there is to be said of it, a sentence each.

    A clause that several of them tried on the same target counts once: the gravest result is kept, and of equals the
    one with the most cases. What any of the runs still lacked, the whole lacks too. Raises `Unmergeable`.
    """
    first = runs[0]
    for name in ("version", "profile"):
        values = dict.fromkeys(str(getattr(run, name)) for run in runs)
        if len(values) > 1:
            msg = f"these runs are not of one {name}: {', '.join(values)}"
            raise Unmergeable(msg)
    shards = sorted({shard for run in runs for shard in run.shards})
    if len(shards) > MOST_SHARDS:
        msg = f"these runs are {len(shards):,} shards together, and at most {MOST_SHARDS:,} can be joined"
        raise Unmergeable(msg)
    seeds = {run.seed for run in runs}
    whole = Run(
        first.version,
        first.profile,
        first.seed if len(seeds) == 1 else None,
        interrupted=any(run.interrupted for run in runs),
        joined=True,
        shards=shards,
        seconds=sum(run.seconds for run in runs),
    )
    twice = _gather(whole, runs)
    found = sum(len(target.clauses) for target in whole.targets.values())
    left_out = {name: reason for run in runs for name, reason in run.left_out.items()}
    whole.left_out = {name: reason for name, reason in left_out.items() if name not in whole.targets}
    whole.expected = found + sum(run.missing for run in runs)
    whole.stale = _still_stale(whole, (line for run in runs for line in run.stale))
    maybe = _still_stale(whole, (line for run in runs for line in run.maybe_stale))
    if whole.remarks:
        whole.maybe_stale = maybe
    else:  # nobody is left to say otherwise
        whole.stale = list(dict.fromkeys(whole.stale + maybe))
    return whole, twice


def _still_stale(whole: Run, lines: Iterable[str]) -> list[str]:
    """The lines of those entries whose clause holds in all of the runs: of the others no single run would have had one.

    Each comes once. A line that names none stays.
    """
    not_held: set[tuple[str, str | None]] = set()
    for name, target in whole.targets.items():
        for clause in target.clauses:
            if clause.outcome is not Outcome.PASS:
                not_held |= {(clause.id, name), (clause.id, None)}
    entries = ((line, STALE.search(line)) for line in dict.fromkeys(lines))
    return [line for line, entry in entries if entry is None or (entry["clause"], entry["target"]) not in not_held]


def _gather(whole: Run, runs: Sequence[Run]) -> list[str]:
    """Put each run's results into the whole, by target and id; tells which came more than once."""
    results: dict[str, dict[str, list[ClauseResult]]] = {}
    for run in runs:
        for target in run.targets.values():
            so_far = whole.targets.setdefault(target.name, TargetResult(target.name, target.profile))
            if so_far.profile != target.profile:
                msg = f"{target.name} was not judged by one profile: {so_far.profile}, {target.profile}"
                raise Unmergeable(msg)
            so_far.hint = so_far.hint or target.hint
            by_id = results.setdefault(target.name, {})
            for clause in target.clauses:
                by_id.setdefault(clause.id, []).append(clause)
    twice = []
    for name, by_id in results.items():
        kept = {clause: min(several, key=_rank) for clause, several in sorted(by_id.items())}
        whole.targets[name].clauses = list(kept.values())
        twice += [_told(name, kept[clause], several) for clause, several in by_id.items() if len(several) > 1]
    return twice


def _rank(result: ClauseResult) -> tuple[int, bool, int]:
    return GRAVITY.index(result.outcome), result.known is not None, -result.examples


def _told(target: str, kept: ClauseResult, several: Sequence[ClauseResult]) -> str:
    others = [result.outcome for result in several if result is not kept]
    told = f"{kept.id} came {len(several)} times on {target}: {kept.outcome} is kept"
    return told if set(others) == {kept.outcome} else f"{told}, the gravest; also {', '.join(dict.fromkeys(others))}"
