"""Clients that do not read: how far the server is with what it owes them."""

from __future__ import annotations

import termios
import time

from conformance.report.reproducing.client import client
from conformance.report.reproducing.kernel import asked, server_end, waits_for_window
from conformance.report.reproducing.processes import demand_s, is_runnable, memory_bytes
from conformance.report.reproducing.pumping import pump
from conformance.report.reproducing.server import LOOK_AGAIN_S, SERVER, is_asleep
from conformance.report.reproducing.tape import tape
from conformance.report.reproducing.verdict import Fault

STUCK_S = 0.1
UNMOVED_S = 1.0
GLUT_PIECE_BYTES = 65536
GLUT_GROWTH_BYTES = 12 << 20


def await_blocked(number: int) -> None:
    """Wait until the server can give a client that does not read nothing more: its next send falls short.

    Or until what has come stays as it is while the server rests, or for long.
    """
    stalled = client(number)
    last: object = None
    there: object = None
    since = there_since = time.monotonic()

    def is_blocked() -> bool:
        nonlocal last, there, since, there_since
        now, end = time.monotonic(), server_end(stalled.local)
        if end is not None and end.full:
            return True
        unread = asked(stalled, termios.FIONREAD)
        if there != (there := (end, unread, stalled.sent_bytes)):
            there_since = now
        watched = SERVER.process is not None
        if last != (last := (there, demand_s() if watched else None)):
            since = now
            return bool(unread) and now - there_since > UNMOVED_S
        certain = end is not None and not end.writable and watched and not is_runnable()
        return certain or (bool(unread) and now - since > STUCK_S)

    blocked = False
    while not blocked:  # what goes on at the server's end is no silence, though nothing of it is read here
        began = time.monotonic()

        def blocked_or_moved(began: float = began) -> bool:
            nonlocal blocked
            blocked = is_blocked()
            return blocked or there_since > began

        stalled.wait(blocked_or_moved, "its connection stays open while it does not read", 2 * LOOK_AGAIN_S)


def glut(number: int, size_bytes: int) -> None:
    """Send without reading, until all is gone or the server takes no more. Its memory must not follow."""
    glutton = client(number)
    glutton.promised = False
    before, left = memory_bytes(), size_bytes

    def supply() -> bytes:
        nonlocal left
        piece = tape(number, min(left, GLUT_PIECE_BYTES), size_bytes - left)
        left -= len(piece)
        return piece

    def takes_no_more() -> bool:
        if not (left or glutton.unsent_bytes):
            return True
        rests = is_asleep(SERVER.pid) and not is_runnable()
        return rests and waits_for_window(glutton)  # in this order: before it slept it may have opened the window

    glutton.stall().supply_from(supply)
    pump(lambda: glutton.over or takes_no_more(), [glutton], LOOK_AGAIN_S)
    SERVER.let_it_finish()
    growth = memory_bytes() - before
    if growth > GLUT_GROWTH_BYTES:
        raise Fault("the server's memory stays bounded", f"{growth:,} bytes more for {size_bytes - left:,} unread ones")
