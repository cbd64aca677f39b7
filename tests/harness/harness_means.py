"""What the harness's tests share: waits with a bound, processes by their mark, programs to start."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.harness.keeper import MARK_VARIABLE
from conformance.harness.target import Target
from conformance.oracle import Profile, answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.harness.transcript import Answers

BOUND_S = 300.0  # only a failing test pays it
HERE = Path(__file__).parent
HOSTILE = HERE.parent / "hostile"


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Poll until the named condition holds; fails after BOUND_S."""
    deadline = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {BOUND_S} s: {what}"
        time.sleep(0.001)


def python(script: Path, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(script), *arguments)


def faulty(fault: str, *more: str) -> Target:
    """Return a server that answers the first chunk of each connection, and goes wrong by this name after it."""
    return Target(fault, (), command=python(HERE / "faulty_server.py", fault, "{port}", *more))


def received_answers() -> Answers:
    return answers(Profile.RECEIVED)


def carrying(mark: str) -> list[int]:
    """Return the processes that this mark came down to, looked for without the suite's own code."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                variables = (entry / "environ").read_bytes()
            except OSError:  # gone meanwhile
                continue
            if f"{MARK_VARIABLE}={mark}".encode() in variables:
                found.append(int(entry.name))
    return found


def states(pid: int) -> set[str]:
    """Return the states of a process's threads, as proc(5) letters; empty once it is gone."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return {(task / "stat").read_text().rpartition(") ")[2][0] for task in tasks}
    except OSError:
        return set()


def written_bytes(pid: int) -> int:
    """Return how much a process has handed to write(2)."""
    fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(fields["wchar"])


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return states(pid) != {"Z"}
