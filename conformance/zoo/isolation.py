"""Bugs by which one client is another's problem."""

from __future__ import annotations

import select
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from conformance.zoo.blocking import answer, chunks, converse, newcomers, thread_each
from conformance.zoo.bug import bug
from conformance.zoo.effects import DRAWN_SESSIONS, because
from reference_servers.backend_epoll import EpollServer
from reference_servers.backend_epoll_edge import EpollEdgeServer
from reference_servers.connection import Connection
from reference_servers.server import CHUNK_BYTES, Peer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from reference_servers.listener import Address

# A reader stalls, and others speak meanwhile.
STALLED_IN_COMPANY = (
    "isolation.slow-reader",
    "order.replaced-buffer",
    "close.drains-stalled",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
)

# A client breaks off while it is owed something.
OWED_TO_THE_DEAD = (
    "error.broken-pipe",
    "error.releases",
    "error.reset-with-input",
    "error.reset-with-output-owed",
    "readiness.quiescent-after-reset",
)
BREAKING_OFF = because(
    "a client that breaks off may be owed something",
    "close.connect-close",
    "close.full-close",
    "error.reset-before-accept",
    "error.reset-storm",
    "error.urgent-data",
    "isolation.sessions",
    "isolation.stale-event",
)
READY_TOGETHER = because(
    "several clients may be ready in one batch",
    "close.churn",
    "close.connect-close",
    "close.full-close",
    "error.broken-pipe",
    "error.reset-before-accept",
    "error.reset-storm",
    "error.reset-with-input",
    "error.urgent-data",
    "isolation.accept-burst",
    "isolation.flooding-clients",
    "isolation.no-crosstalk",
    "isolation.sessions",
    "isolation.stale-event",
)


# One at a time


@bug(
    "isolation.silent-client",
    collateral=because(
        "all of a crowd are there at once", "limits.beyond-fd-setsize-safe", "limits.beyond-fd-setsize-served"
    ),
)
def iterative(listener: socket.socket) -> None:
    """One connection is served to its end before the next is accepted."""
    for connection in newcomers(listener):
        converse(connection)


@bug(
    "isolation.concurrent-connections",
    "isolation.many-ready",
    "error.reset-storm",
    collateral=because(
        "more than sixteen clients are there at once", "isolation.slow-reader", "limits.beyond-fd-setsize-served"
    ),
)
def sixteen_workers(listener: socket.socket) -> None:
    """Each connection takes one of sixteen workers for as long as it lasts: the seventeenth waits."""
    with ThreadPoolExecutor(16) as pool:
        for connection in newcomers(listener):
            pool.submit(converse, connection)


@bug(
    "isolation.slow-reader",
    collateral={
        **dict.fromkeys(
            [clause for clause in STALLED_IN_COMPANY if clause != "isolation.slow-reader"],
            "who asks for the lock just before the reader's output is blocked still gets it",
        ),
        **because(
            "somebody who does not read has a part in it", "backpressure.bounded-memory", "isolation.descriptor-reuse"
        ),
    },
)
def locks_while_sending(listener: socket.socket) -> None:
    """A thread for each connection, and one lock that is held while an answer is sent."""
    lock = threading.Lock()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            for chunk in chunks(connection):
                with lock:
                    connection.sendall(answer(chunk))

    thread_each(listener, serve)


@bug(
    *STALLED_IN_COMPANY,
    seen="flux-core#83, proxy-verifier#66",
    collateral=because(
        "somebody who does not read has a part in it", "backpressure.bounded-memory", "isolation.descriptor-reuse"
    ),
)
class LeavesAcceptedBlocking(EpollServer):
    """The listening socket is non-blocking, but not those accepted from it: a reader that stalls blocks the loop."""

    def admit(self, sock: socket.socket, address: Address) -> None:
        """Take it as accept gave it."""
        sock.setblocking(True)
        super().admit(sock, address)


@bug(
    "isolation.silent-client",
    collateral=because(
        "many are there who say nothing",
        "limits.backlog",
        "limits.beyond-fd-setsize-safe",
        "limits.beyond-fd-setsize-served",
    ),
)
class AnswersInRounds(EpollServer):
    """The server goes by rounds: nobody is answered before everybody has spoken."""

    def open(self) -> None:
        """Begin a round."""
        super().open()
        self.spoken: set[Peer] = set()

    def answer(self, peer: Peer) -> None:
        """Answer all when this is the last one."""
        self.spoken.add(peer)
        if self.spoken.issuperset(self.peers.values()):
            for each in self.spoken:
                if each.interest:
                    super().answer(each)
            self.spoken.clear()


