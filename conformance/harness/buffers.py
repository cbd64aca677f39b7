"""What fills up: the windows and buffers between a client and the server, and the server's memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from clients.peer import Peer
from conformance.harness import script as s
from conformance.harness.kernel import unread_bytes, waits_for_window
from conformance.harness.patience import Allowance
from conformance.harness.server import Server
from conformance.harness.server_steps import ServerSteps
from conformance.harness.tape import tape
from conformance.harness.transcript import Halted, Trouble

LOOK_AGAIN_S = 0.0005
UNCHANGED_S = 0.1
UNMOVED_S = 1.0
# Of a client that reads nothing: what a server may keep of it.
GLUT_PIECE_BYTES = 65536
GLUT_GROWTH_BYTES = 12 << 20
LEVEL_ROUNDS = 8
LEVEL_BYTES_A_CYCLE = 160
LEVEL_LEAST_BYTES = 16384  # a few pages


class Pump(Protocol):
    """What keeps all clients going."""

    def __call__(self, about: list[Peer], until: Callable[[], bool], *, slice_s: float) -> None:
        """Pump them until a condition holds. Raises `Halted` after a silence of those it is about."""


class Buffers:
    """Fills and watches what lies between `server` and its clients. Each step raises `Halted` where it cannot be done.

    `pump` is how all clients go on meanwhile.
    """

    def __init__(self, server: Server, server_steps: ServerSteps, pump: Pump) -> None:
        self._server = server
        self._server_steps = server_steps
        self._pump = pump

    def await_blocked(self, peer: Peer) -> None:
        """Wait until the server's sends to a peer that reads nothing fall short."""
        looks = _Blocked(self._server, peer)
        done = False
        while not done:  # what goes on at the server's end is no silence, though nothing of it is read here
            began = time.monotonic()

            def done_or_moved(began: float = began) -> bool:
                nonlocal done
                done = looks.blocked() or peer.over
                return done or looks.there_since > began

            self._pump([peer], done_or_moved, slice_s=LOOK_AGAIN_S * 2)
        if peer.over:
            raise Halted(Trouble.ENDED)

    def glut(self, peer: Peer, step: s.Glut) -> None:
        """Send much and read nothing of the answers; see that the server keeps little of it.

        Done when all is gone, when the client was dropped, or when the server lets the window close. One that rests
        will not open it again; of one that burns processor time, a long while is enough. So is a whole silence, which
        is over sooner on a crowded machine, and where there is little patience.
        """
        tree = self._server_steps.tree()
        before = tree.memory_bytes()
        left = step.size_bytes
        taken, unmoved = peer.sent_bytes, Allowance(UNMOVED_S, self._server.in_line_s)

        def supply() -> bytes:
            nonlocal left
            piece = tape(step.client, min(left, GLUT_PIECE_BYTES), step.size_bytes - left)
            left -= len(piece)
            return piece

        def takes_no_more() -> bool:
            if peer.over or not (left or peer.unsent_bytes):
                return True
            nonlocal taken, unmoved
            if taken != (taken := peer.sent_bytes):
                unmoved = Allowance(UNMOVED_S, self._server.in_line_s)
            if not waits_for_window(peer.fileno()):
                return False
            # Asked again after the server was seen to rest: until then it may have opened the window.
            return (self._server.rests() and waits_for_window(peer.fileno())) or unmoved.spent()

        peer.stall()
        peer.flood(supply)
        try:
            self._pump([peer], takes_no_more, slice_s=LOOK_AGAIN_S)
        except Halted as halted:
            if halted.trouble is not Trouble.SILENCE or not waits_for_window(peer.fileno()):
                raise
        self._server.let_it_finish()
        growth = tree.memory_bytes() - before
        if growth > GLUT_GROWTH_BYTES:
            sent = f"{step.size_bytes - left:,} bytes that were sent and not answered"
            raise Halted(Trouble.GROWN, f"it grew by {growth:,} bytes with the {sent}")

    def await_level(self, cycle: Callable[[], None], cycles: int) -> None:
        """Let a client come and go until memory is level.

        In rounds of so many `cycles`: what is kept for a connection that is over would show in each of them.
        """
        tree = self._server_steps.tree()
        processes = len(tree.pids())
        before = growth = 0
        for round_ in range(LEVEL_ROUNDS + 1):
            for _ in range(cycles):
                cycle()
            self._server.let_it_finish()
            self._server_steps.within(lambda: len(tree.pids()) <= processes)
            after = tree.memory_bytes()
            growth, before = after - before, after
            if round_ and growth < max(LEVEL_LEAST_BYTES, LEVEL_BYTES_A_CYCLE * cycles):
                return
        each_time = f"by {growth:,} bytes in the last {cycles:,} connections"
        raise Halted(Trouble.GROWN, f"it grew in each of {LEVEL_ROUNDS} rounds, {each_time}")


class _Blocked:
    """Looks at the server's end of a connection whose client reads nothing."""

    def __init__(self, server: Server, peer: Peer) -> None:
        self._server = server
        self._peer = peer
        self._there: object = None  # what is on its way at both ends
        self._last: object = None  # that, and how busy the server has been
        self._since = self.there_since = time.monotonic()

    def blocked(self) -> bool:
        """The next send falls short; or what is there stays as it is while the server rests, or for long."""
        peer, tree = self._peer, self._server.tree
        now = time.monotonic()
        end = self._server.kernel.server_end(self._server.address, peer.local) if peer.local else None
        if end is not None and end.send_buffer_full:
            return True
        unread = unread_bytes(peer.fileno())
        if self._there != (there := (end, unread, peer.sent_bytes)):
            self._there, self.there_since = there, now
        if self._last != (last := (there, tree.demand_s() if tree is not None else None)):
            self._last, self._since = last, now
            return bool(unread) and now - self.there_since > UNMOVED_S  # it is busy, and with something else
        certain = end is not None and not end.writable and self._server.rests()
        return certain or (bool(unread) and now - self._since > UNCHANGED_S)
