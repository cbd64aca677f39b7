"""What moves the bytes of all connections."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from conformance.report.reproducing.processes import in_line_s, patience_is_over

if TYPE_CHECKING:
    from conformance.report.reproducing.client import Client

SLICE_S = 0.1
CLIENTS: dict[int, Client] = {}
BUSY_WITH_OTHERS: list[Callable[[], bool]] = []  # asked after a silence: who serves others meanwhile may go on


def pump(until: Callable[[], bool], about: list[Client], slice_s: float = SLICE_S) -> bool:
    """Move bytes both ways on all connections until something holds; False when those it is about fall silent.

    Silence is counted in turns, of which none counts for more than `SLICE_S`: a time in which this process did not run
    is no silence of the server's. Neither is one in which the server stood in line for a processor.
    """
    silence_s = in_line_before_s = 0.0
    while not until():
        began = time.monotonic()
        poller = select.poll()
        asked: dict[int, Client] = {}
        for each in {id(one): one for one in (*CLIENTS.values(), *about)}.values():
            interest = each.interest()
            if interest:
                asked[each.socket.fileno()] = each
                poller.register(each.socket, interest)
        moved = False
        for descriptor, events in poller.poll(slice_s * 1000):
            asked[descriptor].ready(events)
            moved = moved or asked[descriptor] in about
        before_s = silence_s
        silence_s = 0.0 if moved else silence_s + min(time.monotonic() - began, SLICE_S)
        if before_s < SLICE_S <= silence_s:  # it lasts: few do, and a look costs more than most of them
            in_line_before_s = in_line_s()
        if patience_is_over(silence_s, in_line_before_s):
            if not any(is_busy() for is_busy in BUSY_WITH_OTHERS):
                return False
            silence_s = 0.0
    return True
