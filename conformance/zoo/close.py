"""Bugs at the end of a connection."""

from __future__ import annotations

import collections
import contextlib
import os
import select
import socket
import struct

from conformance.zoo.bug import bug
from conformance.zoo.effects import because
from conformance.zoo.parts import QueueServer
from reference_servers.backend_epoll import EpollServer
from reference_servers.backend_epoll_edge import EpollEdgeServer
from reference_servers.backend_select import SelectServer
from reference_servers.connection import Connection
from reference_servers.listener import Address
from reference_servers.server import CHUNK_BYTES, READ, WRITE, Peer

KEPT = 64
"""How many sockets a leak holds, so that it does not run into the limit of descriptors as well."""


@bug(
    "close.coalesced",
    "close.at-accept",
    "close.drains-stalled",
    "close.drains-before-fin",
    "isolation.many-ready",
    seen="vanilla#103, bun#35034; the tutorial's select server",
    collateral={
        "readiness.quiescent-half-closed": "ends with replies blocked",
        "isolation.sessions": "a session may end with replies queued",
        "isolation.flooding-clients": "a flood ends with replies queued",
    },
)
class DiscardsRepliesAtEof(QueueServer):
    """The end of the client's stream discards the replies that are still queued for it."""

    class Discarding(Connection):
        """Owes nothing after the end."""

        def end(self) -> None:
            """Forget what was owed."""
            super().end()
            self.owed.clear()

    connection_type = Discarding


@bug(
    "close.coalesced",
    "close.at-accept",
    "isolation.many-ready",
    seen="cpython PR 2804; the tutorial's select server",
    collateral={
        "close.drains-before-fin": "the end may come while a reply waits",
        "close.drains-stalled": "the end may come while a reply waits",
        "close.full-close": "the end may come while a reply waits",
        "isolation.sessions": "the end may come while a reply waits",
        "readiness.quiescent-half-closed": "the end may come while a reply waits",
        "isolation.flooding-clients": "the end may come while a reply waits",
        "limits.beyond-fd-setsize-served": "it is a server on select",
    },
)
class WritesToWhatItClosed(SelectServer):
    """A socket closed in the pass over the readable ones is still in the list of the writable ones."""

    def answer(self, peer: Peer) -> None:
        """Leave the reply to the second pass; only what the end finds unsent is sent in the first."""
        if peer.connection.ended:
            self.writable(peer)
        else:
            self.settle(peer)

    def wait(self, timeout_s: float | None) -> None:
        """Go through both lists, sure of who is in the second."""
        readable, self.to_write, _ = select.select(self.inputs, self.outputs, (), timeout_s)
        for fd in readable:
            self.dispatch(fd, READ)
        for fd in self.to_write:
            self.handle(self.peers[fd], WRITE)

    def drop(self, peer: Peer) -> None:
        """Take what has failed out of the second list; nobody thinks of what has ended."""
        if not peer.connection.finished and peer.fd in self.to_write:
            self.to_write.remove(peer.fd)
        super().drop(peer)


@bug(
    "close.coalesced",
    "close.at-accept",
    "close.drains-stalled",
    "close.drains-before-fin",
    "isolation.many-ready",
    seen="netty#4317, netty PR 3729, netty#6303",
    collateral={
        "isolation.flooding-clients": "a flood ends with input unread",
        "readiness.quiescent-half-closed": "ends with replies blocked",
        "isolation.sessions": "a session may end with input unread",
    },
)
class ClosesAtHangUpReport(EpollServer):
    """The report that the client has half-closed (EPOLLRDHUP) closes the connection before the rest is read."""

    INPUT = select.EPOLLIN | select.EPOLLRDHUP

    def wait(self, timeout_s: float | None) -> None:
        """Look at the hang-up first."""
        for fd, events in self.poll(timeout_s):
            if events & select.EPOLLRDHUP:
                self.drop(self.peers[fd])
            else:
                self.dispatch(fd, READ | WRITE)


@bug(
    "close.drains-stalled",
    "close.drains-before-fin",
    seen="bun#35088, hyper#4018",
    collateral={
        "readiness.quiescent-half-closed": "ends with replies blocked",
        "isolation.sessions": "a session may end with replies blocked",
        "isolation.flooding-clients": "a flood may end with replies blocked",
    },
)
class ClosesBeforeDrained(Connection):
    """At the end of the client's stream only what the socket takes at once is sent; the rest is dropped."""

    @property
    def finished(self) -> bool:
        """Whether the client's stream has ended."""
        return self.ended


