"""Bugs in what a loop waits for."""

from __future__ import annotations

import select
import signal
import socket

from conformance.zoo.bug import bug
from conformance.zoo.effects import because
from conformance.zoo.parts import QueueServer
from reference_servers.backend_epoll import EpollServer
from reference_servers.backend_epoll_edge import EpollEdgeServer
from reference_servers.backend_poll import PollServer
from reference_servers.backend_select import SelectServer
from reference_servers.connection import Connection
from reference_servers.listener import Address
from reference_servers.server import READ, WRITE, Peer

TOGETHER = "two may be ready in one batch"


@bug(
    "readiness.quiescent-after-exchange",
    "readiness.quiescent-after-reset",
    "readiness.quiescent-after-urgent",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    seen="libuv#3671",
    collateral={
        "readiness.interest-restored": "a server that never rests is not seen to be blocked",
        "order.partial-writes": "a server that never rests is not seen to be blocked",
        "limits.exhaustion-quiet": "it spins",
    },
)
class NeverStopsWaitingToWrite(QueueServer):
    """Once a reply has waited for the socket to be writable, that is waited for ever after: the loop spins."""

    def change(self, fd: int, was: int, interest: int) -> None:
        """Add what is wanted, and take only READ away."""
        super().change(fd, was, interest | was & WRITE)


@bug("readiness.quiescent-after-reset", "readiness.quiescent-blocked", "readiness.quiescent-half-closed")
class WaitsForInputWhilePaused(EpollServer):
    """Nothing is read while much is owed, but input is waited for as before: with some there, the loop spins."""

    def change(self, fd: int, was: int, interest: int) -> None:
        """Keep waiting for input until the stream has ended."""
        paused = not interest & READ and not self.peers[fd].connection.ended
        super().change(fd, was, interest | READ if paused else interest)


@bug("readiness.quiescent-idle", seen="poco#1417; the tutorial's queue selectors server")
class WaitsToWriteFromTheStart(EpollServer):
    """A newcomer is watched for writing as well, until its first reply: until then the loop spins."""

    def admit(self, sock: socket.socket, address: Address) -> None:
        """Watch for both directions."""
        super().admit(sock, address)
        peer = self.peers[sock.fileno()]
        peer.interest = READ | WRITE
        self.change(peer.fd, READ, peer.interest)

    def writable(self, peer: Peer) -> None:
        """Do nothing for a client that is owed nothing."""
        if peer.connection.owed or peer.connection.ended:
            super().writable(peer)


@bug(
    "readiness.quiescent-after-exchange",
    "readiness.quiescent-after-reset",
    "readiness.quiescent-after-urgent",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    "readiness.quiescent-idle",
    collateral={
        "readiness.interest-restored": "a server that never rests is not seen to be blocked",
        "order.partial-writes": "a server that never rests is not seen to be blocked",
        "limits.exhaustion-quiet": "it spins",
    },
)
class NeverWaits(PollServer):
    """The loop polls with a timeout of zero."""

    def timeout_s(self) -> float | None:
        """Do not wait."""
        return 0.0


@bug(
    "order.replaced-buffer",
    "order.partial-writes",
    "isolation.slow-reader",
    seen="pistache#1114",
    collateral={
        "readiness.interest-restored": "input may come while output is blocked",
        "readiness.quiescent-blocked": "input may come while output is blocked",
        "close.drains-before-fin": "input may come while output is blocked",
        "isolation.sessions": "input may come while output is blocked",
        "isolation.flooding-clients": "input may come while output is blocked",
        "order.long-stream": "input may come while output is blocked",
    },
)
class NewInputCancelsWriting(EpollServer):
    """New input while output is blocked sets the connection back to reading: what is owed waits for more input."""

    def readable(self, peer: Peer) -> None:
        """Wait for input again after input."""
        blocked = bool(peer.connection.owed)
        super().readable(peer)
        if blocked and peer.interest == READ | WRITE:
            self.change(peer.fd, peer.interest, READ)
            peer.interest = READ


@bug(
    "readiness.interest-restored",
    "order.partial-writes",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    seen="httpserver.h#60",
    collateral={
        "close.drains-stalled": "reading may have been paused",
        "isolation.slow-reader": "reading may have been paused",
        "isolation.sessions": "reading may have been paused",
        "isolation.flooding-clients": "reading may have been paused",
        "order.long-stream": "reading may have been paused",
    },
)
class NeverReadsAgain(Connection):
    """Reading, paused while much is owed, is never taken up again."""

    def sent(self, count: int) -> None:
        """Take note of what was sent, and of nothing else."""
        del self.owed[:count]


