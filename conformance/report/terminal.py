"""What a run shows on a terminal: how far it is, then what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from conformance.report.failure_text import failure_text
from conformance.report.outcome import GRAVITY, ClauseResult, Outcome, Run, TargetResult, Verdict
from conformance.report.verdict_words import KNOWN, but_for, counts

# The mark, the same for an output that knows only ASCII, and the style.
MARKS = {
    Outcome.PASS: ("✓", "+", "green"),
    Outcome.FAIL: ("✗", "x", "bold red"),
    Outcome.NOT_APPLICABLE: ("-", "-", "dim"),
    Outcome.UNOBSERVED: ("?", "?", "yellow"),
    Outcome.INCONCLUSIVE: ("?", "?", "yellow"),
    Outcome.ERROR: ("!", "!", "bold magenta"),
}
VERDICT_STYLES = {
    Verdict.CONFORMANT: "bold green",
    Verdict.STRICT: "bold green",
    Verdict.NONCONFORMANT: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
}
ID_WIDTH = 36
BAR_WIDTH = 16
# Each drawing takes a moment from the suite itself, where it runs without workers.
DRAWN_PER_SECOND = 4
# Clauses differ much in what they take: the pace of them all tells more than that of the last few.
PACE_OVER_S = 3600.0


class Progressing:
    """A line that says how far a run is: clauses, time gone and left, cases, and what is being tried.

    Nothing at all where the output is no terminal. The cases are those of the clauses that are done.
    """

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            BarColumn(BAR_WIDTH),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
            refresh_per_second=DRAWN_PER_SECOND,
            speed_estimate_period=PACE_OVER_S,
        )
        self._task = self._progress.add_task("starting", total=None)
        self._failed = self._cases = 0

    def start(self) -> None:
        """Show it."""
        self._progress.start()

    def expect(self, clauses: int) -> None:
        """Say how many clauses there will be."""
        self._progress.update(self._task, total=clauses)

    def began(self, clause: str, target: str) -> None:
        """Say what is being tried."""
        self._progress.update(self._task, description=f"{self._so_far()} {clause} [{target}]")

    def done(self, target: str, result: ClauseResult) -> None:
        """Count one more."""
        self._failed += result.outcome is Outcome.FAIL and result.known is None
        self._cases += result.examples
        self._progress.update(self._task, advance=1, description=f"{self._so_far()} {result.id} [{target}]")

    def _so_far(self) -> str:
        return f"{self._cases:,} cases" + (f", {self._failed} failed" if self._failed else "")

    def stop(self) -> None:
        """Take it away."""
        self._progress.stop()


def show(run: Run, console: Console) -> None:
    """Every clause by chapter, every failure in full, every target's verdict."""
    targets = list(run.targets.values())
    results = sorted((c for target in targets for c in target.clauses), key=lambda clause: clause.id)
    for chapter in dict.fromkeys(result.chapter for result in results):
        console.print(Text(chapter, "bold"))
        for clause_id in dict.fromkeys(result.id for result in results if result.chapter == chapter):
            _show_clause(clause_id, targets, console)
    for target in targets:
        _show_failures(target, console, several=len(targets) > 1)
    console.print()
    for name, reason in run.left_out.items():
        console.print(Text(f"{name} was left out: {reason}", "yellow"))
    for remark in run.remarks:
        console.print(Text(remark, "bold yellow"))
    if run.interrupted:
        return
    verdicts = run.verdicts
    for target in targets:
        console.print(_verdict(target, verdicts[target.name]))
        if target.hint is not None:
            console.print(Text(f"  hint: {target.hint}", "bold yellow"))
    for line in run.stale:
        console.print(Text(line, "bold red"))
    profiles = f"profile{'s' if len(run.profiles) > 1 else ''} {', '.join(run.profiles)}"
    seed = "several seeds" if run.seed is None else f"seed {run.seed}"
    console.print(Text(f"{run.examples:,} cases in {run.seconds:.1f} s, {profiles}, {seed}", "dim"))


def _show_clause(clause_id: str, targets: list[TargetResult], console: Console) -> None:
    found = [(target.name, c) for target in targets for c in target.clauses if c.id == clause_id]
    gravest = min((clause.outcome for _, clause in found), key=GRAVITY.index)
    mark, plain_mark, style = MARKS[gravest]
    if gravest is Outcome.FAIL and all(c.known for _, c in found if c.outcome is Outcome.FAIL):
        style = "yellow"
    if not console.encoding.lower().startswith("utf"):
        mark = plain_mark
    first = found[0][1]
    line = Text.assemble("  ", (mark, style), f" {first.level:<6} {clause_id:<{ID_WIDTH}} ")
    line.append(_one(first) if len(targets) == 1 else _many(found), style if gravest is not Outcome.PASS else "dim")
    console.print(line)


def _one(result: ClauseResult) -> str:
    return f"{result.examples:>5} cases {result.seconds:>7.2f} s" if result.outcome is Outcome.PASS else _word(result)


def _word(result: ClauseResult) -> str:
    """The outcome, and whether it is known."""
    return f"{result.outcome} ({KNOWN})" if result.known is not None else str(result.outcome)


def _many(found: Iterable[tuple[str, ClauseResult]]) -> str:
    by_word: dict[str, list[str]] = {}
    for target, result in sorted(found, key=lambda one: GRAVITY.index(one[1].outcome), reverse=True):
        by_word.setdefault(_word(result), []).append(target)
    return "; ".join(
        f"{len(names)} {word}" + (f" ({', '.join(names)})" if word != Outcome.PASS else "")
        for word, names in by_word.items()
    )


def _show_failures(target: TargetResult, console: Console, *, several: bool) -> None:
    """Failures in full, known ones in a line; other reasons once, however many clauses they stopped."""
    for result in target.known:
        console.print()
        console.print(Text(f"{target.name}: {result.id} ({result.level}) does not hold, and is known: {result.known}"))
    for result in target.clauses:
        if result.outcome is Outcome.FAIL and result.known is None:
            console.print()
            console.print(Text((f"{target.name}: " if several else "") + failure_text(result)))
    untold = [result for result in target.clauses if result.outcome not in {Outcome.PASS, Outcome.FAIL}]
    reasons = Counter((result.outcome, result.message) for result in untold)
    for (outcome, message), times in reasons.items():
        console.print()
        told = str(message).replace("\n", "\n  ")  # none of its lines is to be taken for a verdict
        console.print(Text(f"{target.name}: {outcome}, {times} {'clause' if times == 1 else 'clauses'}: {told}"))


def _verdict(target: TargetResult, verdict: Verdict) -> Text:
    after = f"{but_for(target, verdict)} ({counts(target, verdict)})"
    return Text.assemble(f"{target.name}: ", (str(verdict), VERDICT_STYLES[verdict]), after)
