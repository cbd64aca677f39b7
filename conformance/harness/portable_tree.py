"""Processes as psutil shows them, on systems without /proc."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TypeVar

import psutil

from conformance.harness.process_tree import ProcessTree

T = TypeVar("T")


class PortableTree(ProcessTree):
    """Asked of psutil, on systems without /proc."""

    def pids(self) -> list[int]:
        """The process and psutil's list of its children."""
        return [process.pid for process in self._processes()]

    def stands_still(self) -> bool:
        """The status that psutil gives."""
        return set(self._told(psutil.Process.status)) <= {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}

    def sleeps(self) -> bool:
        """Taken for granted: macOS calls every process running."""
        return True

    def runnable(self) -> bool:
        """Not known here, for the same reason."""
        return False

    def used_s(self) -> float:
        """User and system time."""
        return float(sum(time.user + time.system for time in self._told(psutil.Process.cpu_times)))

    def demand_s(self) -> float:
        """The same: the time spent waiting for a processor is not told here."""
        return self.used_s()

    def in_line_s(self) -> float:
        """Not told here."""
        return 0.0

    def sockets(self) -> set[int] | None:
        """Not told here in a way that a connection could be recognised by."""
        return None

    def memory_bytes(self) -> int:
        """The resident set."""
        return sum(int(told.rss) for told in self._told(psutil.Process.memory_info))

    def wakeups(self) -> int:
        """The voluntary context switches that psutil counts."""
        return sum(int(told.voluntary) for told in self._told(psutil.Process.num_ctx_switches))

    def slept(self) -> dict[int, tuple[int, float]]:
        """By the numbers of the processes; the time in line is not told here."""
        told = self._told(lambda process: (process.pid, int(process.num_ctx_switches().voluntary)))
        return {pid: (woken, 0.0) for pid, woken in told}

    def zombies(self) -> int:
        """The status that psutil gives."""
        return self._told(psutil.Process.status).count(psutil.STATUS_ZOMBIE)

    def limits_open_to_us(self) -> bool:
        """Not here."""
        return False

    def limits(self) -> dict[int, tuple[int, int]]:
        """Nor seen."""
        return {}

    def exhaust(self, spare: int) -> bool:  # noqa: ARG002
        """Another process's limits cannot be set here."""
        return False

    def allow(self, descriptors: int) -> None:
        """Nor here."""

    def release(self) -> None:
        """Nothing was done."""

    def _told(self, ask: Callable[[psutil.Process], T]) -> list[T]:
        """What each process tells; one that is gone, or a zombie by now, may tell nothing."""
        told = []
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                told.append(ask(process))
        return told

    def _processes(self) -> list[psutil.Process]:
        try:
            first = psutil.Process(self.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
