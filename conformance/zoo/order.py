"""Bugs that lose, double or swap bytes."""

from __future__ import annotations

from conformance.zoo.bug import bug
from conformance.zoo.effects import DRAWN_LENGTHS, DRAWN_SESSIONS, LONG_MESSAGE, SHORT_SEND, because
from reference_servers.backend_epoll import EpollServer
from reference_servers.backend_epoll_edge import EpollEdgeServer
from reference_servers.connection import Connection
from reference_servers.server import Peer


@bug(*SHORT_SEND, seen="gev#60, objeck-lang#670; the tutorial's own servers", collateral=DRAWN_SESSIONS)
class DropsShortSend(EpollServer):
    """What a short send leaves over is never sent."""

    def send(self, peer: Peer) -> bool:
        """Send once, and take it for the whole."""
        taken = super().send(peer)
        peer.connection.owed.clear()
        return taken


@bug(
    *SHORT_SEND,
    "readiness.quiescent-after-reset",
    seen="K0M15/webserv#53, anyrpc#51",
    collateral=DRAWN_SESSIONS
    | because(
        "the connection may be closed before its client has reset it",
        "isolation.descriptor-reuse",
        "error.reset-with-output-owed",
        "error.releases",
    ),
)
class DiesOfFullBuffer(EpollServer):
    """A send that finds no room, EAGAIN, is taken for a failure, and the connection is closed."""

    def send(self, peer: Peer) -> bool:
        """Let every error end the connection."""
        peer.connection.sent(peer.socket.send(peer.connection.owed))
        return True


@bug(*SHORT_SEND, collateral=DRAWN_SESSIONS)
class SendsAllAgain(EpollServer):
    """After a short send all of the buffer is sent again, from its start."""

    def send(self, peer: Peer) -> bool:
        """Keep the buffer until one send takes the whole of it."""
        before = bytes(peer.connection.owed)
        taken = super().send(peer)
        if peer.connection.owed:
            peer.connection.owed[:] = before
        return taken


@bug(*SHORT_SEND, seen="evio#72", collateral=DRAWN_SESSIONS)
class PrefixesRestAgain(EpollServer):
    """What a short send leaves over goes through the function that writes replies, and gets the prefix again."""

    def send(self, peer: Peer) -> bool:
        """Write the prefix before what is left."""
        taken = super().send(peer)
        if taken and peer.connection.owed:
            peer.connection.owed[:0] = b"Server received "
        return taken


@bug(*SHORT_SEND, collateral=DRAWN_SESSIONS)
class CountsSentWrong(Connection):
    """After a short send the rest begins one byte too late."""

    def sent(self, count: int) -> None:
        """Be wrong by one, where there is a rest."""
        super().sent(min(count + 1, len(self.owed)))


@bug(*SHORT_SEND, seen="evio#72", collateral=DRAWN_SESSIONS)
class ReplacesPendingOutput(Connection):
    """A new reply takes the place of the output that is still pending."""

    def reply(self, chunk: bytes) -> bytes:
        """Have a buffer of its own for this reply only."""
        self.owed.clear()
        return super().reply(chunk)


@bug(*SHORT_SEND, collateral=DRAWN_SESSIONS)
class OvertakesPendingOutput(Connection):
    """A new reply is sent at once, ahead of the output that is still pending."""

    def reply(self, chunk: bytes) -> bytes:
        """Put the pending output behind it."""
        pending = bytes(self.owed)
        self.owed.clear()
        return super().reply(chunk) + pending


@bug(*SHORT_SEND, collateral=DRAWN_SESSIONS)
class DropsInputWhileBlocked(Connection):
    """Input that comes while output is pending is read and thrown away."""

    def receive(self, chunk: bytes) -> None:
        """Take it only when nothing is owed."""
        if not (chunk and self.owed):
            super().receive(chunk)


@bug(*LONG_MESSAGE, collateral={**DRAWN_LENGTHS, "limits.no-growth": "messages of several chunks"})
class KeepsOneReply(EpollServer):
    """There is room for one reply: while it waits for the socket to be writable, the next one takes its place."""

    connection_type = ReplacesPendingOutput

    def answer(self, peer: Peer) -> None:
        """Wait for the socket to be writable."""
        self.settle(peer)


@bug(*LONG_MESSAGE, collateral={**DRAWN_LENGTHS, "limits.no-growth": "messages of several chunks"})
class AnswersLastChunk(EpollEdgeServer):
    """The socket is read until it is empty, each time into the same buffer, and the buffer is answered in the end."""

    def receive(self, peer: Peer) -> bytes | None:
        """Return the last chunk there is."""
        chunk = super().receive(peer)
        while chunk and (later := super().receive(peer)):
            chunk = later
        return chunk


@bug(
    "order.partial-writes",
    "readiness.interest-restored",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    collateral=because("as much is owed now and then", "close.drains-stalled", "isolation.slow-reader"),
)
class CountsOwedInSixteenBits(Connection):
    """The length of what is owed is a 16-bit number: from 65536 on it begins again at 0, and the rest is lost."""

    def receive(self, chunk: bytes) -> None:
        """Keep as much as the number says."""
        super().receive(chunk)
        del self.owed[len(self.owed) & 0xFFFF :]


@bug(
    "order.partial-writes",
    "readiness.interest-restored",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    collateral={
        **because("as much is sent where the server is quick", "isolation.flooding-clients", "order.long-stream"),
        "isolation.slow-reader": "so much output may be owed",
    },
)
class LosesByteAtWrap(Connection):
    """The input goes through a ring of 64 KB, and the byte before its end is lost each time round."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def reply(self, chunk: bytes) -> bytes:
        """Answer the chunk without the last byte of the ring, if it has it."""
        last = 65535 - self.total % 65536
        self.total += len(chunk)
        return super().reply(chunk[:last] + chunk[last + 1 :])


@bug("order.long-stream", collateral={"isolation.flooding-clients": "a flood may be that long"})
class LimitsTotal(Connection):
    """The limit for one message, a million bytes, is compared with all that the connection ever sent."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def receive(self, chunk: bytes) -> None:
        """Close above the limit."""
        self.total += len(chunk)
        super().receive(chunk if self.total <= 1_000_000 else b"")
