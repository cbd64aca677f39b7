"""Bugs when a connection fails."""

from __future__ import annotations

import collections
import select
import socket

from conformance.zoo.bug import bug
from conformance.zoo.close import KEPT
from conformance.zoo.effects import because
from reference_servers.backend_epoll import EpollServer
from reference_servers.backend_epoll_edge import EpollEdgeServer
from reference_servers.backend_select import SelectServer
from reference_servers.listener import Address
from reference_servers.server import READ, Peer


class Uncaught(Exception):
    """What the loop does not catch."""


@bug(
    "error.reset-idle",
    "error.reset-before-accept",
    "error.reset-storm",
    "error.releases",
    "isolation.stale-event",
    "readiness.quiescent-after-reset",
    seen="the tutorial's servers",
    collateral={
        "error.reset-with-output-owed": "unless a send finds the reset first",
        "isolation.descriptor-reuse": "unless a send finds the reset first",
        "close.full-close": "a close with replies unread resets",
        "isolation.sessions": "a session may have resets",
        "error.broken-pipe": "the reset may come before the last receive",
        "error.reset-with-input": "the reset may come before the receive",
    },
)
class DiesOfResetOnReceive(EpollServer):
    """ECONNRESET from a receive is caught by nobody, and ends the server."""

    def receive(self, peer: Peer) -> bytes | None:
        """Let it through."""
        try:
            return super().receive(peer)
        except ConnectionError as error:
            raise Uncaught from error


@bug(
    "error.broken-pipe",
    "error.reset-with-input",
    "error.releases",
    "readiness.quiescent-after-reset",
    seen="node#11414",
    collateral={
        "error.reset-storm": "a reset may come behind data",
        "error.reset-before-accept": "a reset may come behind data",
        "error.reset-with-output-owed": "a send may find the reset first",
        "close.full-close": "a close with replies unread resets",
        "isolation.sessions": "a session may have resets",
        "isolation.descriptor-reuse": "a send may find the reset first",
        **because(
            "whoever does not read, or floods, leaves by a reset",
            "backpressure.bounded-memory",
            "isolation.flooding-clients",
        ),
    },
)
class DiesOfFailedSend(EpollServer):
    """EPIPE or ECONNRESET from a send is caught by nobody, and ends the server."""

    def send(self, peer: Peer) -> bool:
        """Let it through."""
        try:
            return super().send(peer)
        except ConnectionError as error:
            raise Uncaught from error


@bug(
    "error.reset-before-accept",
    seen="waitress#418, gunicorn#2277; the tutorial's log line",
    collateral={"error.releases": "a reset before accept is drawn"},
)
class AsksNewcomerItsName(EpollServer):
    """The newcomer's address is asked of its socket (getpeername), which fails when it was reset; nobody catches it."""

    def admit(self, sock: socket.socket, address: Address) -> None:
        """Ask, though accept has told."""
        sock.getpeername()
        super().admit(sock, address)


@bug(
    "error.reset-idle",
    "error.reset-before-accept",
    "error.reset-storm",
    "error.reset-with-input",
    "error.reset-with-output-owed",
    "error.broken-pipe",
    "error.releases",
    "close.full-close",
    "isolation.descriptor-reuse",
    "isolation.stale-event",
    "readiness.quiescent-after-reset",
    collateral={
        "isolation.sessions": "a session may have resets",
        **because(
            "whoever does not read, or floods, leaves by a reset",
            "backpressure.bounded-memory",
            "isolation.flooding-clients",
        ),
    },
)
class ShutsDownWhatIsReset(EpollServer):
    """Before a socket is closed it is shut down, which fails after a reset (ENOTCONN) and ends the server."""

    def release(self, peer: Peer) -> None:
        """Shut down, then close."""
        peer.socket.shutdown(socket.SHUT_RDWR)
        super().release(peer)


@bug("error.reset-before-accept", seen="dynomite#427", collateral={"error.releases": "a reset before accept is drawn"})
class TakesNewcomersErrorForItsOwn(EpollServer):
    """An error of a connection that was just accepted is taken for one of the listener, which is given up."""

    def admit(self, sock: socket.socket, address: Address) -> None:
        """Stop listening when the newcomer's socket has an error."""
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.forget(self.listener.fd, READ)
        super().admit(sock, address)


@bug("error.urgent-data", "readiness.quiescent-after-urgent", seen="EternalTerminal#719")
class DiesOfUrgentByte(EpollServer):
    """An urgent byte is reported like input, and the EAGAIN of the receive made for it is caught by nobody."""

    INPUT = select.EPOLLIN | select.EPOLLPRI

    def receive(self, peer: Peer) -> bytes | None:
        """Rely on the report."""
        chunk = super().receive(peer)
        if chunk is None:
            raise Uncaught
        return chunk