@bug(
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    collateral={
        **because(
            "what is owed goes beyond the bound now and then",
            "close.drains-stalled",
            "error.reset-with-output-owed",
            "isolation.slow-reader",
        ),
        **because(
            "somebody who does not read has a part in it", "backpressure.bounded-memory", "isolation.descriptor-reuse"
        ),
    },
)
class FlushesWhenFull(EpollServer):
    """Output is bounded by waiting: when one client is owed too much, the loop stands until that one has taken it."""

    def settle(self, peer: Peer) -> None:
        """Flush above the bound."""
        while peer.connection.owed and not (peer.connection.wants_read or peer.connection.ended):
            select.select([], [peer.fd], [])
            self.send(peer)
        super().settle(peer)


# Who has had enough


@bug("isolation.flooding-clients", seen="ws-rs#65, curio#106, twemproxy#416")
class DrainsOne(EpollEdgeServer):
    """A socket is read until it is empty: while one client keeps it full, nobody else has a turn."""

    BUDGET = sys.maxsize


@bug(
    "order.long-stream",
    "readiness.edge-drained",
    seen="aeronet#485",
    collateral=because(
        "more than sixteen chunks may be there at once, and nothing may come after them",
        "close.drains-stalled",
        "isolation.flooding-clients",
        "isolation.slow-reader",
        "order.partial-writes",
        "order.replaced-buffer",
        "readiness.interest-restored",
        "readiness.quiescent-blocked",
        "readiness.quiescent-half-closed",
    ),
)
class ForgetsRest(EpollEdgeServer):
    """After sixteen chunks it is the next one's turn, and nobody comes back for the rest."""

    def serve(self, peer: Peer) -> None:
        """Serve a peer for its budget, and leave it to the next edge."""
        super().serve(peer)
        self.runnable.pop(peer, None)


@bug("isolation.many-ready", seen="libfabric#3221")
class HandlesFirstEvents(EpollEdgeServer):
    """Of a batch of readiness only the first 64 reports are handled."""

    def poll(self, timeout_s: float | None) -> list[tuple[int, int]]:
        """Return what fits."""
        return super().poll(timeout_s)[:64]


# Whose fault ends the loop


@bug(
    "reply.bytes-not-text", "reply.literal", seen="node#11414", collateral={"order.any-chunking": "it draws any bytes"}
)
class DiesOfInvalidText(Connection):
    """Each chunk is decoded as UTF-8, and where that fails the exception ends the loop."""

    def reply(self, chunk: bytes) -> bytes:
        """Answer the text."""
        return super().reply(chunk.decode().encode())


@bug(
    *STALLED_IN_COMPANY,
    "order.partial-writes",
    "close.drains-before-fin",
    "error.releases",
    "error.reset-with-output-owed",
    "isolation.descriptor-reuse",
    "readiness.interest-restored",
    "readiness.quiescent-after-reset",
    collateral={**DRAWN_SESSIONS, "backpressure.bounded-memory": "somebody who does not read has a part in it"},
)
class AssertsFullSend(EpollServer):
    """That a send takes everything is asserted, and the first one that does not ends the loop."""

    def send(self, peer: Peer) -> bool:
        """Send, and be sure."""
        taken = super().send(peer)
        assert not peer.connection.owed
        return taken


# Whose is it


class AnswersAfterBatch(EpollServer):
    """No bug yet: all who are ready are read, then all of them are answered."""

    def open(self) -> None:
        """Begin with nobody read."""
        super().open()
        self.batch: list[tuple[Peer, bytes]] = []

    def readable(self, peer: Peer) -> None:
        """Read a chunk, and leave it for later."""
        chunk = self.receive(peer)
        if chunk is not None:
            self.batch.append((peer, chunk))

    def wait(self, timeout_s: float | None) -> None:
        """Read in one pass, answer in another."""
        self.batch.clear()
        super().wait(timeout_s)
        for peer, chunk in self.batch:
            try:
                if peer.interest:
                    self.process(peer, chunk)
            except OSError:
                self.drop(peer)

    def process(self, peer: Peer, chunk: bytes) -> None:
        """Answer what was read of one peer."""
        peer.connection.receive(chunk)
        self.answer(peer)


