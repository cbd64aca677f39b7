"""The server's end of one connection. It never blocks, and remembers what was said and heard."""

from __future__ import annotations

import collections
import contextlib
import socket
import struct
import time

from clients.peer import Event
from conformance.harness.kernel import KernelView, TcpState

CHUNK_BYTES = 1024
CHUNKS_AT_ONCE = 16
SEND_BYTES = 65536
KEPT_EVENTS = 64


def reply(chunk: bytes) -> bytes:
    """What the profile `received` answers to a chunk."""
    return b"Server received " + repr(chunk).encode("ascii")


class Connection:
    """`number` counts from 1, in the order in which they were accepted."""

    def __init__(self, number: int, accepted: socket.socket, kernel: KernelView) -> None:
        self.number = number
        self.socket = accepted
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.said = bytearray()  # all that was handed to the kernel
        self.unsaid = bytearray()
        self.heard = bytearray()
        self.listened_bytes = 0  # how much of that there was when something was last waited for
        self.due: collections.deque[bytes] = collections.deque()  # chunks that are not answered
        self.heard_end = False
        self.lost: str | None = None  # what the kernel said when it was
        self.reading = True
        self.finished = False  # by a FIN of ours
        self.broken_off = False
        self.cut = False  # a reply was
        self.given_up = False  # by its client, for what happened on another one
        self.events: collections.deque[Event] = collections.deque(maxlen=KEPT_EVENTS)
        self._kernel = kernel
        self._here, self._there = accepted.getsockname()[:2], accepted.getpeername()[:2]
        self.note("connect")

    def note(self, what: str, size_bytes: int = 0) -> None:
        """Write down what happened."""
        self.events.append(Event(time.monotonic(), what, size_bytes))

    @property
    def wants_to_read(self) -> bool:
        """Whether it reads: not while something is on its way out."""
        return self.reading and not self.unsaid and not self.over and not self.heard_end

    @property
    def over(self) -> bool:
        """Whether nothing can happen on it any more."""
        return self.broken_off or self.lost is not None

    def receive(self) -> bool:
        """Take a few chunks; tells whether anything came."""
        return sum(self._receive_one() for _ in range(CHUNKS_AT_ONCE)) > 0

    def _receive_one(self) -> bool:
        if not self.wants_to_read:
            return False
        try:
            data = self.socket.recv(CHUNK_BYTES)
        except BlockingIOError:
            return False
        except OSError as error:
            self._lose(error)
            return True
        if data:
            self.heard += data
            self.due.append(data)
            self.note("send", len(data))
        else:
            self.heard_end = True
            self.note("FIN")
        return True

    def say(self, data: bytes) -> None:
        """Send, as far as the kernel takes it; the rest goes with `flush`."""
        self.unsaid += data
        self.flush()

    def flush(self) -> bool:
        """Send what is left; tells whether anything went."""
        before = len(self.said)
        try:
            while self.unsaid and not self.over:
                sent = self.socket.send(self.unsaid[:SEND_BYTES])
                self.said += self.unsaid[:sent]
                del self.unsaid[:sent]
        except BlockingIOError:
            pass
        except OSError as error:
            self._lose(error)
            return True
        if len(self.said) > before:
            self.note("receive", len(self.said) - before)
        return len(self.said) > before

    def _lose(self, error: OSError) -> None:
        self.lost = error.strerror or str(error)
        self.unsaid.clear()
        self.note("reset")

    def taken(self) -> bool:
        """Whether the client has read all that was sent to it; True where nobody can tell."""
        if self.over or not self._kernel.available:
            return True
        end = self._kernel.server_end(self._there, self._here)  # the other end: the kernel asks not which is whose
        if end is None or end.state == TcpState.LISTEN:
            return True
        return not end.unread_bytes and not self._unacknowledged()

    def _unacknowledged(self) -> bool:
        end = self._kernel.server_end(self._here, self._there)
        return end is not None and end.state != TcpState.LISTEN and end.unacknowledged_bytes > self.finished

    def finish(self) -> None:
        """Send FIN."""
        self.finished = True
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._lose(error)

    def break_off(self) -> None:
        """Reset it."""
        self.broken_off = True
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        self.note("reset by the server")

    def discard(self) -> None:
        """Give the socket back."""
        with contextlib.suppress(OSError):
            self.socket.close()
