"""Failures as a run finds them, the files made of them, and the servers that these are tried against."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from conformance.report.failure import Failure
from conformance.report.outcome import ClauseResult, Outcome
from conformance.report.reached import Means
from conformance.report.reproducer import reproducer

ROOT = Path(__file__).parents[2]
BOUND_S = 300
EPOLL = [sys.executable, "-P", "-m", "reference_servers", "epoll", "--host", "{host}", "--port", "{port}"]

Steps = list[dict[str, Any]]


def broken(name: str) -> list[str]:
    return [sys.executable, "-P", "-m", "conformance.zoo", name, "--host", "{host}", "--port", "{port}"]


def means(**told: Any) -> Means:
    default: dict[str, Any] = {
        "options": ["--zoo", "some-bug"],
        "command": ["server", "{port}"],
        "folder": None,
        "address": None,
        "profile": "received",
        "chunk_limit_bytes": 1024,
    }
    return Means(**default | told)


def failed(steps: Steps, clause: str = "close.eof", *, stopped_at: int | None = None, said: str = "") -> ClauseResult:
    failure = Failure(
        expected="a reply" + said,
        actual="silence" + said,
        ended="not at all",
        server="still running",
        case="",
        note=said,
        again="echo-conformance run",
        steps=steps,
        stopped_at=stopped_at,
    )
    return ClauseResult(clause, "MUST", Outcome.FAIL, 1, 0.1, "What it says." + said, failure=failure)


def written(folder: Path, steps: Steps, **told: Any) -> Path:
    file = folder / "reproducer.py"
    file.write_text(reproducer(failed(steps, **told), means(), "1.0"))
    return file


def tried(file: Path, *words: str, **environment: str) -> tuple[int, str]:
    """What it ends with and says, run as strictly as Python can be."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(file), "--silence", "3", *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=BOUND_S,
        check=False,
    )
    assert not done.stderr, done.stderr.decode()
    return done.returncode, done.stdout.decode()