@bug("error.releases")
class LeaksFailedSocket(EpollServer):
    """A connection that failed is forgotten, but its socket is never closed."""

    def open(self) -> None:
        """Nothing has leaked."""
        super().open()
        self.leaked: collections.deque[socket.socket] = collections.deque(maxlen=KEPT)

    def drop(self, peer: Peer) -> None:
        """Keep a descriptor of what has failed."""
        if not peer.connection.finished:
            self.leaked.append(peer.socket.dup())
        super().drop(peer)


@bug(
    "readiness.quiescent-after-reset",
    "error.releases",
    seen="tunneldigger#148, libfabric#2123",
    collateral={
        "readiness.quiescent-idle": "it may still spin from an earlier clause",
        "readiness.quiescent-after-exchange": "it may still spin from an earlier clause",
        "readiness.quiescent-after-urgent": "it may still spin from an earlier clause",
        "readiness.quiescent-blocked": "it may still spin from an earlier clause",
        "readiness.quiescent-half-closed": "it may still spin from an earlier clause",
        "readiness.interest-restored": "a server that never rests is not seen to be blocked",
        "order.partial-writes": "a server that never rests is not seen to be blocked",
    },
)
class RetriesFailedSend(EpollServer):
    """A send that failed is tried again, whatever the error: after a reset for ever."""

    def send(self, peer: Peer) -> bool:
        """Take any error for a full buffer."""
        try:
            return super().send(peer)
        except OSError:
            return False


@bug(
    "error.reset-idle",
    "error.reset-before-accept",
    "error.reset-storm",
    "error.reset-with-input",
    "error.reset-with-output-owed",
    "error.broken-pipe",
    "error.releases",
    "isolation.descriptor-reuse",
    "isolation.stale-event",
    collateral={
        "close.full-close": "a close with replies unread resets",
        "isolation.sessions": "a session may have resets",
        "readiness.quiescent-after-reset": "the next may be there already",
        "isolation.flooding-clients": "whoever floods leaves by a reset",
    },
)
class OneResetEndsAll(EpollServer):
    """The failure of one connection is handled outside the loop over them, and all are closed."""

    def drop(self, peer: Peer) -> None:
        """Close everybody when one has failed."""
        for each in [peer] if peer.connection.finished else list(self.peers.values()):
            super().drop(each)


@bug(
    "error.reset-storm",
    collateral={
        "error.releases": "many resets may meet in one batch",
    },
)
class DiesOfManyResets(EpollServer):
    """Those that failed in one batch are noted in a list of sixteen places; one more ends the server."""

    PLACES = 16

    def wait(self, timeout_s: float | None) -> None:
        """Begin a batch."""
        self.failed = 0
        super().wait(timeout_s)

    def drop(self, peer: Peer) -> None:
        """Note the failure."""
        super().drop(peer)
        self.failed += not peer.connection.finished
        if self.failed > self.PLACES:
            raise Uncaught


@bug(
    "isolation.stale-event",
    collateral={
        "error.releases": "a reset and the next to connect may meet in one batch",
        "readiness.quiescent-after-reset": "a reset and the next to connect may meet in one batch",
        "isolation.sessions": "a reset and the next to connect may meet in one batch",
        "backpressure.bounded-memory": "whoever does not read leaves by a reset",
    },
)
class LosesNewcomerBesideReset(EpollEdgeServer):
    """A connection that fails ends the batch: the edge that announced a newcomer in it is lost."""

    def drop(self, peer: Peer) -> None:
        """Begin anew after a failure."""
        super().drop(peer)
        if not peer.connection.finished:
            self.acceptable = False


@bug(
    "error.reset-with-output-owed",
    "error.releases",
    "isolation.descriptor-reuse",
    seen="waitress#506",
    collateral={
        "readiness.quiescent-after-reset": "unless the next to come has the number at once",
        "isolation.sessions": "a session may have resets with replies owed",
        "limits.beyond-fd-setsize-served": "it is a server on select",
        "backpressure.bounded-memory": "whoever does not read leaves by a reset",
    },
)
class LeavesDeadDescriptorInSet(SelectServer):
    """A connection that failed with output owed stays in the set of those to write: every later select fails."""

    def forget(self, fd: int, was: int) -> None:  # noqa: ARG002 - the sets know what was
        """Take the descriptor out of one set, and out of the other only if nothing is owed."""
        self.inputs.discard(fd)
        if fd not in self.peers or not self.peers[fd].connection.owed:
            self.outputs.discard(fd)

    def wait(self, timeout_s: float | None) -> None:
        """Try again after a failed select."""
        try:
            super().wait(timeout_s)
        except OSError:
            return
