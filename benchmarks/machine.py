"""The machine that figures are of, in words that name neither it nor anything on it."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

CPU_FILE = Path("/proc/cpuinfo")
LOOK_S = 1.0
# Of all processors: with more than this used by others, wall time says nothing, and processor time less than it could.
QUIET_SHARE = 0.1


def described() -> dict[str, object]:
    """What it is. Looks for a second how busy it is with other things, so it is asked before anything is started."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "processors": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / (1 << 30), 1),
        "python": platform.python_version(),
        "used_by_others": round(psutil.cpu_percent(interval=LOOK_S) / 100, 3),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def is_quiet(machine: dict[str, object]) -> bool:
    """Whether it was left to the benchmarks, as far as that could be seen beforehand."""
    used = machine["used_by_others"]
    return isinstance(used, float) and used <= QUIET_SHARE


def _processor() -> str:
    if CPU_FILE.exists():
        for line in CPU_FILE.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(": ")[2]
    return platform.machine()
