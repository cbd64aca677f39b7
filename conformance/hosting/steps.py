"""Does the steps of a script on one connection, and to the client. Each is a generator that yields while it waits.

Each raises `Halted` where it cannot be done.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Generator

from conformance.harness import script as s
from conformance.harness.kernel import waits_for_window
from conformance.harness.tape import tape
from conformance.harness.text import plain, seconds
from conformance.harness.transcript import Halted, Trouble
from conformance.hosting import script as h
from conformance.hosting.connection import Connection, reply
from conformance.hosting.listener import Listener
from conformance.hosting.process import ClientProcess
from conformance.hosting.record import first_difference

REST_WINDOW_S = 0.05
REST_DEMAND_S = 0.002
RESTS_WITHIN_S = 5.0
UNCHANGED_S = 0.1
TAKEN_WITHIN_S = 1.0
SHOWN_BYTES = 32
GROWTH_BYTES = 12 << 20
SUPPLY_BYTES = 1 << 20
MUCH, PERIOD_BYTES = 1, 262147  # whose tape, and how much of it

Waiting = Generator[None, None, None]


class Steps:
    """The steps, done to `client`. A client that is `typed` sends just what is on its standard input."""

    def __init__(self, client: ClientProcess, listener: Listener, *, typed: bool, half_closes: bool) -> None:
        self._client = client
        self._listener = listener
        self._typed_through = typed
        self._half_closes = half_closes
        self._typed = bytearray()
        self._input_over = False
        self._cut_short = False  # the conversation was, on one of its connections
        self._done: dict[type[s.Step], Callable[..., Waiting]] = {
            h.Hear: self._hear,
            h.Collect: self._collect,
            h.AwaitHalfClose: self._await_half_close,
            h.Answer: self._answer,
            h.Converse: self._converse,
            h.Say: self._say,
            h.SayMuch: self._say_much,
            h.Fin: self._fin,
            h.BreakOff: self._break_off,
            h.ReadNothing: self._read_nothing,
            h.ReadOn: self._read_on,
            h.Pour: self._pour,
            h.Stuff: self._stuff,
        }
        self._done_without: dict[type[s.Step], Callable[..., Waiting]] = {
            h.Refuse: self._refuse,
            h.KeepWaiting: self._keep_waiting,
            h.Type: self._type,
            h.TypeMuch: self._type_much,
            h.EndInput: self._end_input,
            h.LeaveUnread: self._leave_unread,
            h.TakeOutput: self._take_output,
            h.AwaitIdle: self._await_idle,
            h.AwaitExit: self._await_exit,
        }

    def do(self, connection: Connection, step: s.Step) -> Waiting:
        """Do one step; none on a connection that the client gave up because of another one."""
        if connection.given_up and not isinstance(step, h.AwaitExit):
            return
        if type(step) in self._done:
            yield from self._done[type(step)](connection, step)
        else:
            yield from self._done_without[type(step)](step)

    def before(self, step: s.Step) -> Waiting:
        """Do what needs no connection, and wait for one to do the rest with."""
        if type(step) in self._done_without:
            yield from self._done_without[type(step)](step)
        else:
            yield from self._until(lambda: False)

    # Waiting

    def _until(self, condition: Callable[[], bool], connection: Connection | None = None) -> Waiting:
        """Wait for a condition, as long as anything can still bring it about."""
        while not condition():
            if connection is not None and connection.lost is not None:
                raise Halted(Trouble.ENDED, f"the client ended the connection: {connection.lost}")
            if self._client.ended():
                for _ in range(2):  # what it had sent may be on its way through the loop
                    yield
                if condition():
                    return
                raise Halted(Trouble.ENDED, f"the client {self._client.state()}")
            yield

    def _all_said(self, connection: Connection) -> bool:
        """Whether the client has nothing more to say, and has said so if it ever does."""
        if connection.heard_end:
            return True
        everything = self._typed_through and self._input_over and len(connection.heard) >= len(self._typed)
        return everything and not self._half_closes

    def _see_that_all_came(self, connection: Connection) -> None:
        if not self._typed_through:
            return
        heard, typed = connection.heard, self._typed
        if heard != typed and (self._input_over or not typed.startswith(heard)):
            at = first_difference(heard, typed)
            sent, was = (plain(bytes(one[at : at + SHOWN_BYTES])) or "nothing" for one in (heard, typed))
            msg = f"at byte {at:,} of {len(typed):,} that were typed it sent {sent}, where {was} was due"
            raise Halted(Trouble.FAULT, msg)

    # On a connection

    def _hear(self, connection: Connection, _: h.Hear) -> Waiting:
        yield from self._until(lambda: bool(connection.due) or connection.heard_end, connection)
        if connection.due:
            yield from self._hear_more(connection)
            return
        if not self._cut_short:
            raise Halted(Trouble.ENDED, "the client ended its direction and had said nothing")
        connection.given_up = True

    def _hear_more(self, connection: Connection) -> Waiting:
        """Wait for more than was heard by the last such step, or until the client rests: it may await an answer."""
        with contextlib.suppress(Halted):  # whether it ever rests is asked elsewhere
            for _ in self._await_idle(None):
                if connection.heard_end or connection.lost or len(connection.heard) > connection.listened_bytes:
                    break
                yield
        connection.listened_bytes = len(connection.heard)

    def _collect(self, connection: Connection, _: h.Collect) -> Waiting:
        yield from self._until(lambda: self._all_said(connection), connection)
        self._see_that_all_came(connection)

    def _await_half_close(self, connection: Connection, _: h.AwaitHalfClose) -> Waiting:
        yield from self._until(lambda: connection.heard_end, connection)
        self._see_that_all_came(connection)

    def _answer(self, connection: Connection, step: h.Answer) -> Waiting:
        yield from self._give(connection, _answer_to(connection), step.piece_bytes, step.most_bytes)

    def _converse(self, connection: Connection, step: h.Converse) -> Waiting:
        while True:
            yield from self._until(lambda: bool(connection.due) or self._all_said(connection), connection)
            if not connection.due:
                break
            if step.late:
                yield from self._await_idle(None)
            yield from self._give(connection, _answer_to(connection), step.piece_bytes)
        self._see_that_all_came(connection)

    def _say(self, connection: Connection, step: h.Say) -> Waiting:
        yield from self._give(connection, step.data, step.piece_bytes)

    def _say_much(self, connection: Connection, step: h.SayMuch) -> Waiting:
        yield from self._give(connection, much(step.size_bytes), 0)

    def _give(self, connection: Connection, data: bytes, piece_bytes: int, most_bytes: int = 0) -> Waiting:
        """Send in pieces, each when the client has taken the last: only then do they arrive apart."""
        if most_bytes and most_bytes < len(data):
            data, connection.cut = data[:most_bytes], True
        size = piece_bytes or len(data) or 1
        for at in range(0, len(data), size):
            connection.say(data[at : at + size])
            yield from self._until(lambda: not connection.unsaid, connection)
            deadline = time.monotonic() + TAKEN_WITHIN_S  # who is not there to read gets them together
            while piece_bytes and not connection.taken() and time.monotonic() < deadline:
                yield

    def _fin(self, connection: Connection, _: h.Fin) -> Waiting:
        yield from self._until(lambda: not connection.unsaid, connection)
        self._cut_short |= connection.cut
        connection.finish()

    def _break_off(self, connection: Connection, _: h.BreakOff) -> Waiting:
        yield from self._until(lambda: not connection.unsaid, connection)
        self._cut_short = True
        connection.break_off()

    def _read_nothing(self, connection: Connection, _: h.ReadNothing) -> Waiting:
        connection.reading = False
        yield

    def _read_on(self, connection: Connection, _: h.ReadOn) -> Waiting:
        connection.reading = True
        yield

    # What must not grow

    def _pour(self, connection: Connection, step: h.Pour) -> Waiting:
        poured = 0

        def supply() -> bool:
            nonlocal poured
            if len(connection.unsaid) < SUPPLY_BYTES and poured < step.size_bytes:
                connection.say(much(SUPPLY_BYTES))
                poured += SUPPLY_BYTES
            connection.flush()
            return bool(connection.unsaid) or poured < step.size_bytes

        yield from self._fill(
            connection, supply, lambda: (len(connection.said), waits_for_window(connection.socket.fileno()))
        )

    def _stuff(self, connection: Connection, step: h.Stuff) -> Waiting:
        stuffed = 0

        def supply() -> bool:
            nonlocal stuffed
            if len(self._client.unfed) < SUPPLY_BYTES and stuffed < step.size_bytes:
                stuffed += SUPPLY_BYTES
                self._typed += much(SUPPLY_BYTES)
                self._client.feed(much(SUPPLY_BYTES))
            self._client.write()
            return bool(self._client.unfed) or stuffed < step.size_bytes

        yield from self._fill(connection, supply, lambda: self._client.fed_bytes)

    def _fill(self, connection: Connection, supply: Callable[[], bool], progress: Callable[[], object]) -> Waiting:
        """Supply until nothing more is taken by a client that rests, or nothing is left; see that it did not grow.

        Each look follows an attempt to hand over more: the time in which nobody tried may have been ours.
        """
        tree = self._client.tree
        before = tree.memory_bytes()
        seen, since = progress(), time.monotonic()
        while supply():
            if connection.over or self._client.ended():
                break
            now = time.monotonic()
            if seen != (seen := progress()) or tree.runnable() or not tree.sleeps():
                since = now
            elif now - since > UNCHANGED_S:
                break
            yield
        growth = tree.memory_bytes() - before
        if growth > GROWTH_BYTES:
            raise Halted(Trouble.GROWN, f"it grew by {growth:,} bytes with what it could not pass on")

    # To the client

    def _refuse(self, _: h.Refuse) -> Waiting:
        yield

    def _keep_waiting(self, _: h.KeepWaiting) -> Waiting:
        yield from self._until(self._listener.asked)
        self._listener.make_room()
        yield from self._until(lambda: False)  # the connection that comes goes on from here

    def _type(self, step: h.Type) -> Waiting:
        self._typed += step.data
        self._client.feed(step.data)
        yield

    def _type_much(self, step: h.TypeMuch) -> Waiting:
        yield from self._type(h.Type(much(step.size_bytes)))

    def _end_input(self, _: h.EndInput) -> Waiting:
        self._input_over = True
        self._client.end_input()
        yield

    def _leave_unread(self, _: h.LeaveUnread) -> Waiting:
        self._client.takes_output = False
        yield

    def _take_output(self, _: h.TakeOutput) -> Waiting:
        self._client.takes_output = True
        yield

    def _await_idle(self, _: h.AwaitIdle | None) -> Waiting:
        tree = self._client.tree
        began, total_s = time.monotonic(), 0.0
        while True:
            before_s, fed_bytes, window_began = tree.demand_s(), self._client.fed_bytes, time.monotonic()
            while time.monotonic() - window_began < REST_WINDOW_S:
                yield
            demand_s = tree.demand_s() - before_s
            waits_for_us = self._client.write() or self._client.fed_bytes != fed_bytes
            if waits_for_us:
                began, total_s = time.monotonic(), 0.0
                continue
            if demand_s < REST_DEMAND_S and not tree.runnable():
                return
            total_s += max(0.0, demand_s)
            elapsed_s = time.monotonic() - began
            if elapsed_s > RESTS_WITHIN_S:
                raise Halted(Trouble.BUSY, f"{seconds(total_s)} of processor time wanted in {seconds(elapsed_s)}")

    def _await_exit(self, step: h.AwaitExit) -> Waiting:
        while not self._client.ended():
            yield
        status = self._client.exit_status()
        if (step.status == h.ZERO and status) or (step.status == h.NOT_ZERO and not status):
            raise Halted(Trouble.STATUS, f"it {self._client.state()}")


@functools.lru_cache(maxsize=4)
def much(size_bytes: int) -> bytes:
    """Bytes in which a place is recognisable for as far as any buffer reaches, and which cost little to make."""
    return (tape(MUCH, PERIOD_BYTES) * (size_bytes // PERIOD_BYTES + 1))[:size_bytes]


def _answer_to(connection: Connection) -> bytes:
    """The replies to all that was heard and is not answered."""
    replies = b"".join(map(reply, connection.due))
    connection.due.clear()
    return replies
