"""Markdown for a pull request or the summary of a job: verdicts, what is no pass, and each failure folded."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from conformance.report.failure_text import failure_text
from conformance.report.outcome import SUITE, ClauseResult, Outcome, Run, TargetResult, Verdict
from conformance.report.verdict_words import but_for, counts, word

# What a summary of a job may hold on GitHub; over that, all of it is thrown away.
MOST_BYTES = 1024 * 1024
RESERVED_BYTES = 256  # for the note on what was left out
# What means something in a line of GitHub's Markdown, or would become a link, a formula or a picture after it.
MEANINGFUL = re.compile(r"[\\`*_{}\[\]<>&|~!$:#\"'^=]")
# What becomes a mention or a link by standing beside what follows; this keeps the two apart.
DRAWN_TO_NEXT = re.compile(r"@|\bwww(?=\.)", re.IGNORECASE)
APART = "&#8203;"
MARKS = {
    Outcome.PASS: "✅",
    Outcome.FAIL: "❌",
    Outcome.ERROR: "💥",
    Outcome.INCONCLUSIVE: "❔",
    Outcome.UNOBSERVED: "⚪",
    Outcome.NOT_APPLICABLE: "⚪",
}
KNOWN_MARK = "🟡"
VERDICT_MARKS = {
    Verdict.CONFORMANT: "✅",
    Verdict.STRICT: "✅",
    Verdict.NONCONFORMANT: "❌",
    Verdict.INCONCLUSIVE: "❔",
}


def write_markdown(run: Run, path: Path) -> None:
    """Add the run to a file, whose end is where the summary of a job is written. Raises OSError where it cannot."""
    with path.open("ab") as file:
        there = file.tell()
        text = to_markdown(run, MOST_BYTES - there - 1)
        file.write((("\n" if there and text else "") + text).encode())


def to_markdown(run: Run, most_bytes: int = MOST_BYTES) -> str:
    """The run as Markdown of at most so many bytes; what did not fit is counted at the end."""
    if most_bytes < RESERVED_BYTES:
        return ""
    left = most_bytes - RESERVED_BYTES
    parts: list[str] = []
    left_out = 0
    for part in _parts(run):
        size_bytes = len(part.encode())
        if size_bytes > left:
            left_out += 1
        else:
            parts.append(part)
            left -= size_bytes
    if left_out:
        parts.append(f"\n**Left out: {left_out} parts of this report.** A summary may hold 1 MB.\n")
    return "".join(parts)


def _parts(run: Run) -> Iterator[str]:
    """The report in parts each of which can be left out, the gravest news first."""
    targets = list(run.targets.values())
    yield f"## {SUITE}\n\n"
    yield from (f"**{escaped(line)}**\n\n" for line in run.remarks + run.stale)
    yield from (f"- {_name(name)} was left out: {escaped(reason)}\n" for name, reason in run.left_out.items())
    if not run.interrupted:
        yield from (_verdict(run.targets[name], verdict) for name, verdict in run.verdicts.items())
    yield f"\n{_facts(run)}\n"
    yield _matrix([target for target in targets if target.count(Outcome.PASS) < len(target.clauses)])
    for target in targets:
        yield from _reasons(target)
    for target in targets:
        failed = (clause for clause in target.clauses if clause.outcome is Outcome.FAIL)
        yield from (_failure(target, clause) for clause in sorted(failed, key=lambda clause: clause.id))


def _facts(run: Run) -> str:
    seed = "several seeds" if run.seed is None else f"seed {run.seed}"
    cases = f"{run.examples:,} cases in {run.seconds:.1f} s"
    profiles = f"profile{'s' if len(run.profiles) > 1 else ''} {escaped(', '.join(run.profiles))}"
    return f"{cases}, {profiles}, {seed}, version {escaped(run.version)}"


def _verdict(target: TargetResult, verdict: Verdict) -> str:
    hint = f"  \n  hint: {escaped(target.hint)}" if target.hint is not None else ""
    told = f"**{verdict}**{but_for(target, verdict)} ({counts(target, verdict)})"
    return f"- {VERDICT_MARKS[verdict]} {_name(target.name)}: {told}{hint}\n"


def _matrix(targets: Sequence[TargetResult]) -> str:
    """The clauses and targets where something is no pass."""
    results = {target.name: {clause.id: clause for clause in target.clauses} for target in targets}
    levels = {
        clause.id: clause.level for target in targets for clause in target.clauses if clause.outcome is not Outcome.PASS
    }
    if not levels:
        return ""
    head = " | ".join(_name(target.name) for target in targets)
    lines = [f"| clause | level | {head} |", f"|---|---|{'---|' * len(targets)}"]
    for clause, level in sorted(levels.items()):
        cells = " | ".join(_cell(results[target.name].get(clause)) for target in targets)
        lines.append(f"| {_name(clause)} | {escaped(level)} | {cells} |")
    return "\n".join(["", *lines, ""])


def _cell(result: ClauseResult | None) -> str:
    if result is None:
        return ""
    return f"{KNOWN_MARK if result.known is not None else MARKS[result.outcome]} {word(result)}"


def _failure(target: TargetResult, clause: ClauseResult) -> str:
    """Folded. Without blank lines, `<pre>` could be ended by nothing but its own tag, and that is escaped."""
    title = f"{clause.id} ({clause.level}) does not hold on {target.name}"
    title += f", and is known: {clause.known}" if clause.known is not None else ""
    return (
        f"\n<details><summary>{_in_html(' '.join(title.split()))}</summary>\n\n"
        f"<pre>\n{_in_html(failure_text(clause))}\n</pre>\n\n</details>\n"
    )


def _reasons(target: TargetResult) -> Iterable[str]:
    """Each reason once, however many clauses it stopped."""
    untold = (clause for clause in target.clauses if clause.outcome not in {Outcome.PASS, Outcome.FAIL})
    for (outcome, message), times in Counter((clause.outcome, clause.message) for clause in untold).items():
        clauses = f"{times} {'clause' if times == 1 else 'clauses'}"
        yield f"\n- {_name(target.name)}: {outcome}, {clauses}: {escaped(str(message))}\n"


def escaped(text: str) -> str:
    """Text for a line of Markdown: whatever could be read as markup is a reference to its character."""
    plain = MEANINGFUL.sub(lambda found: f"&#{ord(found[0])};", _visible(" ".join(text.split())))
    return DRAWN_TO_NEXT.sub(lambda found: found[0] + APART, plain)


def _name(text: str) -> str:
    return f"<code>{escaped(text)}</code>"


def _in_html(text: str) -> str:
    return _visible(html.escape(text, quote=False))


def _visible(text: str) -> str:
    return "".join(c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
