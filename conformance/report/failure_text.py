"""A result that is no pass, as text that can be read alone."""

from __future__ import annotations

import shlex
import textwrap

from conformance.report.failure import SHOWS, Failure
from conformance.report.outcome import ClauseResult, Outcome

WIDTH = 110
UNTRIED = "not tried"
MOST_STEPS = 24
OF_CLIENTS = "client"  # the chapter in which not a server is judged

_WHOSE_FAULT = {
    Outcome.INCONCLUSIVE: "inconclusive, and not held against the server",
    Outcome.ERROR: "error, and no verdict on the server",
}


def failure_text(result: ClauseResult) -> str:
    """Requirement, expected, actual, the connection's end, the shortest case, the command to run it again."""
    if result.failure is None:
        return f"{result.id}: {_WHOSE_FAULT.get(result.outcome, str(result.outcome))}: {result.message}"
    failure = result.failure
    parts = [
        f"{result.id} ({result.level}) does not hold",
        *_part("Requirement", " ".join(result.requirement.split())),
        *_part("Expected", failure.expected),
        *_part("Actual", failure.actual),
        *_part("Ended", failure.ended),
        *_part("Client" if result.chapter == OF_CLIENTS else "Server", failure.server),
        *(_part("Note", failure.note) if failure.note else []),
        "  Shortest case:",
        *(f"    {line}" for line in _steps(failure.case)),
        f"  Run again: {failure.again}",
        *_reproducer(failure),
        *_capture(failure),
    ]
    return "\n".join(parts)


def _reproducer(failure: Failure) -> list[str]:
    """How to show the fault without the suite, and whether that did show it."""
    if failure.reproducer is None:
        return []
    doubt = f"    ({failure.shows or UNTRIED})" if failure.shows != SHOWS else ""
    return [f"  Reproducer: python {shlex.quote(failure.reproducer)} {failure.reproduce or ''}".rstrip() + doubt]


def _capture(failure: Failure) -> list[str]:
    """Where its packets are, or why they are nowhere."""
    if failure.capture is None:
        return [f"  Capture:   none: {failure.capture_remark}"] if failure.capture_remark is not None else []
    remark = f"    ({failure.capture_remark})" if failure.capture_remark is not None else ""
    return [f"  Capture:   {failure.capture}{remark}"]


def _part(name: str, text: str) -> list[str]:
    label = f"  {name + ':':<12} "
    return textwrap.wrap(text, WIDTH, initial_indent=label, subsequent_indent=" " * len(label)) or [label]


def _steps(case: str) -> list[str]:
    lines = case.split("\n")
    if len(lines) <= MOST_STEPS:
        return lines
    half = MOST_STEPS // 2
    return [*lines[:half], f"... {len(lines) - 2 * half} more steps ...", *lines[-half:]]
