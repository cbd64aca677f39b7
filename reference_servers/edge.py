"""What the edge-triggered servers have in common: the kernel reports a change once, and remembering it is up to us.

Facts, true of epoll's EPOLLET and of kqueue's EV_CLEAR:

* A report says that something has changed since the last one, not that something is there. Input left unread is not
  reported again. Readiness lasts until a call fails with EAGAIN, and only after that is a next report sure to come.
* Data and FIN that arrive together make one report. A `recv` shorter than asked for does not prove that nothing
  follows: a FIN may be there, or more data behind an urgent byte.
* Adding a descriptor that is ready reports it at once.

What that means for us: readiness is state of ours. Whoever reads until EAGAIN in one go serves a flooding peer
for ever; whoever stops earlier has to come back without being told.

Decision: register once, for both directions. Keep for each descriptor what it is ready for, cleared by EAGAIN only.
Handle each ready peer `BUDGET` times, then put it at the end of the list; while the list is not empty, wait with no
timeout. The listener likewise stays ready until its queue is drained. Interest never reaches the kernel.
Cost: one `recv` more for each exchange, the one that gets EAGAIN.
"""

from __future__ import annotations

from reference_servers.server import READ, WRITE, Peer, Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reference_servers.listener import Listener
    from reference_servers.log import Log
    from reference_servers.stop import StopSignals


class EdgeServer(Server):
    """A server that remembers readiness; the one over the kernel interface stands behind it, and reports it once."""

    BUDGET = 16
    """How often a peer is handled before the next one has its turn."""

    def __init__(self, listener: Listener, stop: StopSignals, log: Log) -> None:
        self.readiness: dict[int, int] = {}
        self.runnable: dict[Peer, None] = {}  # a set that keeps its order: the first to be ready is the first served
        super().__init__(listener, stop, log)

    def watch(self, fd: int, interest: int) -> None:  # noqa: ARG002 - both directions, once
        """Register the descriptor for both directions; nothing is known of it yet."""
        super().watch(fd, READ | WRITE)  # type: ignore[safe-super]  # the interface's, which stands behind
        self.readiness[fd] = 0

    def change(self, fd: int, was: int, interest: int) -> None:
        """Tell the kernel nothing: `serve` compares interest with readiness."""

    def forget(self, fd: int, was: int) -> None:  # noqa: ARG002
        """Unregister the descriptor and forget its readiness."""
        super().forget(fd, READ | WRITE)  # type: ignore[safe-super]
        del self.readiness[fd]

    def timeout_s(self) -> float | None:
        """Do not wait while anyone known to be ready has not been served."""
        return 0 if self.runnable or self.acceptable else super().timeout_s()

    def wait(self, timeout_s: float | None) -> None:
        """Take note of all changes, then serve whoever is ready, each for its budget."""
        super().wait(timeout_s)  # type: ignore[safe-super]
        batch, self.runnable = self.runnable, {}
        for peer in batch:
            self.serve(peer)

    def handle(self, peer: Peer, ready: int) -> None:
        """Take note of what a peer is ready for."""
        self.readiness[peer.fd] |= ready
        self.runnable[peer] = None

    def serve(self, peer: Peer) -> None:
        """Handle a peer until it is ready for nothing it wants, or its budget is used up."""
        for _ in range(self.BUDGET):
            ready = peer.interest and self.readiness[peer.fd] & peer.interest  # no interest: dropped
            if not ready:
                return
            super().handle(peer, ready)
        self.runnable[peer] = None

    def receive(self, peer: Peer) -> bytes | None:
        """Return the next chunk; with none there, no more input is ready."""
        chunk = super().receive(peer)
        if chunk is None:
            self.readiness[peer.fd] &= ~READ
        return chunk

    def send(self, peer: Peer) -> bool:
        """Send if there is room as far as is known; when there was none, there is none until told."""
        taken = bool(self.readiness[peer.fd] & WRITE) and super().send(peer)
        if not taken:
            self.readiness[peer.fd] &= ~WRITE
        return taken

    def accept(self) -> None:
        """Accept a batch; the listener stays ready until its queue was found empty."""
        super().accept()
        self.acceptable = not (self.listener.drained or self.listener.resting)
