"""Processes that a server leaves behind: they become children of the suite, which ends them.

1. A process whose parent has gone becomes a child of its nearest ancestor that asked for such (PR_SET_CHILD_SUBREAPER,
   prctl(2)), and of init where none did. So a server's orphan is found whatever session, group or environment it has:
   it can leave all of these, but not its ancestors.
2. What else this process started, or anybody started in it, is in its own session, as servers and their descendants
   never are; or it was there before the server was. Neither is touched.

Linux only: elsewhere there are a server's group and the mark in its environment (`keeper`).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
GONE_WITHIN_S = 2.0
LOOK_AGAIN_S = 0.001


def adopt(*, wanted: bool) -> None:
    """Ask to become the parent of what the descendants of this process leave behind; or no longer."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0)


def children() -> set[int]:
    """The children of this process, those that ended and were not waited for included."""
    found: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found |= set(map(int, task.read_text().split()))
    return found


def end_all_but(spared: set[int]) -> None:
    """Kill and reap every adopted child that is not spared, and what it leaves behind in its turn."""
    deadline = time.monotonic() + GONE_WITHIN_S
    while orphans := [pid for pid in children() - spared if _in_another_session(pid)]:
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:  # one that may not be killed, or is in the midst of a system call
            return
        time.sleep(LOOK_AGAIN_S)


def _in_another_session(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid) != os.getsid(0)
    return False
