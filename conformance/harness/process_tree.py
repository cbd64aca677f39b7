"""What can be asked about a server's processes, whatever the system."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from abc import ABC, abstractmethod

STOP_WITHIN_S = 60.0  # a thread has to be scheduled to be stopped
LOOK_AGAIN_S = 0.001


class ProcessTree(ABC):
    """A process and all that descends from it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    @property
    def mine(self) -> bool:
        """Whether this user may send it signals."""
        try:
            os.kill(self.pid, 0)
        except PermissionError:
            return False
        except ProcessLookupError:
            pass
        return True

    @abstractmethod
    def pids(self) -> list[int]:
        """The processes that are there now, the first one first; empty once it is gone."""

    @abstractmethod
    def stands_still(self) -> bool:
        """Whether every thread of every process is stopped."""

    @abstractmethod
    def sleeps(self) -> bool:
        """Whether the main thread, in most servers the loop, waits for something."""

    @abstractmethod
    def runnable(self) -> bool:
        """Whether any thread runs, waits in line for a processor, or waits for the kernel to do something for it."""

    @abstractmethod
    def used_s(self) -> float:
        """Processor time that those who are there have used, in seconds."""

    @abstractmethod
    def demand_s(self) -> float:
        """Processor time that it has used or waited in line for, in seconds.

        The wait counts: a spinning server that shares a crowded processor runs little and waits much. A wait that has
        not ended yet is not in it: ask `runnable` as well.
        """

    @abstractmethod
    def in_line_s(self) -> float:
        """The part of it that it has waited in line, in seconds; of waits that have ended."""

    @abstractmethod
    def sockets(self) -> set[int] | None:
        """The inodes of the sockets it holds; None where they cannot be seen."""

    @abstractmethod
    def memory_bytes(self) -> int:
        """The memory that belongs to it alone, as far as it is in use."""

    @abstractmethod
    def wakeups(self) -> int:
        """How often its threads have gone to sleep so far, and so been woken."""

    @abstractmethod
    def slept(self) -> dict[int, tuple[int, float]]:
        """Of each thread, how often it has gone to sleep so far, and the seconds that it has waited in line."""

    @abstractmethod
    def zombies(self) -> int:
        """How many of its processes have ended and not been waited for by their parent."""

    @abstractmethod
    def limits_open_to_us(self) -> bool:
        """Whether its limits may be set, and can be."""

    @abstractmethod
    def limits(self) -> dict[int, tuple[int, int]]:
        """Of each process the soft and the hard limit of its descriptors, as far as that can be seen."""

    @abstractmethod
    def exhaust(self, spare: int) -> bool:
        """Let each of its processes open no more than `spare` descriptors; False where that cannot be done."""

    @abstractmethod
    def allow(self, descriptors: int) -> None:
        """Let each of its processes open so many descriptors, as far as that can be done."""

    @abstractmethod
    def release(self) -> None:
        """Undo `exhaust` and `allow`."""

    def stop(self) -> bool:
        """Stop it, and return once it stands still; False when it never does."""
        deadline = time.monotonic() + STOP_WITHIN_S
        while True:
            self.signal(signal.SIGSTOP)
            if self.stands_still():
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_AGAIN_S / 10)

    def go_on(self) -> None:
        """Let it run again."""
        self.signal(signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to each of its processes."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
