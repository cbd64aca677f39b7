"""A UDP socket that answers each datagram by one: the protocol's answer to it, sent back to whoever sent it.

Facts, from udp(7), recvfrom(2) and POSIX:

* An empty datagram is a datagram. What ends a stream is here a message without bytes, to be answered like any other.
* A `recvfrom` takes one datagram, and throws away what of it is longer than the buffer.
* There is no connection to break. What an ICMP message reports (ECONNREFUSED: nobody is at that port any more) may come
  out of the next call on the socket, whomever that call is about. The error is cleared by being told.
* A send may find no room (EAGAIN), or be refused as too large (EMSGSIZE). The kernel drops what finds no room in a
  receive buffer, on either side, and tells nobody.

Decision: an error is the end of the call it came from, and of nothing else. An answer that cannot be sent now is
dropped, not kept: datagrams may be lost anyhow, a sender that cares asks again, and whoever keeps answers for senders
that may never read them needs a bound and has to wait for writability. Cost: under a flood some answers are lost here
rather than in the receiver's buffer.
"""

from __future__ import annotations

import contextlib
import socket

from reference_servers.connection import reply_to
from reference_servers.listener import resolve
from reference_servers.server import CHUNK_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reference_servers.listener import Address


class DatagramSocket:
    """A bound, non-blocking UDP socket, and the answers to what comes to it.

    `host` and `port` are as `Listener` takes them, and so are the errors.
    """

    BUDGET = 16
    """Datagrams answered in one go, so that a flood of them does not starve the streams."""

    def __init__(self, host: str, port: int) -> None:
        family, kind, proto, _, address = resolve(host, port, socket.SOCK_DGRAM)
        self.socket = socket.socket(family, kind, proto)
        try:
            self.socket.bind(address)
            self.socket.setblocking(False)
        except OSError:
            self.socket.close()
            raise
        self.fd = self.socket.fileno()

    @property
    def address(self) -> Address:
        """The address really bound, as `getsockname` gives it."""
        return tuple(self.socket.getsockname())

    def serve(self) -> bool:
        """Answer up to `BUDGET` datagrams; tells whether there may be more."""
        for _ in range(self.BUDGET):
            try:
                data, sender = self.receive()
            except BlockingIOError:
                return False
            except OSError:
                continue  # it was about an answer to somebody who has gone
            self.answer(data, sender)
        return True

    def receive(self) -> tuple[bytes, Address]:
        """Take one datagram and its sender's address."""
        return self.socket.recvfrom(CHUNK_BYTES)

    def answer(self, data: bytes, sender: Address) -> None:
        """Answer one datagram, or drop the answer."""
        self.send(reply_to(data), sender)

    def send(self, data: bytes, receiver: Address) -> None:
        """Send one datagram; what cannot be sent now is dropped."""
        with contextlib.suppress(OSError):
            self.socket.sendto(data, receiver)

    def close(self) -> None:
        """Close the socket; what has not been read is lost."""
        self.socket.close()
