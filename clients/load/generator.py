"""One process, one thread, one readiness loop: opens connections, lets them warm up, measures, waits for the rest.

1. Nothing is measured before all connections have been accepted: they are opened some at a time, and the last of these
   has to be answered. Servers accept in order; so no queue overflows, which would cost a second a handshake.
2. Idle connections are not waited for, so they cost the generator nothing. Whether they lasted is seen at the end.
3. A connection that is lost is counted and replaced, but not at once: a server that closes them all is not flooded.
4. A message counts by when it was due. What is still under way at the end is waited for, as long as anything comes, and
   what was due before the end and could not be sent is sent then, unless that takes too long. What is lost with its
   connection or never comes counts with the time that it has waited by then, and is named.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterable, Sequence

from clients.load.connection import Connection, Lost, kind_of
from clients.load.messages import messages_of
from clients.load.pace import NS, ClosedLoop, OpenLoop, Pace
from clients.load.plan import Plan
from clients.load.ports import NoPort, Sources
from clients.load.tally import Tally
from clients.load.waiting import IN, OUT, Waiting

BATCH = 64
SLICE_S = 0.1
OPENING_SILENCE_S = 10.0

clock_ns = time.perf_counter_ns

Watcher = Callable[[str, float, Tally], None]


class Unreachable(Exception):
    """The connections cannot be opened; the message says which, and why."""


class Generator:
    """One run of a plan. `watcher` is told now and then which phase it is in, how far, and what was counted."""

    def __init__(self, plan: Plan, tally: Tally, watcher: Watcher | None = None) -> None:
        self._plan = plan
        self._tally = tally
        self._watcher = watcher
        self._sources = Sources(plan.address)
        self._waiting = Waiting()
        self._messages = [
            message for size in plan.sizes_bytes for message in messages_of(size, plan.profile, plan.chunk_limit_bytes)
        ]
        self._idle: list[socket.socket] = []
        self._by_fd: dict[int, tuple[int, Connection]] = {}
        self._active: list[Connection | None] = []
        self._pace: Pace = ClosedLoop(0)
        self._since_ns: int | None = None
        self._ended_ns: int | None = None
        self._is_counted = False

    def run(self) -> None:
        """Do all of it. Raises `Unreachable` where the connections cannot be opened.

        Interrupted, it counts what it has: what is measured ends there, and nothing more is waited for.
        """
        try:
            self.open(self._plan.idle, self._plan.connections)
            self._flow()
        except KeyboardInterrupt:
            if self._since_ns is not None:
                self._end_of_load()
                self._count_missing()
            raise
        finally:
            self.close()

    def open(self, idle: int, active: int) -> None:
        """Open so many connections more, some at a time, each accepted. Raises `Unreachable`."""
        opened = len(self._idle) + len(self._active)
        for first in range(0, idle, BATCH):
            for connection in self._open_some(opened + first, min(BATCH, idle - first)):
                self._waiting.remove(connection.fd)
                self._idle.append(connection.socket)
        for first in range(0, active, BATCH):
            for connection in self._open_some(opened + idle + first, min(BATCH, active - first)):
                self._by_fd[connection.fd] = len(self._active), connection
                self._active.append(connection)

    def _open_some(self, opened: int, count: int) -> list[Connection]:
        connections: dict[int, Connection] = {}
        try:
            for _ in range(count):
                connection = self._connect()
                connections[connection.fd] = connection
            self._step_until(connections, lambda: all(each.connected for each in connections.values()))
            last = connection
            last.push([clock_ns()])
            self._step_until(connections, lambda: not last.under_way)
        except (Lost, NoPort, OSError) as error:
            for connection in connections.values():
                connection.socket.close()
            kind = kind_of(error) if isinstance(error, OSError) else str(error) or "no port is left to connect from"
            msg = f"{kind}, after {opened} connections"
            raise Unreachable(msg) from None
        return list(connections.values())

    def _step_until(self, connections: dict[int, Connection], done: Callable[[], bool]) -> None:
        """Move these connections; raises `Lost` when any is, or when nothing comes for too long."""
        silence_s = 0.0
        while not done():
            ready = self._waiting.wait(SLICE_S, exact=False)
            silence_s = 0.0 if ready else silence_s + SLICE_S
            if silence_s >= OPENING_SILENCE_S:
                raise Lost(f"silence of {silence_s:.0f} s")
            for fd, _ in ready:
                # Those that were opened before have nothing to hear but their end.
                connection = connections[fd] if fd in connections else self._by_fd[fd][1]
                if not self._finish_connecting(connection):
                    connection.hear()

    def _connect(self) -> Connection:
        plan = self._plan
        sock = self._sources.connect()
        connection = Connection(sock, self._messages, plan.profile, plan.chunk_limit_bytes)
        self._waiting.add(connection.fd, IN | OUT)
        return connection

    def _finish_connecting(self, connection: Connection) -> bool:
        """Take note that the handshake is done, where it was not before. Raises `Lost` where it failed."""
        if connection.connected:
            return False
        error = connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise Lost(kind_of(OSError(error, "")))
        connection.connected = True
        connection.waits_for_room = False
        self._waiting.change(connection.fd, IN)
        return True

    def _flow(self) -> None:
        """Warm up, measure, and wait for what is under way."""
        plan, began_ns = self._plan, clock_ns()
        if plan.rate is None:
            self._pace = ClosedLoop(plan.depth)
        else:
            self._pace = OpenLoop(plan.rate, plan.connections, plan.depth, began_ns)
        for index in range(len(self._active)):
            self._push(index)
        warm_ns = began_ns + int(plan.warm_up_s * NS)
        self._go_on("warm-up", began_ns, warm_ns)
        self._since_ns = clock_ns()
        self._tally.mark(self._since_ns)
        end_ns = self._since_ns + int(plan.duration_s * NS)
        self._go_on("load", self._since_ns, end_ns)
        self._drain()

    def _drain(self) -> None:
        """End what is measured, wait for what is under way, and count what does not come."""
        self._end_of_load()
        for index in range(len(self._active)):
            self._push(index)
        silence_s = 0.0
        while silence_s < self._plan.silence_s and self._is_owed():
            silence_s = 0.0 if self._turn(clock_ns() + int(SLICE_S * NS)) else silence_s + SLICE_S
        self._count_missing()
        self.look_at_idle()

    def _end_of_load(self) -> int:
        """End what is measured, once; returns when that was."""
        if self._ended_ns is None:
            self._ended_ns = clock_ns()
            self._tally.mark(self._ended_ns)
            # A server that is slower than the rate may take many times as long for all that it owes.
            self._pace.end(self._ended_ns, self._ended_ns + int(self._plan.silence_s * NS))
        return self._ended_ns

    def _is_owed(self) -> bool:
        """Whether answers are missing, or messages that were due before the end can still be sent."""
        now_ns = clock_ns()
        return any(
            each.under_way or self._pace.owes(index, now_ns)
            for index, each in enumerate(self._active)
            if each is not None
        )

    def _count_missing(self) -> None:
        """Count what was due before the end and has no answer yet, once."""
        if self._is_counted:
            return
        self._is_counted = True
        self._give_up(due for each in self._connected() for due, _ in each.under_way)
        self._give_up(self._pace.overdue(self._end_of_load()))

    def _give_up(self, dues_ns: Iterable[int]) -> None:
        """Count messages that have no answer with the time that they have waited by now."""
        now_ns, since_ns = clock_ns(), self._since_ns
        for due in dues_ns:
            if since_ns is not None and due >= since_ns:
                self._tally.latencies_us[(now_ns - due) // 1000] += 1
                self._tally.unanswered += 1

    def close(self) -> None:
        """Give all descriptors back."""
        for sock in [*self._idle, *(each.socket for each in self._connected())]:
            sock.close()
        self._waiting.close()

    def _connected(self) -> Iterable[Connection]:
        return (each for each in self._active if each is not None)

    def _go_on(self, phase: str, began_ns: int, end_ns: int) -> None:
        """Turn until the end of a phase; now and then see to what is lost, and tell the watcher."""
        while (now_ns := clock_ns()) < end_ns:
            slice_ns = min(end_ns, now_ns + int(SLICE_S * NS))
            while clock_ns() < slice_ns:
                self._turn(slice_ns)
            for index in [index for index, each in enumerate(self._active) if each is None]:
                self._replace(index)
            if self._watcher is not None:
                self._watcher(phase, (clock_ns() - began_ns) / (end_ns - began_ns), self._tally)

    def _turn(self, until_ns: int) -> bool:
        """Wait once, at most so long, and move what is ready or due; tells whether there was something ready."""
        next_ns = self._pace.next_ns()
        wake_ns = until_ns if next_ns is None else min(until_ns, next_ns)
        began_ns = clock_ns()
        ready = self._waiting.wait(max(0, wake_ns - began_ns) / NS, exact=next_ns is not None)
        self._tally.waited_ns += clock_ns() - began_ns
        for fd, mask in ready:
            index, connection = self._by_fd[fd]
            self._ready(index, connection, mask)
        if next_ns is not None:
            for index in self._pace.ticked(clock_ns()):
                self._push(index)
        return bool(ready)

    def _ready(self, index: int, connection: Connection, mask: int) -> None:
        """Take answers, count them, and send what is due next."""
        try:
            if not self._finish_connecting(connection) and mask & ~OUT:
                answered = connection.hear()
                if answered:
                    self._count(answered)
        except Lost as error:
            self._count(error.answered)
            self._lose(index, connection, str(error))
        else:
            self._push(index)

    def _count(self, answered: Sequence[int]) -> None:
        now_ns, since_ns = clock_ns(), self._since_ns
        self._tally.answered += len(answered)
        if since_ns is not None:
            latencies_us = self._tally.latencies_us
            for due in answered:
                if due >= since_ns:
                    latencies_us[(now_ns - due) // 1000] += 1

    def _push(self, index: int) -> None:
        """Send what a connection owes, if it can."""
        connection = self._active[index]
        if connection is None or not connection.connected:
            return
        due = self._pace.due(index, len(connection.under_way), clock_ns())
        if not due and not connection.unsent:
            return
        try:
            connection.push(due)
        except Lost as error:
            self._lose(index, connection, str(error))
            return
        if bool(connection.unsent) != connection.waits_for_room:
            connection.waits_for_room = not connection.waits_for_room
            self._waiting.change(connection.fd, IN | OUT if connection.waits_for_room else IN)

    def _lose(self, index: int, connection: Connection, kind: str) -> None:
        self._tally.errors[kind] += 1
        self._give_up(due for due, _ in connection.under_way)
        self._waiting.remove(connection.fd)
        del self._by_fd[connection.fd]
        connection.socket.close()
        self._active[index] = None

    def _replace(self, index: int) -> None:
        try:
            connection = self._connect()
        except NoPort:
            self._tally.errors["no port"] += 1
        except OSError as error:
            self._tally.errors[kind_of(error)] += 1
        else:
            self._active[index] = connection
            self._by_fd[connection.fd] = index, connection

    def look_at_idle(self) -> None:
        """Count the idle connections that have ended: told nothing, they have nothing to read, not even an end."""
        for sock in self._idle:
            with contextlib.suppress(BlockingIOError):
                with contextlib.suppress(ConnectionError):
                    sock.recv(1)
                self._tally.errors["idle connection ended"] += 1
