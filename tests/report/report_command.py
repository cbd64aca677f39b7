"""`echo-conformance report` as a user runs it, and the plainest run that it can show."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from faces_runs import clause

from conformance.report.json_report import write_json
from conformance.report.outcome import Run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BOUND_S = 300
OURS = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "TTY_")


def started(words: Iterable[str | Path], environment: dict[str, str], stdout: int) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return subprocess.Popen(
        [sys.executable, "-m", "conformance.cli", "report", *map(str, words)],
        env=inherited | environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def report(*words: str | Path, **environment: str) -> tuple[int, str, str]:
    """Run the command; its exit code and what it said."""
    with started(words, environment, subprocess.PIPE) as process:
        said, complained = process.communicate(timeout=BOUND_S)
    return process.returncode, said, complained


def kept(run: Run, folder: Path, name: str = "run.json") -> Path:
    write_json(run, folder / name)
    return folder / name


def well() -> Run:
    run = Run("0.1.0", "received", 5, expected=1, seconds=1.0)
    run.add("epoll", clause("close.eof"))
    return run