@bug(
    "close.drains-stalled",
    "close.drains-before-fin",
    seen="tornado#37, eventlet#539",
    collateral={
        "readiness.quiescent-half-closed": "ends with replies blocked",
        "isolation.sessions": "a session may end with replies blocked",
        "isolation.flooding-clients": "a flood may end with replies blocked",
    },
)
class ForgetsEndWhileDraining(EpollServer):
    """An end that came while output was blocked is forgotten: once that has left, the connection stays open."""

    def settle(self, peer: Peer) -> None:
        """Close what has ended only where reading has just found it so."""
        if peer.connection.finished and not peer.interest & READ:
            self.forget(peer.fd, peer.interest)
        else:
            super().settle(peer)


@bug(
    "close.eof",
    "reply.unsolicited",
    "isolation.no-crosstalk",
    "lifecycle.blocked-log",
    seen="tornado#37, eventlet#539",
    collateral={
        "isolation.sessions": "a client of a session may say nothing",
    },
)
class IgnoresEndOfSilentClient(Connection):
    """The end of a client that never said anything is not noticed."""

    spoken = False

    def reply(self, chunk: bytes) -> bytes:
        """Take note that the client has spoken."""
        self.spoken = True
        return super().reply(chunk)

    def end(self) -> None:
        """Stop reading, and end only what had begun."""
        if self.spoken:
            super().end()
        self.wants_read = False


@bug("close.releases", "readiness.quiescent-idle", seen="the tutorial's queue selectors server")
class ClosesWhenTheNextComes(EpollServer):
    """An ended connection is shut down but closed only when the next one comes; its end is reported until then."""

    def open(self) -> None:
        """Nobody has ended."""
        super().open()
        self.over: list[socket.socket] = []

    def drop(self, peer: Peer) -> None:
        """Put an ended socket aside, still watched."""
        if not peer.connection.finished:
            super().drop(peer)
            return
        with contextlib.suppress(OSError):
            peer.socket.shutdown(socket.SHUT_WR)
        del self.peers[peer.fd]
        self.over.append(peer.socket)

    def accept(self) -> None:
        """Close those put aside."""
        for sock in self.over:
            sock.close()
        self.over.clear()
        super().accept()


@bug(
    "close.coalesced",
    "close.at-accept",
    "isolation.many-ready",
    seen="netty PR 6199",
    collateral={
        "close.drains-before-fin": "the FIN may come with the last data",
        "close.drains-stalled": "the FIN may come with the last data",
        "readiness.quiescent-half-closed": "the FIN may come with the last data",
        "isolation.flooding-clients": "the FIN may come with the last data",
        "isolation.sessions": "the FIN may come with the last data",
    },
)
class MissesCoalescedFin(EpollEdgeServer):
    """Edge-triggered, a short read is taken for the last: the FIN that came with the data is never read."""

    def receive(self, peer: Peer) -> bytes | None:
        """Believe that nothing follows a chunk smaller than asked for."""
        chunk = super().receive(peer)
        if chunk is not None and len(chunk) < CHUNK_BYTES:
            self.readiness[peer.fd] &= ~READ
        return chunk


@bug(
    "error.releases",
    seen="node#40691, waitress#418",
    collateral={"limits.beyond-fd-setsize-served": "it is a server on select"},
)
class LosesPausedConnection(SelectServer):
    """A failed send is left to the reading side to notice, which is paused: the connection is never closed."""

    class Frugal(Connection):
        """Pauses reading early."""

        HIGH_WATER_BYTES = 8192
        LOW_WATER_BYTES = 2048

    connection_type = Frugal

    def send(self, peer: Peer) -> bool:
        """Have nothing more to send when a send fails."""
        try:
            return super().send(peer)
        except OSError:
            peer.connection.owed.clear()
            return False


@bug(
    "close.drains-stalled",
    seen="K0M15/webserv#49",
    collateral={
        "close.drains-before-fin": "all may have left before the end is read",
        "readiness.quiescent-half-closed": "ends with replies blocked",
        "error.releases": "the duplicate may be of a connection that is then reset",
        "isolation.sessions": "a session may end with replies blocked",
        "isolation.flooding-clients": "a flood may end with replies blocked",
    },
)
class KeepsDuplicate(EpollServer):
    """What a half-closed client is still owed is sent by way of a duplicate descriptor, which is never closed."""

    def settle(self, peer: Peer) -> None:
        """Make the duplicate when the end finds output owed."""
        if peer.connection.ended and peer.connection.owed and peer.interest & READ:
            os.dup(peer.fd)
        super().settle(peer)


@bug("readiness.quiescent-half-closed", seen="libuv#2922, node#11307")
class SpinsOnHalfClosed(EpollServer):
    """The half-close (EPOLLRDHUP) is waited for even when it has come: blocked output then spins."""

    def mask(self, interest: int) -> int:
        """Wait for the half-close always."""
        return super().mask(interest) | select.EPOLLRDHUP


