"""What a user reads: the README and docs/, cut into what can be tried."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("README*.md")), ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
TRANSLATED = ".zh-CN"
TRANSLATIONS = [page for page in PAGES if TRANSLATED in page.name]
WITHIN_S = 1200  # a guard: what is silent takes 20 s on a quiet machine
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([^`\s]+)`[^`]*:\n\n\Z")
# Ends what one command of a session said.
OVER = "\x1e\n"
# Times differ from run to run, and what Hypothesis draws from one version to the next.
# And a reproducer has as many lines before its case as it has to import.
NUMBERS = re.compile(r" *\d[\d,]* cases\b| +\d+\.\d+ s\b|(?<=At:) +line \d+(?=: )")
OUR_OWN = ("PYTEST_", "PY_COLORS", "FORCE_COLOR", "COLUMNS")


@dataclass(frozen=True)
class Block:
    """A fenced block. `name` is the file that the words before it name, where they do: "For example `echo.py`:"."""

    language: str
    text: str
    name: str | None


def blocks(page: Path, language: str) -> list[Block]:
    text = page.read_text()
    found = []
    for match in BLOCK.finditer(text):
        named = NAMED.search(text[: match.start()])
        if match[2] == language:
            found.append(Block(language, match[3], named[1] if named else None))
    return found


@dataclass(frozen=True)
class Shown:
    """A command of a page, and the output that stands below it."""

    command: str
    output: str


def session(block: Block) -> list[Shown]:
    """The commands of a console block, each with its output; none where no output is shown at all."""
    shown: list[Shown] = []
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, output = re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*\n)(.*)", part, re.DOTALL).groups()  # type: ignore[union-attr]
        shown.append(Shown(command.rstrip("\n"), output))
    return shown if any(each.output for each in shown) else []


def comparable(said: str) -> str:
    """What a command said, less what differs from run to run."""
    return NUMBERS.sub(" N", said.replace(sys.executable, "python3"))


def played(commands: list[str], folder: Path) -> tuple[list[str], str]:
    """What each of the commands says, in one shell, from this folder; and what all said on standard error."""
    lines = [f"{command}\nstatus=$?; printf '\\036\\n'; (exit $status)" for command in commands]
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    return done.stdout.split(OVER)[:-1], done.stderr


def environment() -> dict[str, str]:
    """A user's, who has the suite's commands on the path, less what would make pytest or rich behave otherwise."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OUR_OWN)}
    return kept | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def needed(name: str) -> str:
    """Return the program's path, or go on without this test."""
    path = shutil.which(name)
    if path is None:
        _lacking(name)
    return path


def _lacking(what: str) -> NoReturn:
    """Where something is missing a user's run goes on without; a run of the project does not."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}: missing, and CI is to have it")
    pytest.skip(f"not installed: {what}")
