"""Runs of the program on targets that are out to harm it, and what must hold of every one of them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verdict_runs import HOSTILE, copy_of

CONTAINED = Path(__file__).with_name("contained.py")
MOST_MB = 300
CROWDED = 40  # a machine that is busy with other work takes so many times as long: 16 times was seen
# What a terminal, or whoever shows text in both directions, would act on.
ACTED_ON = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Way:
    """A way in which a target misbehaves, and what is to come of it.

    The run ends with `code` within `bound_s` on a quiet machine, and says each of `said`: whose fault it is.
    `command` starts the target; `{folder}` in it is where the hostile servers are.
    """

    command: str
    code: int
    said: tuple[str, ...]
    bound_s: float = 10
    options: tuple[str, ...] = ("-k", "reply.prompt")


@dataclass(frozen=True)
class Ran:
    """What came of it."""

    code: int | None
    seconds: float
    peak_mb: float
    left: list[str]
    stdout: str
    stderr: str
    results: dict[str, Any] | None

    @property
    def text(self) -> str:
        return self.stdout + self.stderr

    @property
    def words(self) -> str:
        """All of it in one line: where lines are broken is not the point."""
        return " ".join(self.text.split())


def python_server(file: str, way: str = "", port: str = "{port}") -> str:
    """Return the command that starts one of the hostile servers."""
    return f"{shlex.quote(sys.executable)} '{{folder}}'/{file} {way} {port}".strip()


def run(way: Way, folder: Path) -> Ran:
    """Have the program judge it, from a folder of its own."""
    for source in HOSTILE.glob("*.py"):
        copy_of(source, folder)
    stands_in = folder / "stands_in"
    stands_in.mkdir()
    report, results = folder / "report.json", folder / "results.json"
    words = ["run", "--command", way.command.replace("{folder}", str(folder)), "--json", str(results)]
    words += ["--jobs", "1", "--examples", "quick", *way.options]
    bound_s = CROWDED * way.bound_s
    done = subprocess.run(
        [sys.executable, str(CONTAINED), str(report), str(bound_s), sys.executable, "-m", "conformance.cli", *words],
        cwd=stands_in,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=2 * bound_s + 60,
        check=True,
    )
    return Ran(
        **json.loads(report.read_text()),
        stdout=done.stdout.decode(),
        stderr=done.stderr.decode(),
        results=json.loads(results.read_text()) if results.exists() else None,
    )


def assert_survived(way: Way, ran: Ran) -> None:
    """Assert that the run ended as it was to end, and that the target had no effect beside that."""
    assert ran.left == [], f"left behind: {ran.left}"
    assert ran.code is not None, f"not done in {CROWDED} times the {way.bound_s} s that it may take:\n{ran.text}"
    assert ran.code == way.code, ran.text
    for said in way.said:
        assert said in ran.words, ran.text
    assert "Traceback (most recent call last)" not in ran.text
    assert "INTERNALERROR" not in ran.text
    assert 0 < ran.peak_mb < MOST_MB
    for text in (ran.stdout, ran.stderr, *strings_of(ran.results)):
        acted_on = ACTED_ON.search(text)
        assert acted_on is None, f"unescaped: {acted_on[0]!r} in {text!r}"


def strings_of(data: object) -> list[str]:
    """Return every string in JSON data, keys included."""
    match data:
        case str():
            return [data]
        case list():
            return [text for value in data for text in strings_of(value)]
        case dict():
            return [text for item in data.items() for value in item for text in strings_of(value)]
        case _:
            return []
