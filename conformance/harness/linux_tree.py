"""Processes as Linux shows them in /proc (proc(5)): their states, and their time to the nanosecond."""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import time
from collections.abc import Iterator
from typing import NamedTuple

from conformance.harness.process_tree import ProcessTree

GONE = (FileNotFoundError, ProcessLookupError)
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
GONE_AT_LEAST_S = 0.05  # a few ticks: stat is rounded to one
# The lists of sockets below /proc/PID/net, and the column of each that has the inode.
SOCKET_TABLES = {"tcp": 9, "tcp6": 9, "udp": 9, "udp6": 9, "raw": 9, "unix": 6, "netlink": 9, "packet": 8}


class _Spent(NamedTuple):
    """What a process has spent so far, in seconds: its main thread, and its threads and children that are gone."""

    at_s: float
    main_used_s: float
    main_waited_s: float
    gone_used_s: float

    def gone_waited_s(self, before: _Spent) -> float:
        """How long those that went since `before` have waited."""
        ratio = (self.main_waited_s - before.main_waited_s) / (self.main_used_s - before.main_used_s)
        return min(ratio * (self.gone_used_s - before.gone_used_s), self.at_s - before.at_s)


class LinuxTree(ProcessTree):
    """Read from /proc (proc(5))."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self._limits: dict[int, tuple[int, int]] = {}
        self._spent: dict[int, _Spent] = {}  # by each process, when somebody that is gone was last counted
        self._gone_in_line_s = 0.0

    def pids(self) -> list[int]:
        """Found through /proc/PID/task/TID/children: a look at this family alone, not at the whole machine."""
        found: list[int] = []
        waiting = [self.pid]
        while waiting:
            pid = waiting.pop()
            tasks = self._tasks(pid)
            if tasks:
                found.append(pid)
            for task in tasks:
                with contextlib.suppress(*GONE):
                    waiting.extend(map(int, read(f"{task}/children").split()))
        return found

    def stands_still(self) -> bool:
        """State T (stopped), t (traced) or no longer alive, for every thread."""
        return all(state in "TtZX" for pid in self.pids() for state in self._states(pid))

    def sleeps(self) -> bool:
        """State S; or gone, which waits for nothing more."""
        try:
            return _state(f"/proc/{self.pid}/task/{self.pid}") not in "RD"
        except GONE:
            return True

    def runnable(self) -> bool:
        """State R or D, for any thread."""
        return any(state in "RD" for pid in self.pids() for state in self._states(pid))

    def used_s(self) -> float:
        """On a processor."""
        return sum(on_processor_s for on_processor_s, _ in self._scheduled())

    def demand_s(self) -> float:
        """On a processor, and on its run queue."""
        return sum(on_processor_s + in_line_s for on_processor_s, in_line_s in self._scheduled())

    def in_line_s(self) -> float:
        """On a run queue; of threads and children that are gone, an estimate.

        The kernel keeps what those used and forgets how long they waited for it. What serves one connection and ends
        waits as does who started it: as long for as much, and no longer than has passed.
        """
        now_s = time.monotonic()
        total_s = 0.0
        spent: dict[int, _Spent] = {}
        for pid in self.pids():
            with contextlib.suppress(*GONE):
                threads = list(self._scheduled_of(pid))
                total_s += sum(in_line_s for _, in_line_s in threads)
                gone_used_s = self._used_altogether_s(pid) - sum(on_processor_s for on_processor_s, _ in threads)
                now = _Spent(now_s, *scheduled(f"/proc/{pid}/schedstat"), gone_used_s)
                before = spent[pid] = self._spent.get(pid, now)
                if now.gone_used_s - before.gone_used_s > GONE_AT_LEAST_S and now.main_used_s > before.main_used_s:
                    self._gone_in_line_s += now.gone_waited_s(before)
                    spent[pid] = now
        self._spent = spent  # a number may be another's by the next time
        return total_s + self._gone_in_line_s

    @staticmethod
    def _used_altogether_s(pid: int) -> float:
        """By all threads that it has or had, and by its children that have ended: fields 14 to 17 of proc(5)'s stat."""
        fields = read(f"/proc/{pid}/stat").rpartition(") ")[2].split()  # from the third on
        return sum(map(int, fields[11:15])) / TICKS_A_SECOND

    def _scheduled(self) -> Iterator[tuple[float, float]]:
        for pid in self.pids():
            yield from self._scheduled_of(pid)

    def _scheduled_of(self, pid: int) -> Iterator[tuple[float, float]]:
        for task in self._tasks(pid):
            with contextlib.suppress(*GONE):
                yield scheduled(f"{task}/schedstat")

    def sockets(self) -> set[int] | None:
        """The links in /proc/PID/fd that read socket:[INODE]."""
        inodes: set[int] = set()
        for pid in self.pids():
            try:
                descriptors = list(os.scandir(f"/proc/{pid}/fd"))
            except GONE:
                continue
            except PermissionError:
                if not self._status(f"/proc/{pid}", "VmSize"):  # it ends: its memory is gone, its folder root's
                    continue
                return None
            for descriptor in descriptors:
                with contextlib.suppress(*GONE, PermissionError):
                    link = os.readlink(descriptor.path)
                    if link.startswith("socket:["):
                        inodes.add(int(link[len("socket:[") : -1]))
        return inodes

    def memory_bytes(self) -> int:
        """RssAnon: what it shares with other processes is counted to nobody."""
        return 1024 * sum(self._status(f"/proc/{pid}", "RssAnon") for pid in self.pids())

    def wakeups(self) -> int:
        """Of every thread, its voluntary context switches."""
        return sum(self._status(task, "voluntary_ctxt_switches") for pid in self.pids() for task in self._tasks(pid))

    def slept(self) -> dict[int, tuple[int, float]]:
        """By the numbers of the threads."""
        slept = {}
        for pid in self.pids():
            for task in self._tasks(pid):
                with contextlib.suppress(*GONE):
                    _, in_line_s = scheduled(f"{task}/schedstat")
                    woken = self._status(task, "voluntary_ctxt_switches")
                    slept[int(os.path.basename(task))] = woken, in_line_s
        return slept

    def zombies(self) -> int:
        """State Z."""
        return sum(states[0] == "Z" for states in map(self._states, self.pids()) if states)

    def limits_open_to_us(self) -> bool:
        """Asked by reading them, which takes the same right."""
        try:
            resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        except (PermissionError, *GONE):
            return False
        return True

    def limits(self) -> dict[int, tuple[int, int]]:
        """RLIMIT_NOFILE."""
        found = {}
        for pid in self.pids():
            with contextlib.suppress(PermissionError, *GONE):
                found[pid] = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        return found

    def exhaust(self, spare: int) -> bool:
        """Lower the soft limit of RLIMIT_NOFILE (prlimit(2)): it bounds the number of a new descriptor.

        It is never lower than the count of open ones: poll(2) refuses to look at more than the limit.
        """
        for pid in self.pids():
            try:
                opened = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
                free = itertools.islice((number for number in itertools.count() if number not in opened), spare, None)
                self._set_soft_limit(pid, max(next(free), len(opened)))
            except GONE:
                continue
            except PermissionError:
                return False
        return True

    def allow(self, descriptors: int) -> None:
        """Raise the soft limit to that, or to the hard one."""
        for pid in self.pids():
            with contextlib.suppress(PermissionError, *GONE):
                soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
                wanted = descriptors if hard < 0 else min(descriptors, hard)
                if 0 <= soft < wanted:
                    self._set_soft_limit(pid, wanted)

    def _set_soft_limit(self, pid: int, soft: int) -> None:
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, limits[1]))
        self._limits.setdefault(pid, limits)

    def release(self) -> None:
        """Each of them gets the limits that it had; a child made meanwhile, those of its parent."""
        for pid in self.pids() if self._limits else []:
            with contextlib.suppress(*GONE):
                limits = self._limits.get(pid) or self._limits.get(self.pid) or next(iter(self._limits.values()))
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        self._limits.clear()

    @staticmethod
    def _status(of: str, field: str) -> int:
        with contextlib.suppress(*GONE):
            for line in read(f"{of}/status").splitlines():
                name, _, value = line.partition(":")
                if name == field:
                    return int(value.split()[0])
        return 0

    @staticmethod
    def _tasks(pid: int) -> list[str]:
        """The folders of its threads."""
        try:
            return [f"/proc/{pid}/task/{number}" for number in os.listdir(f"/proc/{pid}/task")]
        except GONE:
            return []

    @classmethod
    def _states(cls, pid: int) -> list[str]:
        states = []
        for task in cls._tasks(pid):
            with contextlib.suppress(*GONE):
                states.append(_state(task))
        return states


def read(path: str) -> str:
    """A file below /proc, in one go. What a process calls itself may be any bytes."""
    with open(path, "rb", buffering=0) as file:
        return file.read().decode("ascii", "replace")


def _state(task: str) -> str:
    """The letter of a thread's state, which follows its name in parentheses; a name may hold a parenthesis too."""
    return read(f"{task}/stat").rpartition(") ")[2][0]


def scheduled(schedstat: str) -> tuple[float, float]:
    """How long a thread has been on a processor and on its run queue, in seconds: the first two numbers of its file."""
    on_processor_ns, in_line_ns, _ = read(schedstat).split()
    return int(on_processor_ns) / 1e9, int(in_line_ns) / 1e9


def sockets_in_tables(pid: int) -> set[int]:
    """The inodes of all sockets that the kernel lists in a process's network (proc_pid_net(5)).

    A TCP socket whose connection is over is in no list, for as long as a process holds it. Linux only.
    """
    inodes: set[int] = set()
    for name, column in SOCKET_TABLES.items():
        with contextlib.suppress(FileNotFoundError):
            for line in read(f"/proc/{pid}/net/{name}").splitlines()[1:]:
                inodes.add(int(line.split()[column]))
    return inodes
