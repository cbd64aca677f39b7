"""What the README shows is what happens."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
WITHIN_S = 120
# Times differ from run to run, and what Hypothesis draws from one version to the next.
NUMBERS = re.compile(r" *\d[\d,]* cases\b| +\d+\.\d+ s\b")


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(README) if kind == language]


def shown_runs() -> list[tuple[str, str]]:
    """Each command of the README that has its output below it."""
    runs = []
    for block in blocks("console"):
        first, _, output = block.partition("\n")
        if output and first.startswith("$ echo-conformance"):
            runs.append((first.removeprefix("$ "), output))
    return runs


def without_numbers(text: str) -> str:
    return NUMBERS.sub(" N", text)


@pytest.mark.parametrize(("command", "shown"), shown_runs(), ids=[command for command, _ in shown_runs()])
def test_shown_output_is_real(command: str, shown: str, tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(blocks("python")[0])
    words = shlex.split(command)
    program = [sys.executable, "-m", "conformance.cli", *words[1:]]
    ran = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert without_numbers(ran.stdout) == without_numbers(shown), ran.stderr


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
