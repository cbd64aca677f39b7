"""The server is stopped; things are done to it; it goes on, and finds all of them at once."""

from __future__ import annotations

import signal
import time

from conformance.report.reproducing.client import Client, client
from conformance.report.reproducing.kernel import (
    accept_queue,
    accept_queue_is_full,
    server_end,
    waits_for_window,
)
from conformance.report.reproducing.processes import pids, send_signal, states
from conformance.report.reproducing.pumping import CLIENTS, pump
from conformance.report.reproducing.server import LOOK_AGAIN_S, SERVER
from conformance.report.reproducing.verdict import CannotTell, Fault

STOPS_WITHIN_S = 10.0
ARRIVES_WITHIN_S = 5.0
SETTLED_S = 0.2


def freeze() -> None:
    """Stop every process of the server (SIGSTOP), and wait until all their threads stand still."""
    deadline = time.monotonic() + 1
    while SERVER.pid and accept_queue()[0] and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN_S)  # it has not accepted everybody who came before
    SERVER.let_it_finish()
    deadline = time.monotonic() + STOPS_WITHIN_S
    while True:
        send_signal(signal.SIGSTOP)
        if all(state in "TtZX" for pid in pids() for state in states(pid)):
            return
        if time.monotonic() > deadline:
            raise CannotTell("the server would not stand still")
        time.sleep(LOOK_AGAIN_S)


def thaw() -> None:
    """Let the server go on (SIGCONT). Who found no room in its accept queue comes now."""
    send_signal(signal.SIGCONT)
    for each in list(CLIENTS.values()):
        if not each.begun and not each.closed:
            if not pump(lambda: not accept_queue_is_full(), list(CLIENTS.values()), LOOK_AGAIN_S):
                raise each.fault("its connection is accepted", "the accept queue stayed full")
            each.begin_handshake()


def join_queue(number: int, *, must_find_room: bool = False, narrow: bool = False, promised: bool = True) -> Client:
    """Connect to the frozen server: the kernel finishes the handshake, and the connection waits to be accepted.

    Where a short queue is full, the client comes when the server goes on.
    """
    newcomer = client(number)
    newcomer.promised = promised
    if accept_queue_is_full():
        if must_find_room:
            raise Fault("the accept queue has room for all of them", f"it was full before client {number} came")
        return newcomer
    newcomer.begin_handshake(narrow=narrow)
    pump(lambda: newcomer.connected or newcomer.over, [newcomer], LOOK_AGAIN_S)
    return arrived(newcomer)


def arrived(sender: Client) -> Client:
    """Wait until what this client did has reached the frozen server's end of its connection.

    What a small window does not let through comes later, and is no part of the batch.
    """
    began = since = time.monotonic()
    last = None
    while sender.begun and sender.local[1]:
        sender.flush()
        end = server_end(sender.local)
        if end is None or end.listening:  # reset, and so gone
            break
        done = end.arrived_bytes >= sender.sent_bytes + (sender.half_closed or sender.closed)
        if (done and not sender.unsent_bytes) or (not sender.closed and waits_for_window(sender)):
            break
        now = time.monotonic()
        last, since = (end, now) if end != last else (last, since)
        if sender.closed and now - since > SETTLED_S:
            break
        if now - began > ARRIVES_WITHIN_S:
            raise CannotTell("what was sent did not arrive at the frozen server")
        time.sleep(LOOK_AGAIN_S)
    return sender
