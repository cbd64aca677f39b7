"""What a run shows on a terminal: how far it is, then what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from conformance.report.failure_text import failure_text
from conformance.report.outcome import GRAVITY, ClauseResult, Outcome, Run, TargetResult, Verdict

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


class Progressing:
    """A line that says how far a run is; nothing at all where the output is no terminal."""

    def __init__(self, console: Console) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("starting", total=None)
        self._failed = 0

    def start(self) -> None:
        """Show it."""
        self._progress.start()

    def expect(self, clauses: int) -> None:
        """Say how many clauses there will be."""
        self._progress.update(self._task, total=clauses)

    def done(self, target: str, result: ClauseResult) -> None:
        """Count one more."""
        self._failed += result.outcome is Outcome.FAIL
        failed = f", {self._failed} failed" if self._failed else ""
        self._progress.update(self._task, advance=1, description=f"{result.id} [{target}]{failed}".replace("[", r"\["))

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
    for remark in run.remarks:
        console.print(Text(remark, "bold yellow"))
    if run.interrupted:
        return
    for target in targets:
        console.print(_verdict(target))
    seed = "several seeds" if run.seed is None else f"seed {run.seed}"
    console.print(Text(f"{run.examples:,} cases in {run.seconds:.1f} s, profile {run.profile}, {seed}", "dim"))


def _show_clause(clause_id: str, targets: list[TargetResult], console: Console) -> None:
    found = [(target.name, c) for target in targets for c in target.clauses if c.id == clause_id]
    gravest = min((clause.outcome for _, clause in found), key=GRAVITY.index)
    mark, plain_mark, style = MARKS[gravest]
    if not console.encoding.lower().startswith("utf"):
        mark = plain_mark
    first = found[0][1]
    line = Text.assemble("  ", (mark, style), f" {first.level:<6} {clause_id:<{ID_WIDTH}} ")
    line.append(_one(first) if len(targets) == 1 else _many(found), style if gravest is not Outcome.PASS else "dim")
    console.print(line)


def _one(result: ClauseResult) -> str:
    return f"{result.examples:>5} cases {result.seconds:>7.2f} s" if result.outcome is Outcome.PASS else result.outcome


def _many(found: Iterable[tuple[str, ClauseResult]]) -> str:
    by_outcome: dict[Outcome, list[str]] = {}
    for target, result in found:
        by_outcome.setdefault(result.outcome, []).append(target)
    parts = []
    for outcome in sorted(by_outcome, key=GRAVITY.index, reverse=True):
        names = by_outcome[outcome]
        parts.append(f"{len(names)} {outcome}" + (f" ({', '.join(names)})" if outcome is not Outcome.PASS else ""))
    return "; ".join(parts)


def _show_failures(target: TargetResult, console: Console, *, several: bool) -> None:
    """Failures in full; other reasons once, however many clauses they stopped."""
    for result in target.clauses:
        if result.outcome is Outcome.FAIL:
            console.print()
            console.print(Text((f"{target.name}: " if several else "") + failure_text(result)))
    untold = [result for result in target.clauses if result.outcome not in {Outcome.PASS, Outcome.FAIL}]
    reasons = Counter((result.outcome, result.message) for result in untold)
    for (outcome, message), times in reasons.items():
        console.print()
        console.print(Text(f"{target.name}: {outcome}, {times} {'clause' if times == 1 else 'clauses'}: {message}"))


def _verdict(target: TargetResult) -> Text:
    counts = [f"{number} {outcome}" for outcome in reversed(GRAVITY) if (number := target.count(outcome))]
    verdict = target.verdict
    return Text.assemble(f"{target.name}: ", (str(verdict), VERDICT_STYLES[verdict]), f" ({', '.join(counts)})")