@bug(
    "close.at-accept",
    "isolation.many-ready",
    seen="bun#36332",
    collateral={
        "close.drains-before-fin": "the FIN may be there before the accept",
        "close.eof": "the FIN may be there before the accept",
        "isolation.sessions": "the FIN may be there before the accept",
    },
)
class TurnsAwayHalfClosed(EpollServer):
    """A connection whose FIN is already there when it is accepted is closed, its data unread."""

    def admit(self, sock: socket.socket, address: Address) -> None:
        """Look whether the newcomer is still there."""
        poller = select.poll()
        poller.register(sock, select.POLLRDHUP)
        if poller.poll(0):
            sock.close()
        else:
            super().admit(sock, address)


@bug(
    "close.eof",
    "reply.unsolicited",
    "isolation.no-crosstalk",
    "lifecycle.blocked-log",
    collateral={
        "isolation.sessions": "a client of a session may say nothing",
    },
)
class AbortsSilentClient(EpollServer):
    """Until a client has spoken its connection is set to be aborted on close (SO_LINGER 0): its end gets a reset."""

    def admit(self, sock: socket.socket, address: Address) -> None:
        """Do not linger for a client that may mean nothing."""
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        super().admit(sock, address)

    def receive(self, peer: Peer) -> bytes | None:
        """Linger for one that has spoken."""
        chunk = super().receive(peer)
        if chunk:
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
        return chunk


@bug("close.releases", seen="uvloop#548")
class LeaksEndedSocket(EpollServer):
    """An ended connection is shut down and forgotten, but its socket is never closed."""

    def open(self) -> None:
        """Nothing has leaked."""
        super().open()
        self.leaked: collections.deque[socket.socket] = collections.deque(maxlen=KEPT)

    def drop(self, peer: Peer) -> None:
        """Keep a descriptor of what has ended."""
        if peer.connection.finished:
            self.leaked.append(peer.socket.dup())
            with contextlib.suppress(OSError):
                peer.socket.shutdown(socket.SHUT_WR)
        super().drop(peer)


@bug(
    "close.closes-only-that-one",
    "isolation.accept-burst",
    "isolation.flooding-clients",
    collateral={
        "isolation.sessions": "somebody may end between two others",
        "close.releases": "somebody may end between two others",
        "error.reset-storm": "somebody may end between two others",
        **because("several leave, one after the other", "limits.exhaustion-queue", "readiness.quiescent-half-closed"),
    },
)
class UnlinksTheNextAsWell(EpollServer):
    """The connections are a list, and what ends between two others takes the one behind it along."""

    def drop(self, peer: Peer) -> None:
        """Close the one, and the next where there is one before and one behind."""
        line = list(self.peers.values())
        place = line.index(peer)
        super().drop(peer)
        if 0 < place < len(line) - 1:
            super().drop(line[place + 1])


@bug("close.churn", seen="uvloop#548")
class KeepsSlotOfPasserby(EpollServer):
    """The slot of a client that came alone for one short message is kept: after sixty of them in a row, no service."""

    SLOTS = 60
    SHORT_BYTES = 30

    def open(self) -> None:
        """All slots are free."""
        super().open()
        self.kept = 0
        self.said: list[int] = []

    def admit(self, sock: socket.socket, address: Address) -> None:
        """Turn the newcomer away when all slots are kept; company has them cleared up."""
        self.said = []
        if self.peers:
            self.kept = 0
        if self.kept < self.SLOTS:
            super().admit(sock, address)
        else:
            sock.close()

    def receive(self, peer: Peer) -> bytes | None:
        """Note how much is said."""
        chunk = super().receive(peer)
        if chunk:
            self.said.append(len(chunk))
        return chunk

    def release(self, peer: Peer) -> None:
        """Keep the slot, or have all of them cleared up."""
        super().release(peer)
        passerby = not self.peers and len(self.said) == 1 and self.said[0] <= self.SHORT_BYTES
        self.kept = self.kept + 1 if passerby else 0


@bug("close.connect-close")
class TurnsAwayTheOneBefore(EpollServer):
    """A newcomer that is gone when it is accepted is to be turned away, and the one accepted before it is closed."""

    def admit(self, sock: socket.socket, address: Address) -> None:
        """Look whether the newcomer is there; be one place off when it is not."""
        gone = False
        with contextlib.suppress(OSError):
            gone = not sock.recv(1, socket.MSG_PEEK)
        if gone and self.peers:
            self.drop([*self.peers.values()][-1])
        super().admit(sock, address)
