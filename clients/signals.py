"""Signals as something that select can wait for.

Facts: Python runs a handler between two bytecodes. A signal that comes after the last of these and before the process
sleeps in its system call is not seen until that call returns, which at a terminal may be never.
`signal.set_wakeup_fd` has the C-level handler write the signal's number to a descriptor (the self-pipe trick).

Decision: the loop waits for that pipe beside everything else, and is never left in the middle of a turn: whatever it
has to put in order, it puts in order.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from types import FrameType
from typing import Self


class Signals:
    """While entered, these signals do nothing but make `fd` readable. Main thread only.

    SIGINT is among them also where it was ignored: a shell starts background processes with it ignored.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self.numbers = tuple(numbers)

    def __enter__(self) -> Self:
        self.fd, self._wakeup_fd = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._wakeup_fd, False)
        self._before_fd = signal.set_wakeup_fd(self._wakeup_fd, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._leave_it_to_the_pipe) for number in self.numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before_fd)
        os.close(self.fd)
        os.close(self._wakeup_fd)

    def taken(self) -> bytes:
        """Return the numbers of the signals that have come, once `fd` is readable; each byte is one."""
        return os.read(self.fd, 64)

    def _leave_it_to_the_pipe(self, number: int, frame: FrameType | None) -> None:
        """Have a handler at all: without one the signal would end the process."""


def die_of(number: int) -> None:
    """End as a process ends that does not heed this signal: whoever started it sees why."""
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
