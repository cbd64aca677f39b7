"""A failure as the HTML report shows it: where the bytes part, the case, the picture, the reproducer."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup, escape

from conformance.report.failure import Difference, Failure
from conformance.report.outcome import ClauseResult
from conformance.report.plain_text import hardened
from conformance.report.reproducer import case_in
from conformance.report.reproducers import CAPTURED, REPORTS, SCRIPT, is_in
from conformance.report.sequence import story_of
from conformance.report.sequence_svg import draw

MOST_STEPS = 40
STEP_CHARACTERS = 300
SCRIPT_CHARACTERS = 60_000
HERE = "    <- here"
UNIT = re.compile(r"\\\\|\\x[0-9a-f]{2}|.", re.DOTALL)  # of a byte in plain text


@dataclass(frozen=True, slots=True)
class Bytes:
    """A piece of an answer: what is the same as in the other one, the first byte that is not, and the rest."""

    same: str
    first: str
    rest: str


@dataclass(frozen=True, slots=True)
class Parting:
    """Where what came departs from what was due: at byte `offset` of the answer, after `before`."""

    client: int
    offset: int
    before: str
    expected: Bytes
    actual: Bytes


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a case; `here` is the one that could not be done, and what was left out has no number."""

    number: int | None
    text: str
    here: bool = False


class FailureView:
    """A failure of `target`; files that it names are sought from `folder`."""

    def __init__(self, anchor: str, target: str, clause: ClauseResult, folder: Path) -> None:
        self.anchor = anchor
        self.target = target
        self.clause = clause
        self.failure = clause.failure or _untold(clause)
        self.script: Markup | None = None
        self._folder = folder

    @property
    def parting(self) -> Parting | None:
        """Where the bytes differ, if they do."""
        return _parting(self.failure.difference) if self.failure.difference is not None else None

    @property
    def expected(self) -> str:
        """The sentence, without the bytes that are shown below it."""
        difference = self.failure.difference
        return self.failure.expected.removesuffix(difference.expected) if difference else self.failure.expected

    @property
    def steps(self) -> list[Step]:
        """The lines of the case; where they are many, the first and the last."""
        steps = [
            Step(number, hardened(line.removesuffix(HERE), STEP_CHARACTERS), here=line.endswith(HERE))
            for number, line in enumerate(self.failure.case.split("\n"), 1)
        ]
        half = MOST_STEPS // 2
        if len(steps) <= MOST_STEPS:
            return steps
        left_out = Step(None, f"\u2026 {len(steps) - 2 * half:,} more steps \u2026")
        return [*steps[:half], left_out, *steps[-half:]]

    @cached_property
    def picture(self) -> Markup | None:
        """What happened, drawn; None where nothing is known of it."""
        story = story_of(self.failure)
        return draw(story, self.anchor) if story.rows else None

    @property
    def reproducer(self) -> str | None:
        """A link to the file, if it is one that a run put there."""
        return _link(self.failure.reproducer, SCRIPT, self._folder)

    @property
    def capture(self) -> str | None:
        """A link to the file, if it is one that a run put there."""
        return _link(self.failure.capture, CAPTURED, self._folder)

    def script_within(self, most: int) -> Markup | None:
        """The reproducer's text as HTML; None where there is none, or it is longer or of another clause."""
        file = _found(self.failure.reproducer, SCRIPT, self._folder)
        if file is None:
            return None
        try:
            with open(file, encoding="utf-8", errors="backslashreplace") as script:
                text = script.read(SCRIPT_CHARACTERS + 1)
            if len(text) > SCRIPT_CHARACTERS or case_in(Path(file))["clause"] != self.clause.id:
                return None
        except (OSError, ValueError):
            return None
        shown = escape(hardened(text, SCRIPT_CHARACTERS))
        return shown if len(shown) <= most else None


def _untold(clause: ClauseResult) -> Failure:
    told = clause.message or ""
    return Failure(expected=clause.requirement, actual=told, ended="", server="", case="", note="", again="")


def _parting(difference: Difference) -> Parting:
    expected, actual = UNIT.findall(difference.expected), UNIT.findall(difference.actual)
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(expected, actual, strict=False))))
    return Parting(
        client=difference.client,
        offset=difference.offset + same,
        before=difference.before,
        expected=_bytes(expected, same),
        actual=_bytes(actual, same),
    )


def _bytes(units: list[str], same: int) -> Bytes:
    return Bytes("".join(units[:same]), units[same] if same < len(units) else "", "".join(units[same + 1 :]))


def _found(name: str | None, kind: str, folder: Path) -> str | None:
    """The file of that name, from the report's folder or from where the user stands, where it leads in the end.

    Only what lies where runs put such files: the name may be a stranger's, and lead anywhere.
    """
    if name is None or not name.endswith(kind):
        return None
    files = (os.path.realpath(path) for path in (folder / name, Path(name)) if is_in(path, (folder, REPORTS)))
    return next((file for file in files if file.endswith(kind)), None)


def _link(name: str | None, kind: str, folder: Path) -> str | None:
    """It as a relative address: whatever stands in the name, it leads to a file."""
    file = _found(name, kind, folder)
    return None if file is None else "./" + quote(os.path.relpath(file, os.path.realpath(folder)).replace(os.sep, "/"))
