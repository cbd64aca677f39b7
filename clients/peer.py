"""The scripted peer: one client connection that does just what it is told, and remembers what came of it.

1. A peer never blocks. Each verb does what the kernel allows at once; `pump` moves the rest.
2. Sending never waits for reading or the reverse: a client that sends everything before it reads deadlocks against
   correct servers (a threaded one was seen to after 4.9 MB).
3. Segments are not merged (TCP_NODELAY), so that what is sent apart can arrive apart.
4. Memory is bounded whatever the server says: what exceeds `keep_bytes` is passed on, counted and dropped.
"""

from __future__ import annotations

import collections
import enum
import errno
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

Address = tuple[str, int]

RECEIVE_BYTES = 65536
KEPT_EVENTS = 64

# Linux only, and to be said again after each recv: acknowledge at once (tcp(7)). A server that does not turn Nagle's
# algorithm off would otherwise wait out our delayed acknowledgement, 40 ms, before the last part of many an answer.
QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)

# A loopback segment holds 65 KB and buffers grow by themselves: a server can be owed megabytes before its first short
# send. Towards the smallest window it is some 12 KB, in segments of which one more does not fit into half that window
# (the sender's own bound, tcp_bound_to_half_wnd): each buffer then holds one segment, mostly overhead, and even a send
# of 4 KB that waited for writability, which promises a third of the send buffer free, can fall short (Linux 6.18).
NARROW_SEGMENT_BYTES = 290
NARROW_BUFFER_BYTES = 1  # the kernel makes it its smallest, 2304

# How long one poll waits; see `pump`.
SLICE_S = 0.1


class Ending(enum.Enum):
    """How a connection ended, as its client saw it."""

    FIN = "FIN"
    RESET = "reset"
    REFUSED = "refused"
    SILENCE = "silence"


class Event(NamedTuple):
    """Something that happened on a connection, at a time of the monotonic clock, in seconds."""

    at_s: float
    what: str
    size_bytes: int = 0


class Story:
    """The first and the last of what happened, in order; the middle of a long story is dropped."""

    def __init__(self) -> None:
        self._first: list[Event] = []
        self._last: collections.deque[Event] = collections.deque(maxlen=KEPT_EVENTS)

    def note(self, what: str, size_bytes: int = 0) -> None:
        """Something happens now."""
        event = Event(time.monotonic(), what, size_bytes)
        (self._first if len(self._first) < KEPT_EVENTS else self._last).append(event)

    @property
    def events(self) -> list[Event]:
        """All that is kept."""
        return [*self._first, *self._last]


class Pumped(Protocol):
    """What `pump` moves."""

    def fileno(self) -> int:
        """The descriptor, for poll."""

    def interest(self) -> int:
        """Which readiness it waits for, as a mask for poll(2); 0 for none."""

    def ready(self, mask: int) -> None:
        """Act on the readiness that poll(2) reported."""


