"""Bugs that lose, double or swap bytes."""

from __future__ import annotations

from conformance.zoo.bug import bug
from reference_servers.backend_epoll import EpollServer
from reference_servers.server import Peer


@bug(
    "order.partial-writes",
    "close.drains-stalled",
    seen="gev#60, objeck-lang#670; the tutorial's own servers",
)
class DropsShortSend(EpollServer):
    """What a short send leaves over is never sent."""

    def send(self, peer: Peer) -> bool:
        """Send once, and take it for the whole."""
        taken = super().send(peer)
        peer.connection.owed.clear()
        return taken
