"""The datagram peer: one UDP socket that asks one server, and remembers what came of it.

1. It never blocks, and is moved by `pump` beside the connections.
2. Its socket is connected (udp(7)): it hears only the address that it asks, and learns from ICMP that nobody is there.
3. What it sends is one datagram for each call, an empty one included.
"""

from __future__ import annotations

import collections
import errno
import select
import socket
from collections.abc import Callable

from clients.peer import Address, Ending, Event, Story, family_of

LARGEST_BYTES = 65536


class DatagramPeer:
    """A sender of datagrams to `address`. `heard` is called with each one that comes back."""

    def __init__(
        self, address: Address, *, keep_bytes: int = 1 << 20, heard: Callable[[bytes], None] | None = None
    ) -> None:
        self.socket = socket.socket(family_of(address), socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(address)  # sends nothing
        self.local: Address = self.socket.getsockname()[:2]
        self.ending: Ending | None = None
        self.closed = False
        self.keep_bytes = keep_bytes
        self.received = bytearray()
        self.received_bytes = 0
        self.sent_bytes = 0
        self._heard = heard
        self._outgoing: collections.deque[bytes] = collections.deque()
        self._story = Story()

    def send(self, data: bytes) -> None:
        """Send one datagram, after those that found no room before."""
        self._outgoing.append(data)
        self.flush()

    def vanish(self) -> None:
        """Close the socket: what comes for it from now on is refused by ICMP."""
        self._story.note("close")
        self.discard()

    def discard(self) -> None:
        """Give the descriptor back."""
        self._outgoing.clear()
        self.socket.close()
        self.closed = True

    @property
    def over(self) -> bool:
        """Whether nothing more can come."""
        return self.closed or self.ending is not None

    @property
    def all_sent(self) -> bool:
        """Whether the kernel has taken every datagram."""
        return not self._outgoing

    @property
    def events(self) -> list[Event]:
        """The first and the last of what happened."""
        return self._story.events

    # What moves it: called by `pump`

    def fileno(self) -> int:
        """The descriptor, for poll."""
        return self.socket.fileno()

    def interest(self) -> int:
        """Which readiness it waits for, as a mask for poll(2); 0 for none."""
        if self.over:
            return 0
        return select.POLLIN | (select.POLLOUT if self._outgoing else 0)

    def ready(self, mask: int) -> None:
        """Act on the readiness that poll(2) reported."""
        if mask & ~select.POLLOUT:
            self.receive()
        if mask & select.POLLOUT and not self.over:
            self.flush()

    def flush(self) -> None:
        """Give the kernel what it takes."""
        while self._outgoing and not self.over:
            try:
                sent = self.socket.send(self._outgoing[0])
            except BlockingIOError:
                return
            except OSError as error:
                self._refused(error)
                return
            self.sent_bytes += sent
            self._outgoing.popleft()
            self._story.note("send", sent)

    def receive(self) -> None:
        """Take one datagram, if one has arrived."""
        try:
            data = self.socket.recv(LARGEST_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._refused(error)
            return
        self.received_bytes += len(data)
        self._story.note("receive", len(data))
        self.received += data[: max(0, self.keep_bytes - len(self.received))]
        if self._heard is not None:
            self._heard(data)

    def _refused(self, error: OSError) -> None:
        self.ending = Ending.REFUSED
        self._story.note(f"not sent: {errno.errorcode.get(error.errno or 0, 'error')}")
