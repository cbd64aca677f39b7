"""Runs a program and keeps hold of all that comes of it: `contained.py REPORT BOUND_S WORD...`.

It is the reaper of its descendants (PR_SET_CHILD_SUBREAPER, prctl(2)): what is orphaned becomes its child, whatever its
session, group or environment, and so nothing is left unseen. REPORT tells, as JSON, how the program ended (`code`, null
when it was not done in BOUND_S), how long that took (`seconds`), the most memory that any process of it took that was
waited for (`peak_mb`, getrusage(2)), and the command lines of what was `left`.

A program of its own because the kernel counts into a process's peak what its parent held when it was started.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
LEAVES_WITHIN_S = 60.0
LOOK_AGAIN_S = 0.01


def main() -> None:
    """Run, wait, look round."""
    report, bound_s, *words = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    began = time.monotonic()
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    code, peak_kb = _await_end(process, began + float(bound_s))
    seconds = time.monotonic() - began
    left = [_command_line(pid) for pid in _await_none(seconds and time.monotonic() + LEAVES_WITHIN_S)]
    told = {"code": code, "seconds": seconds, "peak_mb": peak_kb / 1024, "left": left}
    Path(report).write_text(json.dumps(told))


def _await_end(process: subprocess.Popen[bytes], deadline: float) -> tuple[int | None, int]:
    while time.monotonic() < deadline:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage.ru_maxrss
        time.sleep(LOOK_AGAIN_S)
    return None, 0


def _await_none(deadline: float) -> list[int]:
    """Wait until nothing is left; kill what is left then, and tell."""
    while pids := _children():
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if time.monotonic() > deadline:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
            return pids
        time.sleep(LOOK_AGAIN_S)
    return []


def _children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def _command_line(pid: int) -> str:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("ascii", "backslashreplace")
    return f"process {pid}"


if __name__ == "__main__":
    main()
