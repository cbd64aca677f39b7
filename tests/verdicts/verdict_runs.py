"""Runs of the whole program on whole servers, and what is needed for them."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import psutil
import pytest

from conformance.targets.building import missing
from examples.build import targets

if TYPE_CHECKING:
    from conformance.targets.described import Described

ROOT = Path(__file__).parent.parent.parent
HOSTILE = ROOT / "tests" / "hostile"
TUTORIAL = ROOT / "conformance" / "zoo" / "programs" / "tutorial_select.py"
LONGEST_RUN_S = 2400  # a guard against what never ends: on a crowded machine a run of 80 s was seen to take 900


@dataclass(frozen=True)
class Judged:
    """What a run made of a server."""

    code: int
    said: str
    verdict: str
    outcomes: dict[str, str]

    @property
    def broken(self) -> set[str]:
        return {name for name, outcome in self.outcomes.items() if outcome == "fail"}


def judged(folder: Path, command: list[str], *words: str) -> Judged:
    """Run the program on a server from `folder`, within LONGEST_RUN_S."""
    (run,) = all_judged(folder, "--command", shlex.join(command), *words).values()
    return run


def all_judged(folder: Path, *words: str) -> dict[str, Judged]:
    """Run the program from `folder`, within LONGEST_RUN_S; return what came of each target, by name."""
    results = folder / "results.json"
    done = subprocess.run(
        [sys.executable, "-m", "conformance.cli", "run", "--json", str(results), *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LONGEST_RUN_S,
        check=False,
    )
    said = done.stdout.decode()
    assert results.exists(), said
    data: dict[str, Any] = json.loads(results.read_text())
    runs = {}
    for target in data["targets"]:
        outcomes = {clause["id"]: clause["outcome"] for clause in target["clauses"]}
        runs[target["name"]] = Judged(done.returncode, said, target["verdict"], outcomes)
    return runs


def script(path: Path) -> list[str]:
    return [sys.executable, str(path), "{port}"]


def needed(name: str) -> str:
    """Return the program's path, or go on without this test."""
    path = shutil.which(name)
    if path is None:
        _lacking(name)
    return path


def buildable(name: str) -> Described:
    """Return the example of this name, or go on without this test where its tools are missing."""
    target = targets()[name]
    if lacking := missing(target):
        _lacking(", ".join(lacking))
    return target


def _lacking(what: str) -> NoReturn:
    """Where something is missing a user's run goes on without; a run of the project does not."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}: missing, and CI is to have it")
    pytest.skip(f"not installed: {what}")


def copy_of(path: Path, folder: Path) -> Path:
    """Return a server's copy that has a name of its own, so that its processes are known by it."""
    for file in path.parent.glob("*.py"):
        shutil.copy(file, folder)
    return folder / path.name


def processes_of(server: Path) -> list[psutil.Process]:
    """Return the processes that run this script."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(server) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def assert_nothing_is_left(server: Path) -> None:
    deadline = time.monotonic() + 120  # only a failing test pays it
    while left := processes_of(server):
        assert time.monotonic() < deadline, f"left behind: {left}"
        time.sleep(0.01)