@bug(
    "readiness.edge-drained",
    "close.coalesced",
    "reply.chunk-limit",
    "reply.exact-multiples",
    seen="mio#45",
    collateral={
        "close.at-accept": "more than four chunks may come at once",
        "close.drains-before-fin": "more than four chunks may come at once",
        "close.drains-stalled": "more than four chunks may come at once",
        "isolation.flooding-clients": "more than four chunks may come at once",
        "isolation.no-crosstalk": "more than four chunks may come at once",
        "isolation.sessions": "more than four chunks may come at once",
        "isolation.slow-reader": "more than four chunks may come at once",
        "order.any-chunking": "more than four chunks may come at once",
        "order.burst": "more than four chunks may come at once",
        "order.long-stream": "more than four chunks may come at once",
        "order.partial-writes": "more than four chunks may come at once",
        "order.replaced-buffer": "more than four chunks may come at once",
        "readiness.interest-restored": "more than four chunks may come at once",
        "readiness.quiescent-blocked": "more than four chunks may come at once",
        "readiness.quiescent-half-closed": "more than four chunks may come at once",
        "reply.literal": "more than four chunks may come at once",
        "reply.sequence": "more than four chunks may come at once",
        "isolation.descriptor-reuse": "more than four chunks may come at once",
        "error.reset-with-output-owed": "more than four chunks may come at once",
        "error.releases": "more than four chunks may come at once",
    },
)
class LeavesEdgeUndrained(EpollEdgeServer):
    """Edge-triggered, each report is answered by four receives: what is left waits for the client to send more."""

    BUDGET = 4

    def serve(self, peer: Peer) -> None:
        """Handle the peer, and wait for its next report."""
        super().serve(peer)
        self.runnable.pop(peer, None)


@bug(
    "readiness.accepts-all",
    "isolation.accept-burst",
    "isolation.many-ready",
    seen="mio#845",
    collateral={
        "close.connect-close": "more than two may have connected by the time of one report",
        "error.reset-before-accept": "more than two may have connected by the time of one report",
        "isolation.no-crosstalk": "more than two may have connected by the time of one report",
        "isolation.sessions": "more than two may have connected by the time of one report",
        "isolation.silent-client": "more than two may have connected by the time of one report",
        "reply.unsolicited": "more than two may have connected by the time of one report",
        **because(
            "several connections wait at once",
            "error.releases",
            "isolation.flooding-clients",
            "limits.backlog",
            "limits.descriptor-exhaustion",
            "limits.exhaustion-quiet",
        ),
    },
)
class LeavesQueueUndrained(EpollEdgeServer):
    """Edge-triggered, each report of the listener is answered by two accepts: the others wait for a newcomer."""

    def open(self) -> None:
        """Accept two at a time."""
        super().open()
        self.listener.BATCH = 2

    def accept(self) -> None:
        """Accept, and wait for the next report."""
        super().accept()
        self.acceptable = False


@bug(
    "order.partial-writes",
    "order.replaced-buffer",
    "close.drains-stalled",
    "isolation.slow-reader",
    "readiness.interest-restored",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    "error.releases",
    seen="pjproject#2747",
    collateral={
        "close.drains-before-fin": "the reply may need more than one report",
        "isolation.sessions": "the reply may need more than one report",
        "isolation.flooding-clients": "the reply may need more than one report",
        "isolation.descriptor-reuse": "the reply may need more than one report",
        "order.long-stream": "the reply may need more than one report",
        "error.reset-with-output-owed": "the reply may need more than one report",
    },
)
class OneShotNotRearmed(EpollServer):
    """Output is waited for with EPOLLONESHOT, and armed again only when the interest changes: once for each reply."""

    def mask(self, interest: int) -> int:
        """Have the wait for output reported once."""
        return super().mask(interest) | (select.EPOLLONESHOT if interest & WRITE else 0)


@bug(
    "isolation.stale-event",
    seen="cpython#75114, joyent/libuv#968",
    collateral={
        "error.releases": "a reset and the next to connect may meet in one batch",
        "readiness.quiescent-after-reset": "a reset and the next to connect may meet in one batch",
        "isolation.sessions": "a reset and the next to connect may meet in one batch",
    },
)
class ClosesNumberOfNewcomer(EpollServer):
    """The numbers of failed connections are cleared up after the newcomers were accepted, who have them by then."""

    def open(self) -> None:
        """Nobody has failed."""
        super().open()
        self.failed: list[int] = []

    def drop(self, peer: Peer) -> None:
        """Note the number for the clearing up."""
        if not peer.connection.finished:
            self.failed.append(peer.fd)
        super().drop(peer)

    def turn(self) -> None:
        """Clear up at the end."""
        super().turn()
        for fd in self.failed:
            if fd in self.peers:
                super().drop(self.peers[fd])
        self.failed.clear()


@bug(
    "isolation.descriptor-reuse",
    "error.reset-with-output-owed",
    "error.releases",
    "readiness.quiescent-after-reset",
    seen="eventlet#94, io-event#71",
    collateral={
        "isolation.sessions": "a session may have resets with replies owed",
    },
)
class TakesNewcomerForWatched(EpollServer):
    """The number of a connection that failed with its output blocked counts as watched: who gets it next is not."""

    def open(self) -> None:
        """Nobody is watched."""
        super().open()
        self.watched: set[int] = set()

    def watch(self, fd: int, interest: int) -> None:
        """Register the descriptor, unless its number is known."""
        if fd not in self.watched:
            super().watch(fd, interest)
        self.watched.add(fd)

    def forget(self, fd: int, was: int) -> None:
        """Unregister the descriptor, and clear its number unless it waited to write and still does."""
        super().forget(fd, was)
        if not (was & WRITE and self.peers[fd].connection.owed):
            self.watched.discard(fd)


