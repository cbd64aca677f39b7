"""The server at the limit of its descriptors."""

from __future__ import annotations

import os
import resource
import time

from conformance.report.reproducing.client import client
from conformance.report.reproducing.processes import pids
from conformance.report.reproducing.pumping import CLIENTS
from conformance.report.reproducing.server import LOOK_AGAIN_S, SERVER
from conformance.report.reproducing.verdict import CannotTell, Fault, Patience

LIMITS_BEFORE: dict[int, tuple[int, int]] = {}


def exhaust(spare: int) -> None:
    """Lower the limit of each of its processes (prlimit(2)) until it can open so many descriptors and no more.

    The limit bounds the number of a new descriptor; it is never below the count of open ones, which poll(2) refuses.
    """
    SERVER.let_it_finish()
    for pid in pids():
        try:
            held = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
            free = [number for number in range(len(held) + spare + 1) if number not in held]
            soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            LIMITS_BEFORE.setdefault(pid, (soft, hard))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (max(free[spare], len(held)), hard))
        except (FileNotFoundError, ProcessLookupError):
            continue
        except PermissionError:
            raise CannotTell("the server's limits may not be set") from None


def release() -> None:
    """Give the server back the limits that it had."""
    SERVER.let_it_finish()
    for pid in pids():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, LIMITS_BEFORE.get(pid, LIMITS_BEFORE[SERVER.pid]))


def insist(number: int, data: bytes) -> None:
    """Connect and do a round trip, on a new connection each time that one is ended, until one is served."""
    began = time.monotonic()
    while True:
        newcomer = client(number)
        try:
            newcomer.connect().ping(data)
        except Fault:
            turned_away = newcomer.ending is not None and not newcomer.received_bytes
            if not turned_away or time.monotonic() - began > Patience.silence_s:
                raise
            newcomer.discard()
            del CLIENTS[number]
            time.sleep(LOOK_AGAIN_S)
        else:
            return
