"""One client connection, and what it can be told to do."""

from __future__ import annotations

import collections
import errno
import select
import socket
import struct
from collections.abc import Callable

from conformance.report.reproducing.pumping import CLIENTS, SLICE_S, pump
from conformance.report.reproducing.received import Answers
from conformance.report.reproducing.server import SERVER, family_of
from conformance.report.reproducing.tape import tape
from conformance.report.reproducing.verdict import Fault, Patience

# With segments and a window this small a server's sends fall short after some 12 KB, not after megabytes.
NARROW_SEGMENT_BYTES = 290
NARROW_BUFFER_BYTES = 1  # the kernel makes it its smallest
RECEIVE_BYTES = 65536
FLOOD_PIECE_BYTES = 8192
FLOOD_AHEAD_BYTES = 32768
QUICKACK = getattr(socket, "TCP_QUICKACK", None)  # Linux: acknowledge at once


def client(number: int) -> Client:
    """The client of that number."""
    if number not in CLIENTS:
        CLIENTS[number] = Client(number)
    return CLIENTS[number]


class Client:
    """A connection that never blocks: each step does what the kernel allows at once, and `pump` moves the rest.

    Bytes go both ways at all times. A client that sends everything before it reads deadlocks against correct servers.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.answers = Answers()
        self.promised = True  # whether it is owed anything
        self.begun = self.connected = self.half_closed = self.closed = False
        self.reading = True
        self.ending: str | None = None  # how the server ended the connection, if it did
        self.sent_bytes = self.received_bytes = 0
        self.local: tuple[str, int] = ("", 0)
        self._outgoing: collections.deque[memoryview] = collections.deque()
        self._supply: Callable[[], bytes] | None = None
        self._shut_when_sent = False
        self.socket = socket.socket(family_of(SERVER.address[0]))
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # The steps

    def connect(self, *, narrow: bool = False, promised: bool = True) -> Client:
        """Open the connection. A narrow client offers a small window; who is not promised anything is owed nothing."""
        self.promised = promised
        self.begin_handshake(narrow=narrow)
        self.wait(lambda: self.connected, "its connection is accepted")
        return self

    def send(self, data: bytes) -> Client:
        """Hand bytes over. What the kernel does not take at once goes out during later steps."""
        self.answers.sent += data
        self._outgoing.append(memoryview(data))
        self.flush()
        return self

    def await_answers(self) -> Client:
        """Wait until everything that was sent is answered."""
        self.wait(lambda: self.answers.settled, "it gets a reply to every byte it sent")
        return self

    def ping(self, data: bytes) -> Client:
        """Send, and wait until everything is answered."""
        return self.send(data).await_answers()

    def flood(self) -> Client:
        """Send without end until the half-close, always a little ahead of the answers."""
        handed_over = 0

        def supply() -> bytes:
            nonlocal handed_over
            if handed_over - self.answers.answered > FLOOD_AHEAD_BYTES:
                return b""
            piece = tape(self.number, FLOOD_PIECE_BYTES, handed_over)
            handed_over += len(piece)
            self.answers.sent += piece
            return piece

        self.supply_from(supply)
        return self

    def half_close(self) -> Client:
        """Say that nothing more will be sent (shutdown SHUT_WR), and go on reading."""
        self._leaving()
        self._supply = None
        self._shut_when_sent = True
        self.flush()
        return self

    def await_end(self) -> Client:
        """Read to the end of the stream: every reply owed must come, then FIN."""
        expected = "it gets every reply owed and then FIN"
        self.wait(lambda: self.ending == "FIN", expected)
        if not self.answers.settled:
            raise self.fault(expected, "the server ended the connection (FIN)")
        return self

    def close(self) -> Client:
        """Close both directions. What is owed is not asked for any more."""
        self._leaving()
        self.promised = False
        self.discard()
        return self

    def reset(self) -> Client:
        """End the connection by a reset: linger with no time to linger (SO_LINGER)."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return self.close()

    def urgent(self) -> Client:
        """Send one out-of-band byte. The connection may be kept or closed."""
        self.promised = False
        try:
            self.socket.send(b"!", socket.MSG_OOB)
        except BlockingIOError:
            pass
        except OSError:
            self.ending = "a reset"
        return self

    def stall(self) -> Client:
        """Read nothing until `resume`."""
        self.reading = False
        return self

    def resume(self) -> Client:
        """Read again."""
        self.reading = True
        return self

    # What they are made of

    @property
    def over(self) -> bool:
        """Whether nothing more can come of this connection."""
        return self.closed or self.ending is not None

    @property
    def unsent_bytes(self) -> int:
        """What the kernel has not taken yet."""
        return sum(map(len, self._outgoing))

    def wait(self, done: Callable[[], bool], expected: str, slice_s: float = SLICE_S) -> None:
        """Pump until `done`. Raises `Fault` for a wrong answer, an end, or silence."""
        reached = False

        def enough() -> bool:
            nonlocal reached
            reached = done()  # asked once a turn: what it looks at may move on
            return reached or self.over or self.answers.wrong is not None

        moved = pump(enough, [self], slice_s)
        if self.answers.wrong is not None:
            due, came = self.answers.wrong
            raise Fault(f"client {self.number}'s answer goes on with {due}", f"{came} came instead")
        if not moved:
            raise self.fault(expected, f"nothing more came for {Patience.silence_s:g} s")
        if not reached:
            raise self.fault(expected, f"the server ended the connection ({self.ending})")

    def fault(self, expected: str, actual: str) -> Fault:
        """What to say of this client's connection."""
        progress = f"{self.answers.answered:,} of the {len(self.answers.sent):,} bytes it sent were answered"
        return Fault(f"client {self.number}: {expected}", f"{actual}; {progress}")

    def begin_handshake(self, *, narrow: bool = False) -> None:
        """Start it; `connected` or `ending` tells what came of it, once pumped."""
        if narrow:  # both count only when they are set before the handshake
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, NARROW_SEGMENT_BYTES)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BUFFER_BYTES)
        self.begun = True
        error = self.socket.connect_ex(SERVER.address)
        if error not in {0, errno.EINPROGRESS}:
            self.ending = "refused" if error == errno.ECONNREFUSED else "a reset"
        else:
            self._look_whether_connected()

    def supply_from(self, supply: Callable[[], bytes]) -> None:
        """Ask for more to send whenever the kernel has taken all there was."""
        self._supply = supply
        self.flush()

    def interest(self) -> int:
        """What poll(2) is to look for; 0 for nothing, and then it must not be asked at all."""
        if self.over:
            return 0
        if not self.connected:
            return select.POLLOUT if self.begun else 0
        return (select.POLLIN if self.reading else 0) | (select.POLLOUT if self._outgoing else 0)

    def ready(self, events: int) -> None:
        """Do what poll(2) says can be done."""
        if not self.connected:
            self._look_whether_connected()
            return
        if self.reading and events & ~select.POLLOUT:
            self.receive()
        if not self.over:
            self.flush()

    def flush(self) -> None:
        """Give the kernel what it takes."""
        while self.connected and not self.over and self._has_more():
            try:
                sent = self.socket.send(self._outgoing[0])
            except BlockingIOError:
                return
            except OSError:  # the server ended the connection; what it said before is still there to be read
                self._outgoing.clear()
                if not self.reading:
                    self.ending = "a reset"
                return
            self.sent_bytes += sent
            rest = self._outgoing.popleft()[sent:]
            if rest:
                self._outgoing.appendleft(rest)
        if self._shut_when_sent and not self.half_closed and self.connected and not self.over:
            self.half_closed = True
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:  # a reset came first, and recv tells of it
                return

    def _has_more(self) -> bool:
        if not self._outgoing and self._supply is not None:
            more = self._supply()
            if more:
                self._outgoing.append(memoryview(more))
        return bool(self._outgoing)

    def receive(self) -> None:
        """Take one piece of what has arrived, if anything has."""
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.ending = "a reset"
            return
        if not data:
            self.ending = "FIN"
            return
        if QUICKACK is not None:
            self.socket.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        self.received_bytes += len(data)
        self.answers.hear(data)

    def discard(self) -> None:
        """Give the descriptor back."""
        self._outgoing.clear()
        self._supply = None
        self.closed = True
        self.socket.close()

    def _leaving(self) -> None:
        """With nothing owed, it leaves a server that has done what it was doing."""
        if self.answers.settled:
            SERVER.let_it_finish()

    def _look_whether_connected(self) -> None:
        error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self.ending = "refused" if error == errno.ECONNREFUSED else "a reset"
            return
        try:
            self.socket.getpeername()
        except OSError:  # the handshake is still under way
            return
        self.connected = True
        self.local = self.socket.getsockname()[:2]
        self.flush()
