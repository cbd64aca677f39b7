"""A process that the suite started, and that it ends with all that came of it, whatever becomes of the suite."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence

from conformance.harness import keeper, orphans
from conformance.harness.text import plain

TERMINATES_WITHIN_S = 2.0
DIES_WITHIN_S = 60.0  # a process that was killed has to be scheduled once more


class CannotStart(Exception):
    """The target could not be brought to serve; the message says whose fault that is and what to do."""


class PortTaken(CannotStart):
    """Somebody else accepts connections where the target was to: that says nothing of the target."""


class Keeper:
    """A process that outlives this one just long enough to end what this one started."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        orphans.adopt(wanted=True)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", keeper.__file__, self.mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def tell(self, line: str) -> None:
        """Hand it a line, in the words of `conformance.harness.keeper`."""
        stdin = self._process.stdin
        if stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                stdin.write(line.encode() + b"\n")
                stdin.flush()

    def close(self) -> None:
        """Dismiss it; it clears up what may be left."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()
        orphans.adopt(wanted=False)


class Child:
    """One such process, the leader of a session of its own. Raises `CannotStart` where there is no such program.

    `stdin` is as for `subprocess.Popen`; its output comes through pipes.
    """

    def __init__(
        self,
        words: Sequence[str],
        keeper_: Keeper,
        *,
        stdin: int = subprocess.DEVNULL,
        folder: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._mark = f"{keeper_.mark}.{uuid.uuid4().hex}"
        self._keeper = keeper_
        self._there_before = orphans.children()
        try:
            self._popen = subprocess.Popen(
                words,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                cwd=folder,
                env={
                    **os.environ,
                    "PYTHONUNBUFFERED": "1",
                    **(environment or {}),
                    keeper.MARK_VARIABLE: self._mark,
                },
            )
        except OSError as error:
            why = error.strerror if folder is None or os.path.isdir(folder) else f"its folder {plain(folder)} is gone"
            msg = f"cannot start {plain(words[0])}: {why}"
            raise CannotStart(msg) from None
        keeper_.tell(f"group {self._popen.pid}")

    @property
    def pid(self) -> int:
        """The process that was started, and the process group that it leads."""
        return self._popen.pid

    def left_behind(self) -> set[int]:
        """What came of it and lost its parent, as far as that became a child of this process; Linux only."""
        return orphans.children() - self._there_before - {self.pid}

    def exit_status(self, within_s: float = 0.0) -> int | None:
        """Its status once it is gone (a signal's number, negative), None while it runs."""
        if within_s:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(within_s)
        return self._popen.poll()

    def end_family(self) -> bool:
        """End it and everything that came of it: politely first, then not. Tells whether that could be done."""
        for number in (signal.SIGCONT, signal.SIGTERM):
            self._signal_group(number)
        self.exit_status(within_s=TERMINATES_WITHIN_S)
        dies = self._signal_group(signal.SIGKILL)
        gone = self.exit_status(within_s=DIES_WITHIN_S if dies else 0.0) is not None
        keeper.kill_marked(self._mark)
        orphans.end_all_but(self._there_before)
        self._keeper.tell(f"not group {self._popen.pid}")
        return gone

    def _signal_group(self, number: signal.Signals) -> bool:
        """Whether somebody was there to be signalled, and might be."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, number)
            return True
        return False


def how_it_ended(status: int) -> str:
    """A status in words, to be said of whoever had it."""
    return f"exited with status {status}" if status >= 0 else f"was ended by {signal_name(-status)}"


def signal_name(number: int) -> str:
    """A signal as people call it."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