class Peer:
    """One client connection to `address`, non-blocking from its first system call.

    `heard` is called with each piece of the answer, as it arrives. A `narrow` peer offers a small window and small
    segments, so that a server's sends to it fall short early.
    """

    def __init__(
        self,
        address: Address,
        *,
        narrow: bool = False,
        keep_bytes: int = 1 << 20,
        heard: Callable[[bytes], None] | None = None,
    ) -> None:
        self.socket = socket.socket(family_of(address), socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if narrow:  # both count only when set before the handshake
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, NARROW_SEGMENT_BYTES)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BUFFER_BYTES)
        self.address = address
        self.local: Address | None = None
        self.connected = False
        self.reading = True
        self.half_closed = False
        self.closed = False
        self.ending: Ending | None = None
        self.keep_bytes = keep_bytes
        self.received = bytearray()
        self.received_bytes = 0
        self.sent_bytes = 0
        self._heard = heard
        self._outgoing: collections.deque[memoryview] = collections.deque()
        self._supply: Callable[[], bytes] | None = None
        self._shut_after_sending = False
        self._story = Story()

    # What it is told to do

    def connect(self) -> None:
        """Start the handshake; `connected` or `ending` tells its outcome, once pumped."""
        self._note("connect")
        error = self.socket.connect_ex(self.address)
        if error in {0, errno.EINPROGRESS}:
            self._look_whether_connected()
        else:
            self._connection_failed(error)

    def send(self, data: bytes) -> None:
        """Hand over `data` after all that was handed over before."""
        self._outgoing.append(memoryview(data))
        self.flush()

    def flood(self, supply: Callable[[], bytes]) -> None:
        """From now on ask `supply` for more to send whenever the kernel has taken all there was.

        It may give nothing for the moment, and is asked again when something came; `half_close` is the end of it.
        """
        self._supply = supply
        self.flush()

    def half_close(self) -> None:
        """Say that nothing more will be sent, once all that was handed over is gone."""
        self._supply = None
        self._shut_after_sending = True
        self.flush()

    def close(self) -> None:
        """Close both directions. With unread answers the kernel makes that a reset, as it should (RFC 2525, 2.17)."""
        self._close("close")

    def reset(self) -> None:
        """End the connection by a reset: linger with no time to linger (SO_LINGER, socket(7))."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._close("reset")

    def urgent(self, byte: bytes = b"!") -> None:
        """Send one out-of-band byte (MSG_OOB). It is no part of the stream."""
        try:
            self.socket.send(byte, socket.MSG_OOB)
        except BlockingIOError:
            self._note("urgent byte finds no room")
        except OSError as error:
            self._lost(error)
        else:
            self._note("urgent", 1)

    def stall(self) -> None:
        """Read nothing more until `resume`."""
        self.reading = False
        self._note("stall")

    def resume(self) -> None:
        """Read again."""
        self.reading = True
        self._note("resume")

    def discard(self) -> None:
        """Give the descriptor back, whatever state the connection is in."""
        self._outgoing.clear()
        self.socket.close()
        self.closed = True

    # What it tells

    @property
    def over(self) -> bool:
        """Whether nothing more can come of this connection."""
        return self.closed or self.ending is not None

    @property
    def unsent_bytes(self) -> int:
        """What was handed over and the kernel has not taken yet."""
        return sum(map(len, self._outgoing))

    @property
    def events(self) -> list[Event]:
        """The first and the last of what happened, in order; the middle of a long story is dropped."""
        return self._story.events

    # What moves it: called by `pump`

    def fileno(self) -> int:
        """The descriptor, for poll."""
        return self.socket.fileno()

    def interest(self) -> int:
        """Which readiness it waits for, as a mask for poll(2); 0 for none.

        A peer that waits for nothing must not be polled: POLLHUP and POLLERR are reported unasked.
        """
        if self.over:
            return 0
        if not self.connected:
            return select.POLLOUT
        return (select.POLLIN if self.reading else 0) | (select.POLLOUT if self._outgoing else 0)

    def ready(self, mask: int) -> None:
        """Act on the readiness that poll(2) reported."""
        if not self.connected:
            self._look_whether_connected()
            return
        if self.reading and mask & ~select.POLLOUT:
            self.receive()
        if (mask & select.POLLOUT or self._supply is not None) and not self.over:
            self.flush()

    def flush(self) -> None:
        """Give the kernel what it takes of what was handed over."""
        while self.connected and not self.over and self._has_more():
            first = self._outgoing[0]
            try:
                sent = self.socket.send(first)
            except BlockingIOError:
                return
            except OSError as error:
                self._not_sent(error)
                return
            self.sent_bytes += sent
            self._note("send", sent)
            if sent == len(first):
                self._outgoing.popleft()
            else:
                self._outgoing[0] = first[sent:]
        if self._shut_after_sending and not self.half_closed and self.connected and not self.over:
            self._shut()

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
        except OSError as error:
            self._lost(error)
            return
        if not data:
            self.ending = Ending.FIN
            self._note("FIN")
            return
        if QUICKACK is not None:
            self.socket.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        self.received_bytes += len(data)
        self._note("receive", len(data))
        room = self.keep_bytes - len(self.received)
        if room > 0:
            self.received += data[:room]
        if self._heard is not None:
            self._heard(data)

    def _shut(self) -> None:
        self.half_closed = True
        self._note("half-close")
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError as error:  # ENOTCONN: a reset came first
            self._not_sent(error)

    def _not_sent(self, error: OSError) -> None:
        """A failed send means that the server ended the connection; what it said before is still there to read."""
        self._outgoing.clear()
        self._note(f"not sent: {errno.errorcode.get(error.errno or 0, 'error')}")
        if not self.reading:
            self._lost(error)

    def _look_whether_connected(self) -> None:
        error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._connection_failed(error)
            return
        try:
            self.socket.getpeername()
        except OSError:  # ENOTCONN: the handshake is still under way
            return
        self.connected = True
        self.local = self.socket.getsockname()[:2]
        self._note("connected")
        self.flush()

    def _connection_failed(self, error: int) -> None:
        self.ending = Ending.REFUSED if error == errno.ECONNREFUSED else Ending.RESET
        self._note(f"connect failed: {errno.errorcode.get(error, str(error))}")

    def _lost(self, error: OSError) -> None:
        self.ending = Ending.RESET
        self._note(f"reset: {errno.errorcode.get(error.errno or 0, 'error')}")

    def _close(self, how: str) -> None:
        self._outgoing.clear()
        self._supply = None
        self._note(how)
        self.socket.close()
        self.closed = True

    def _note(self, what: str, size_bytes: int = 0) -> None:
        self._story.note(what, size_bytes)


def pump(
    peers: Iterable[Pumped],
    until: Callable[[], bool],
    silence_s: float,
    *,
    about: Iterable[Pumped] | None = None,
    slice_s: float = SLICE_S,
) -> float | None:
    """Move bytes both ways on all `peers` until `until()` holds.

    Returns the longest silence before something moved on one of the peers that it is `about` (all of them, unless
    told), in seconds; or None when nothing moved there for `silence_s`. Slow progress is never cut off. Silence is
    counted in turns of the loop, of which none counts for more than `SLICE_S`: a time in which this process was itself
    stopped or starved counts as no more than one of them. `until` is asked at least once a slice.
    """
    peers = list(peers)
    counted = set(peers if about is None else about)
    silence = longest = 0.0
    began = time.monotonic()
    while not until():
        poller = select.poll()
        by_descriptor: dict[int, Pumped] = {}
        for peer in peers:
            interest = peer.interest()
            if interest:
                descriptor = peer.fileno()
                by_descriptor[descriptor] = peer
                poller.register(descriptor, interest)
        ready = poller.poll(slice_s * 1000)
        moved = False
        for descriptor, mask in ready:
            peer = by_descriptor[descriptor]
            peer.ready(mask)
            moved = moved or peer in counted
        before, began = began, time.monotonic()
        silence += min(began - before, SLICE_S)
        if moved:
            longest = max(longest, silence)
            silence = 0.0
        elif silence >= silence_s:
            return None
    return longest


def family_of(address: Address) -> socket.AddressFamily:
    """The family that a numeric address belongs to."""
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET
