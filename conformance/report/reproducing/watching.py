"""What is seen of the server from outside: whether it rests, what it holds."""

from __future__ import annotations

import os
import time
from pathlib import Path

from conformance.report.reproducing.client import client
from conformance.report.reproducing.processes import (
    demand_s,
    is_runnable,
    memory_bytes,
    pids,
    states,
    wakeups,
    within_patience,
)
from conformance.report.reproducing.pumping import CLIENTS
from conformance.report.reproducing.server import SERVER, read
from conformance.report.reproducing.tape import tape
from conformance.report.reproducing.verdict import CannotTell, Fault, Patience

QUIET_WINDOW_S = 0.05
QUIET_DEMAND_S = 0.002
QUIET_WITHIN_S = 5.0
WAKEUPS_WINDOW_S = 0.2
WAKEUPS_A_SECOND = 100  # a virtual machine's housekeeping wakes now and then
ZOMBIES_ALLOWED = 4
CYCLED = 700  # the number of the client that comes and goes
LEVEL_ROUNDS = 8
LEVEL_BYTES = 16384  # a few pages
LEVEL_BYTES_A_CYCLE = 160
SOCKET_TABLES = {"tcp": 9, "tcp6": 9, "udp": 9, "udp6": 9, "raw": 9, "unix": 6, "netlink": 9, "packet": 8}
HELD_BEFORE: set[int] = set()


def await_quiet() -> None:
    """Wait until the server burns no processor time: next to none in one window is enough."""
    began, total_s = time.monotonic(), 0.0
    while True:
        before_s = demand_s()
        time.sleep(QUIET_WINDOW_S)
        used_s = demand_s() - before_s
        if used_s < QUIET_DEMAND_S and not is_runnable():
            return
        total_s += used_s
        elapsed_s = time.monotonic() - began
        if elapsed_s > min(QUIET_WITHIN_S, Patience.silence_s):
            raise Fault("the server comes to rest", f"it wanted {total_s:.2f} s of processor time in {elapsed_s:.2f} s")


def await_few_wakeups() -> None:
    """Wait until the server sleeps on, woken a few times a second at most."""
    began = time.monotonic()
    while True:
        at, before = time.monotonic(), wakeups()
        time.sleep(WAKEUPS_WINDOW_S)
        rate = (wakeups() - before) / (time.monotonic() - at)
        if rate <= WAKEUPS_A_SECOND:
            return
        if time.monotonic() - began > min(QUIET_WITHIN_S, Patience.silence_s):
            raise Fault("the server sleeps with nothing to do", f"it woke {rate:,.0f} times a second")


def await_reaped() -> None:
    """Wait until the server has asked for the status of its children that have ended, the last few apart."""
    if not within_patience(lambda: zombies() <= ZOMBIES_ALLOWED):
        raise Fault("the server waits for its child processes", f"{zombies()} of them are zombies")


def zombies() -> int:
    """How many processes have ended and not been waited for."""
    return sum(found[0] == "Z" for found in map(states, pids()) if found)


def note_sockets() -> None:
    """Take note of the sockets that the server holds before any of this."""
    HELD_BEFORE.update(held_sockets())


def await_released() -> None:
    """Wait until the server holds no socket of a connection that is over."""
    if not within_patience(lambda: not unreleased()):
        raise Fault("the sockets of ended connections are closed", f"it still holds {len(unreleased())} of them")


def unreleased() -> set[int]:
    """The inodes of the sockets it holds that are in no table any more, or whose other end has gone from here."""
    tables = socket_tables()
    here = {each.local[1] for each in CLIENTS.values() if not each.over}
    found = set()
    for inode in held_sockets() - HELD_BEFORE:
        if inode not in tables:
            found.add(inode)  # TCP is done with it, and the server is not
        elif tables[inode][0] == SERVER.address[1] and tables[inode][1] not in here:
            found.add(inode)
    return found


def held_sockets() -> set[int]:
    """The inodes of the sockets that the server holds."""
    found: set[int] = set()
    for pid in pids():
        try:
            names = os.listdir(f"/proc/{pid}/fd")
        except FileNotFoundError:
            continue
        except PermissionError:
            raise CannotTell("the server's descriptors may not be looked at") from None
        for name in names:
            try:
                link = os.readlink(f"/proc/{pid}/fd/{name}")
            except OSError:
                continue
            if link.startswith("socket:["):
                found.add(int(link[len("socket:[") : -1]))
    return found


def socket_tables() -> dict[int, tuple[int, int]]:
    """Each socket that the kernel lists, with its own and its peer's port (0 where it has none)."""
    found = {}
    for name, column in SOCKET_TABLES.items():
        for line in read(Path(f"/proc/{SERVER.pid}/net/{name}")).splitlines()[1:]:
            words = line.split()
            ports = [int(words[at].rpartition(":")[2], 16) if name.startswith("tcp") else 0 for at in (1, 2)]
            found[int(words[column])] = ports[0], ports[1]
    return found


def await_level_memory(cycles: int, size_bytes: int) -> None:
    """In rounds, so often connect, exchange and leave, until the server's memory grows no more."""
    processes, payload = len(pids()), tape(CYCLED, size_bytes)
    before = growth = 0
    for round_ in range(LEVEL_ROUNDS + 1):
        for _ in range(cycles):
            client(CYCLED).connect().ping(payload).half_close().await_end().discard()
            del CLIENTS[CYCLED]
        SERVER.let_it_finish()
        within_patience(lambda: len(pids()) <= processes)
        after = memory_bytes()
        growth, before = after - before, after
        if round_ and growth < max(LEVEL_BYTES, LEVEL_BYTES_A_CYCLE * cycles):
            return
    raise Fault("the server's memory stays bounded", f"it grew by {growth:,} bytes in the last {cycles:,} connections")
