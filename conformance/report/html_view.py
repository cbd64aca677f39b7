"""What the HTML report shows, made ready for its templates: which failure is where, and what a cell says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path

from conformance.report.html_failure import FailureView
from conformance.report.outcome import ClauseResult, Outcome, Run, TargetResult, Verdict
from conformance.report.verdict_words import but_for, word

MARKS = {
    Outcome.PASS: "\u2713",
    Outcome.FAIL: "\u2717",
    Outcome.ERROR: "!",
    Outcome.INCONCLUSIVE: "?",
    Outcome.UNOBSERVED: "\u25cb",
    Outcome.NOT_APPLICABLE: "\u2013",
}
LEVELS = ("MUST", "SHOULD", "MAY")
FEW_TARGETS = 3  # that leave room in the matrix for words
BAR_WIDTH = 160
NO_REASON = "no reason was given"


@dataclass(frozen=True, slots=True)
class Cell:
    """A place in the matrix. `anchor` is where more is told of it, empty where there is no more."""

    outcome: Outcome | None
    word: str = ""
    title: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """A line of the matrix."""

    id: str
    level: str
    chapter: str
    requirement: str
    cells: list[Cell]

    @property
    def outcomes(self) -> str:
        """Which there are in it, each once."""
        return " ".join(sorted({cell.outcome for cell in self.cells if cell.outcome is not None}))


@dataclass(slots=True)
class Reason:
    """Why clauses came to no verdict, and which those are, by target."""

    anchor: str
    outcome: Outcome
    message: str
    clauses: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the bar that shows what became of a target's clauses."""

    outcome: Outcome
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class TargetView:
    """One target, and its failures."""

    anchor: str
    result: TargetResult
    verdict: Verdict
    failures: list[FailureView]

    @property
    def but_for(self) -> str:
        """What is said after its verdict."""
        return but_for(self.result, self.verdict)

    @property
    def counts(self) -> list[tuple[Outcome, int]]:
        """How many clauses came out how, in the order of the marks."""
        return [(outcome, number) for outcome in MARKS if (number := self.result.count(outcome))]

    @property
    def examples(self) -> int:
        """How many cases were played to it."""
        return sum(clause.examples for clause in self.result.clauses)

    def segments(self) -> Iterator[Segment]:
        """The bar."""
        x = 0.0
        for outcome, number in self.counts:
            width = BAR_WIDTH * number / len(self.result.clauses)
            yield Segment(outcome, round(x, 1), round(width, 1))
            x += width


class Page:
    """All of the report."""

    def __init__(self, run: Run, folder: Path) -> None:
        self._run = run
        self._results = {(name, clause.id): clause for name, target in run.targets.items() for clause in target.clauses}
        self.reasons: dict[tuple[Outcome, str], Reason] = {}
        self._gather_reasons()
        self._failure_of: dict[tuple[str, str], FailureView] = {}
        self.targets = [
            self._target(number, run.targets[name], verdict, folder)
            for number, (name, verdict) in enumerate(run.verdicts.items(), 1)
        ]

    def _target(self, number: int, target: TargetResult, verdict: Verdict, folder: Path) -> TargetView:
        failed = sorted((c for c in target.clauses if c.outcome is Outcome.FAIL), key=lambda clause: clause.id)
        views = []
        for clause in failed:
            view = FailureView(f"f{len(self._failure_of) + 1}", target.name, clause, folder)
            self._failure_of[target.name, clause.id] = view
            views.append(view)
        return TargetView(f"t{number}", target, verdict, views)

    def embed_scripts(self, room: int) -> bool:
        """Take up reproducers of so many characters together, those of broken MUSTs first; tells whether there are any.

        To the others there is a link.
        """
        for view in sorted(self.failures, key=lambda view: view.clause.level):
            view.script = view.script_within(room)
            room -= len(view.script or "")
        return any(view.script is not None for view in self.failures)

    def _gather_reasons(self) -> None:
        for (name, clause_id), clause in sorted(self._results.items()):
            if clause.outcome in {Outcome.PASS, Outcome.FAIL}:
                continue
            key = clause.outcome, clause.message or NO_REASON
            reason = self.reasons.setdefault(key, Reason(f"r{len(self.reasons) + 1}", *key))
            reason.clauses.setdefault(name, []).append(clause_id)

    @property
    def failures(self) -> list[FailureView]:
        """All of them, in the order of the page."""
        return list(self._failure_of.values())

    @property
    def verdicts(self) -> list[tuple[Verdict, int]]:
        """How many targets have which, the gravest first."""
        counts = Counter(target.verdict for target in self.targets)
        order = (Verdict.NONCONFORMANT, Verdict.INCONCLUSIVE, Verdict.CONFORMANT, Verdict.STRICT)
        return [(verdict, counts[verdict]) for verdict in order if counts[verdict]]

    @property
    def headline(self) -> str:
        """The verdict in a few words."""
        targets = self.targets
        if self._run.interrupted:
            return "interrupted: no verdict"
        if len(targets) == 1:
            return f"{targets[0].result.name} is {targets[0].verdict}{targets[0].but_for}"
        if not targets:
            return "nothing was judged"
        return f"{len(targets)} targets: " + ", ".join(f"{number} {verdict}" for verdict, number in self.verdicts)

    @cached_property
    def rows(self) -> list[ClauseRow]:
        """The matrix, in order of the clauses' ids."""
        first = {clause_id: clause for (_, clause_id), clause in sorted(self._results.items(), reverse=True)}
        names = list(self._run.targets)
        return [
            ClauseRow(
                clause.id, clause.level, clause.chapter, clause.requirement, [self._cell(n, clause.id) for n in names]
            )
            for clause in sorted(first.values(), key=lambda clause: clause.id)
        ]

    @property
    def chapters(self) -> list[tuple[str, list[ClauseRow]]]:
        """The same, chapter by chapter."""
        return [(chapter, list(rows)) for chapter, rows in groupby(self.rows, key=lambda row: row.chapter)]

    @property
    def levels(self) -> list[str]:
        """Those that there are."""
        found = {row.level for row in self.rows}
        return [level for level in LEVELS if level in found]

    @property
    def outcomes(self) -> list[tuple[Outcome, int]]:
        """Those that there are, and how often."""
        counts = Counter(clause.outcome for clause in self._results.values())
        return [(outcome, counts[outcome]) for outcome in MARKS if counts[outcome]]

    @property
    def wide(self) -> bool:
        """Whether there is room in the matrix for words."""
        return len(self.targets) <= FEW_TARGETS

    def _cell(self, name: str, clause_id: str) -> Cell:
        clause = self._results.get((name, clause_id))
        if clause is None:
            return Cell(None)
        return Cell(clause.outcome, word(clause), _effort(clause), self._anchor(name, clause))

    def _anchor(self, name: str, clause: ClauseResult) -> str:
        if clause.outcome is Outcome.PASS:
            return ""
        if clause.outcome is Outcome.FAIL:
            return self._failure_of[name, clause.id].anchor
        return self.reasons[clause.outcome, clause.message or NO_REASON].anchor


def _effort(clause: ClauseResult) -> str:
    return f"{clause.examples:,} {'case' if clause.examples == 1 else 'cases'}, {clause.seconds:.2f} s"
