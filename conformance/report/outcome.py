"""The one model of what a run found. Every report is drawn from it; as plain data it crosses process borders."""

from __future__ import annotations

import enum
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from conformance.report.failure import Difference, Failure
from conformance.report.reached import Means

SUITE = "echo-conformance"
LEVELS = ("MUST", "SHOULD", "MAY")
MOST_SHARDS = 1000
NAMED_SHARDS = 10


class Outcome(enum.StrEnum):
    """What became of one clause on one target."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"
    UNOBSERVED = "unobserved"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


# From the gravest on: of several outcomes of one clause, the first of these is told.
GRAVITY = [Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE, Outcome.UNOBSERVED, Outcome.NOT_APPLICABLE, Outcome.PASS]


class Verdict(enum.StrEnum):
    """What is said of a target."""

    CONFORMANT = "conformant"
    STRICT = "strict"
    NONCONFORMANT = "nonconformant"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """One clause on one target. `message` is the reason of every outcome but a pass.

    `known` is why its failure is one of the known ones, and so breaks no verdict. Raises ValueError where there is no
    such level, on which every verdict rests, and where something else than a failure is known.
    """

    id: str
    level: str
    outcome: Outcome
    examples: int
    seconds: float
    requirement: str
    message: str | None = None
    failure: Failure | None = None
    misconfigured: bool = False
    first_failure_examples: int | None = None
    first_failure_seconds: float | None = None
    known: str | None = None

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            msg = f"there is no level {self.level!r}"
            raise ValueError(msg)
        if self.known is not None and self.outcome is not Outcome.FAIL:
            msg = f"a known failure is a failure, and no {self.outcome}"
            raise ValueError(msg)

    @property
    def chapter(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]


@dataclass(slots=True)
class TargetResult:
    """All clauses of one target, and the profile that it was judged by. `hint` is what its user may have meant.

    `means` are there where it was judged just now, and not in what is read of an earlier run.
    """

    name: str
    profile: str = ""
    hint: str | None = None
    clauses: list[ClauseResult] = field(default_factory=list)
    means: Means | None = None

    @property
    def seconds(self) -> float:
        """The time spent on it, all workers together."""
        return sum(clause.seconds for clause in self.clauses)

    def count(self, outcome: Outcome) -> int:
        """How many clauses came out so."""
        return sum(clause.outcome is outcome for clause in self.clauses)

    def broken(self, level: str) -> list[ClauseResult]:
        """The clauses of a level that failed, the known failures apart."""
        return [c for c in self.clauses if c.level == level and c.outcome is Outcome.FAIL and c.known is None]

    @property
    def known(self) -> list[ClauseResult]:
        """The known failures."""
        return [clause for clause in self.clauses if clause.known is not None]

    @property
    def verdict(self) -> Verdict:
        """What is to be said of it if these are all of its clauses; `Run.verdicts` knows whether they are.

        All MUST hold: conformant. Every SHOULD was seen to hold as well, and there was one: strict.

        Known failures break neither, but what has one is not strict. A clause that failed was observed as well as one
        that holds: where nothing was, there is no verdict.
        """
        if self.broken("MUST"):
            return Verdict.NONCONFORMANT
        outcomes = Counter(clause.outcome for clause in self.clauses)
        observed = outcomes[Outcome.PASS] or outcomes[Outcome.FAIL]
        if outcomes[Outcome.INCONCLUSIVE] or outcomes[Outcome.ERROR] or not observed:
            return Verdict.INCONCLUSIVE
        should = [c.outcome for c in self.clauses if c.level == "SHOULD" and c.outcome is not Outcome.NOT_APPLICABLE]
        return Verdict.STRICT if should and set(should) == {Outcome.PASS} and not self.known else Verdict.CONFORMANT


class ExitCode(enum.IntEnum):
    """What `echo-conformance run` ends with."""

    CONFORMANT = 0
    NONCONFORMANT = 1
    USAGE = 2
    INCONCLUSIVE = 3
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """A part of a run, number `group` of `splits`. `whole` is the same for all parts of one run, and for no others.

    Raises ValueError where there is no such part.
    """

    whole: str
    splits: int
    group: int

    def __post_init__(self) -> None:
        if not 1 <= self.group <= self.splits <= MOST_SHARDS:
            msg = f"there is no shard {self.group} of {self.splits}"
            raise ValueError(msg)


@dataclass(slots=True)
class Run:
    """A whole run, or a shard of one, or several `joined`. `seed` is None where those that were joined had several.

    `profile` is that of the targets that have none of their own. `left_out` are the targets that were meant and could
    not be tried here, each with the reason; `stale` are the known failures that are none any more, a line each, and
    `maybe_stale` those of which that is so unless a shard that is not here says otherwise.
    """

    version: str
    profile: str
    seed: int | None
    expected: int = 0
    interrupted: bool = False
    joined: bool = False
    shards: list[Shard] = field(default_factory=list)
    seconds: float = 0.0
    targets: dict[str, TargetResult] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)
    maybe_stale: list[str] = field(default_factory=list)

    def add(self, target: str, result: ClauseResult, *, means: Means | None = None, hint: str | None = None) -> None:
        """Take in what became of a clause, on a target that is reached by these means."""
        profile = means.profile if means is not None else self.profile
        of_target = self.targets.setdefault(target, TargetResult(target, profile, means=means))
        of_target.clauses.append(result)
        of_target.hint = of_target.hint or hint

    def arrange(self, names: Sequence[str]) -> None:
        """Put the targets in the order in which they were asked for: workers finish as they do."""
        order = {name: place for place, name in enumerate(names)}
        self.targets = dict(sorted(self.targets.items(), key=lambda item: order.get(item[0], len(order))))

    @property
    def profiles(self) -> list[str]:
        """The profiles that targets were judged by, each once."""
        return list(dict.fromkeys(target.profile for target in self.targets.values())) or [self.profile]

    @property
    def examples(self) -> int:
        """How many cases were played."""
        return sum(clause.examples for target in self.targets.values() for clause in target.clauses)

    @property
    def missing(self) -> int:
        """How many of the expected results never came."""
        return max(0, self.expected - sum(len(target.clauses) for target in self.targets.values()))

    @property
    def lacking(self) -> list[str]:
        """The shards that a joined run lacks, in words: what they would have found is not known. Of many, the first."""
        there: dict[tuple[str, int], set[int]] = {}
        for shard in self.shards if self.joined else []:
            there.setdefault((shard.whole, shard.splits), set()).add(shard.group)
        absent = (
            f"shard {group} of {splits}"
            for (_, splits), groups in there.items()
            for group in range(1, splits + 1)
            if group not in groups
        )
        more = sum(splits - len(groups) for (_, splits), groups in there.items()) - NAMED_SHARDS
        named = list(itertools.islice(absent, NAMED_SHARDS))
        return [*named, f"{more:,} more shard{'s' if more > 1 else ''}"] if more > 0 else named

    @property
    def remarks(self) -> list[str]:
        """What keeps the run from being whole, a line each."""
        if self.interrupted:
            return [f"interrupted after {self.expected - self.missing} of {self.expected} clauses: no verdict"]
        lines = [f"{self.missing} of {self.expected} clauses came to no result"] if self.missing else []
        return lines + ([f"not in this report: {', '.join(self.lacking)}"] if self.lacking else [])

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """What is said of each target, by its name. Nothing good of a run that is not whole: nobody knows the rest."""
        verdicts = {target.name: target.verdict for target in self.targets.values()}
        if self.remarks:
            return {
                name: verdict if verdict is Verdict.NONCONFORMANT else Verdict.INCONCLUSIVE
                for name, verdict in verdicts.items()
            }
        return verdicts

    def exit_code(self, *, strict: bool = False) -> ExitCode:
        """The verdict as a process's status. A run in which nothing ran is never 0."""
        targets, verdicts = list(self.targets.values()), set(self.verdicts.values())
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if any(clause.misconfigured for target in targets for clause in target.clauses):
            return ExitCode.USAGE
        if self.stale or Verdict.NONCONFORMANT in verdicts or (strict and any(t.broken("SHOULD") for t in targets)):
            return ExitCode.NONCONFORMANT
        if not targets or Verdict.INCONCLUSIVE in verdicts:
            return ExitCode.INCONCLUSIVE
        return ExitCode.CONFORMANT


def clause_to_data(result: ClauseResult) -> dict[str, Any]:
    """A result as nothing but dicts, strings and numbers."""
    return asdict(result) | {"outcome": result.outcome.value, "level": result.level}


def clause_from_data(data: dict[str, Any]) -> ClauseResult:
    """The reverse of `clause_to_data`."""
    failure = _failure_from_data(data["failure"]) if data["failure"] else None
    return ClauseResult(**data | {"outcome": Outcome(data["outcome"]), "failure": failure})


def _failure_from_data(data: dict[str, Any]) -> Failure:
    difference = Difference(**data["difference"]) if data["difference"] else None
    return Failure(**data | {"difference": difference})
