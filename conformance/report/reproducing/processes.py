"""What /proc tells of the server's processes (proc(5), Linux)."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from conformance.report.reproducing.server import LOOK_AGAIN_S, SERVER, read
from conformance.report.reproducing.verdict import CannotTell, Patience

MOST_TIMES_SILENT = 3
SOME_TICKS_S = 0.012


def tasks(pid: int) -> list[Path]:
    """The threads of a process; none once it is gone."""
    with contextlib.suppress(OSError):
        return list(Path(f"/proc/{pid}/task").iterdir())
    return []


def pids() -> list[int]:
    """The server's process and all that descends from it."""
    found, waiting = [], [SERVER.pid]
    if not Path("/proc/self/task").exists():
        raise CannotTell("this needs Linux: there is no /proc here")
    while waiting:
        pid = waiting.pop()
        threads = tasks(pid)
        found += [pid] if threads else []
        waiting += [int(child) for thread in threads for child in read(thread / "children").split()]
    return found


def states(pid: int) -> list[str]:
    """The state of each thread: R runs, S sleeps, T is stopped, Z has ended."""
    stats = (read(thread / "stat") for thread in tasks(pid))
    return [stat.rpartition(") ")[2][0] for stat in stats if stat]


def is_runnable() -> bool:
    """Whether any thread runs, or waits in line for a processor."""
    return any("R" in states(pid) for pid in pids())


def demand_s() -> float:
    """Processor time that it has used or waited in line for, in seconds."""
    counts = (read(thread / "schedstat").split() for pid in pids() for thread in tasks(pid))
    return sum(int(count[0]) + int(count[1]) for count in counts if count) / 1e9


def used_s() -> float:
    """Processor time that it has used, in seconds; the kernel counts it at each tick of its clock."""
    counts = (read(thread / "schedstat").split() for pid in pids() for thread in tasks(pid))
    return sum(int(count[0]) for count in counts if count) / 1e9


def in_line_s() -> float:
    """How long its threads have waited in line for a processor, all together, in seconds; 0 where nobody can tell."""
    with contextlib.suppress(CannotTell):
        counts = (read(thread / "schedstat").split() for pid in pids() for thread in tasks(pid))
        return sum(int(count[1]) for count in counts if count) / 1e9
    return 0.0


def stands_in_line() -> bool:
    """Whether it is to run and comes to nothing for some clock ticks; False where nobody can tell. A spinner runs."""
    with contextlib.suppress(CannotTell):
        before_s = used_s()
        time.sleep(SOME_TICKS_S)
        return is_runnable() and used_s() == before_s
    return False


def patience_is_over(waited_s: float, in_line_before_s: float) -> bool:
    """Whether a wait of so many seconds is enough, without the time that the server's threads stood in line meanwhile.

    That time is the machine's. Of many that stand side by side it is more than has passed, so at most three times the
    silence is left out; all of that where one still stands in line, for how long is told when it has ended.
    `in_line_before_s` is what `in_line_s` told when the wait began.
    """
    over_s, most_s = waited_s - Patience.silence_s, MOST_TIMES_SILENT * Patience.silence_s
    return over_s > most_s or (over_s > max(0.0, in_line_s() - in_line_before_s) and not stands_in_line())


def status(path: Path, field: str) -> int:
    """A number from a file named status; 0 where it is not there."""
    for line in read(path / "status").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0])
    return 0


def wakeups() -> int:
    """How often its threads have gone to sleep so far."""
    return sum(status(thread, "voluntary_ctxt_switches") for pid in pids() for thread in tasks(pid))


def memory_bytes() -> int:
    """The memory that belongs to it alone."""
    return 1024 * sum(status(Path(f"/proc/{pid}"), "RssAnon") for pid in pids())


def send_signal(number: signal.Signals) -> None:
    """Send a signal to each of its processes."""
    for pid in pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def within_patience(condition: Callable[[], bool]) -> bool:
    """Whether something comes to hold in time."""
    began, in_line_before_s = time.monotonic(), in_line_s()
    while not condition():
        if patience_is_over(time.monotonic() - began, in_line_before_s):
            return condition()
        time.sleep(LOOK_AGAIN_S)
    return True