@bug(
    "readiness.quiescent-idle",
    seen="nicotine-plus#2451, libuv PR 1468",
    collateral={
        "readiness.quiescent-after-exchange": "a number of an earlier clause may still be watched",
        "readiness.quiescent-after-reset": "a number of an earlier clause may still be watched",
        "readiness.quiescent-after-urgent": "a number of an earlier clause may still be watched",
        "readiness.quiescent-blocked": "a number of an earlier clause may still be watched",
        "readiness.quiescent-half-closed": "a number of an earlier clause may still be watched",
        "readiness.interest-restored": "a server that never rests is not seen to be blocked",
        "order.partial-writes": "a server that never rests is not seen to be blocked",
    },
)
class ClosesBeforeUnregistering(PollServer):
    """An ended connection is closed but not unregistered: poll reports an invalid descriptor from then on."""

    def drop(self, peer: Peer) -> None:
        """Close only, where nothing has failed."""
        if peer.connection.finished:
            self.release(peer)
        else:
            super().drop(peer)


@bug(
    "readiness.quiescent-after-urgent",
    seen="cups#827, capnproto#374",
    collateral={"limits.beyond-fd-setsize-served": "it is a server on select"},
)
class IgnoresExceptional(SelectServer):
    """The list of exceptional sockets is asked for and not looked at: an urgent byte is reported for ever."""

    def remove_exceptional(self, fd: int) -> None:
        """Leave the socket alone."""


@bug(
    "readiness.idle-wakeups",
    seen="libtorrent#757, smol#109; the tutorial mixes both",
    collateral={
        "readiness.quiescent-after-exchange": "on a crowded machine a thousand wakeups a second are unrest",
        "readiness.quiescent-after-reset": "on a crowded machine a thousand wakeups a second are unrest",
        "readiness.quiescent-after-urgent": "on a crowded machine a thousand wakeups a second are unrest",
        "readiness.quiescent-blocked": "on a crowded machine a thousand wakeups a second are unrest",
        "readiness.quiescent-half-closed": "on a crowded machine a thousand wakeups a second are unrest",
        "readiness.quiescent-idle": "on a crowded machine a thousand wakeups a second are unrest",
        "readiness.interest-restored": "a server that never rests is not seen to be blocked",
        "order.partial-writes": "a server that never rests is not seen to be blocked",
    },
)
class MixesTimeoutUnits(PollServer):
    """A timeout of one second, for the housekeeping, is given to an interface that takes milliseconds."""

    HOUSEKEEPING_S = 1

    def poll(self, timeout_s: float | None) -> list[tuple[int, int]]:
        """Poll, with a timeout in the wrong unit."""
        return self.poller.poll(self.HOUSEKEEPING_S if timeout_s is None else timeout_s * 1000)


@bug("readiness.stop-continue", seen="h2o#2358")
class DiesOfInterruptedWait(EpollServer):
    """A signal that interrupts the wait (EINTR) ends the server."""

    def open(self) -> None:
        """Have a signal interrupt, as Python did before 3.5."""
        super().open()
        signal.signal(signal.SIGCONT, self.interrupt)

    def interrupt(self, *_: object) -> None:
        """Fail the system call that the signal came in."""
        raise InterruptedError


@bug(
    "readiness.one-shot-rearmed",
    "readiness.accepts-all",
    "isolation.many-ready",
    collateral={
        "isolation.flooding-clients": TOGETHER,
        "isolation.sessions": TOGETHER,
        **because("several are ready at once", "isolation.no-crosstalk", "isolation.slow-reader"),
    },
)
class RearmsTheLastOnly(EpollServer):
    """Whoever is reported is disarmed (EPOLLONESHOT); after a batch only the one handled last is armed again."""

    def mask(self, interest: int) -> int:
        """Have everything reported once."""
        return super().mask(interest) | select.EPOLLONESHOT

    def wait(self, timeout_s: float | None) -> None:
        """Dispatch, and arm again the loop's own descriptors and the last of the peers."""
        batch = self.poll(timeout_s)
        for fd, events in batch:
            self.dispatch(fd, (READ if events & ~self.OUTPUT else 0) | (WRITE if events & ~self.INPUT else 0))
        own = [fd for fd, _ in batch if fd in {self.listener.fd, self.stop.fd}]
        last = [fd for fd, _ in batch if fd in self.peers][-1:]
        for fd in own + last:
            self.poller.modify(fd, self.mask(self.peers[fd].interest if fd in self.peers else READ))