@bug(
    "isolation.many-ready",
    "readiness.accepts-all",
    collateral={
        **READY_TOGETHER,
        **because(
            "several are answered in one batch, or owed output",
            "isolation.descriptor-reuse",
            "isolation.slow-reader",
            "limits.beyond-fd-setsize-served",
            "readiness.one-shot-rearmed",
        ),
    },
)
class AnswersWhoWasLast(AnswersAfterBatch):
    """The answers are sent by closures over a loop's variable: all of them go to whoever was read last."""

    def process(self, peer: Peer, chunk: bytes) -> None:
        """Give the answer to the peer that the variable holds by now."""
        last, _ = self.batch[-1]
        if peer is not last:
            peer.connection.receive(chunk)
            last.connection.owed += peer.connection.owed
            peer.connection.owed.clear()
            self.settle(peer)
        else:
            super().process(peer, chunk)


@bug(
    "readiness.accepts-all",
    collateral={
        **({"isolation.many-ready": "all may say the same there"} | READY_TOGETHER),
        **because(
            "several speak in one batch",
            "close.drains-stalled",
            "limits.beyond-fd-setsize-served",
            "readiness.one-shot-rearmed",
        ),
    },
)
class SharesInputBuffer(AnswersAfterBatch):
    """All connections are read into one buffer: an answer that is made later is made of what was read last."""

    buffer = bytearray(CHUNK_BYTES)

    def receive(self, peer: Peer) -> bytes | None:
        """Read into the buffer."""
        chunk = super().receive(peer)
        if chunk:
            self.buffer[: len(chunk)] = chunk
        return chunk

    def process(self, peer: Peer, chunk: bytes) -> None:
        """Answer as much of the buffer as was read."""
        super().process(peer, bytes(self.buffer[: len(chunk)]))


@bug(
    *STALLED_IN_COMPANY,
    "isolation.descriptor-reuse",
    *OWED_TO_THE_DEAD,
    seen="realworldocaml/book#1205",
    collateral={
        **BREAKING_OFF,
        **because("somebody is owed output", "backpressure.bounded-memory", "isolation.flooding-clients"),
    },
)
class SharesOutputBuffer(Connection):
    """All connections have one output buffer: what one of them cannot be sent is sent to the next."""

    owed_by_all = bytearray()

    def __init__(self) -> None:
        super().__init__()
        self.owed = self.owed_by_all


@bug(
    "isolation.descriptor-reuse",
    *OWED_TO_THE_DEAD,
    seen="vermell#15, gnet#621",
    collateral={
        **BREAKING_OFF,
        **because("after somebody who left with output owed", "close.drains-stalled", "isolation.many-ready"),
    },
)
class InheritsOutput(EpollServer):
    """Output is kept by the socket's number, and not cleared when a connection dies: the next one inherits it."""

    def open(self) -> None:
        """Begin with no output."""
        super().open()
        self.outputs: dict[int, bytearray] = {}

    def admit(self, sock: socket.socket, address: Address) -> None:
        """Find the output by the number."""
        super().admit(sock, address)
        connection = self.peers[sock.fileno()].connection
        connection.owed = self.outputs.setdefault(sock.fileno(), connection.owed)


@bug(
    "readiness.quiescent-after-reset",
    seen="eventlet#94, io-event#71",
    collateral=because(
        "who is reset may have been paused",
        "error.reset-with-output-owed",
        "error.releases",
        "isolation.descriptor-reuse",
        "isolation.sessions",
    ),
)
class InheritsPause(EpollServer):
    """That a connection is paused is kept by the socket's number: the next one with that number is never read."""

    def open(self) -> None:
        """Begin with nobody paused."""
        super().open()
        self.paused: set[int] = set()

    def settle(self, peer: Peer) -> None:
        """Note who is paused."""
        super().settle(peer)
        if not peer.connection.ended:
            (self.paused.discard if peer.connection.wants_read else self.paused.add)(peer.fd)

    def readable(self, peer: Peer) -> None:
        """Read who is not paused."""
        if peer.fd not in self.paused:
            super().readable(peer)


@bug("isolation.descriptor-reuse", collateral={"error.releases": "the end may be seen before the reset"})
class InheritsEnd(EpollServer):
    """That a client has half-closed is kept by the socket's number: the next one with that number is closed early."""

    def open(self) -> None:
        """Begin with nobody at its end."""
        super().open()
        self.ended: set[int] = set()

    def settle(self, peer: Peer) -> None:
        """Close who is at its end and is owed nothing."""
        if peer.connection.ended or peer.fd in self.ended:
            self.ended.add(peer.fd)
            peer.connection.end()
        if peer.connection.finished:
            self.ended.discard(peer.fd)
        super().settle(peer)
