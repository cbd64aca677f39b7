"""Processor time, of this process and of another.

Fact: Linux has a clock for the processor time of each process, user and system, over all its threads, to the nanosecond
(clock_getcpuclockid(3)). Its number is made of the process id and the kind of the clock, CPUCLOCK_SCHED. What psutil
reads from /proc counts in ticks of 10 ms, which in a short window are a few percent; it serves elsewhere.
"""

from __future__ import annotations

import sys
import time

import psutil

CPUCLOCK_SCHED = 2


class NoSuchProcess(Exception):
    """There is no such process, or its processor time is not for us to see."""


def processor_s(pid: int) -> float:
    """Seconds of processor time that the process has used, user and system. Raises `NoSuchProcess`."""
    try:
        if sys.platform == "linux":
            return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)
        times = psutil.Process(pid).cpu_times()
    except (OSError, psutil.Error):
        msg = f"process {pid} is not there, or its processor time is not to be seen"
        raise NoSuchProcess(msg) from None
    return times.user + times.system
