"""A server that is stopped, and what is done to it meanwhile: it finds all of that as one readiness batch.

That it has arrived is not taken for granted: the kernel is asked, before the next step is done.
"""

from __future__ import annotations

import time

from clients.peer import Peer
from conformance.harness.kernel import ServerEnd, TcpState, waits_for_window
from conformance.harness.server import Server
from conformance.harness.transcript import Halted, Trouble

ARRIVES_WITHIN_S = 5.0
LOOK_AGAIN_S = 0.0005


class Standstill:
    """Stops a server and lets it go on; `now` tells whether it is stopped."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.now = False

    def begin(self) -> None:
        """Stop it, once it has done what it was doing. Raises `Halted` where it does not stand still."""
        self._server.let_it_finish()
        self.now = True
        if not self._server.freeze():
            raise Halted(Trouble.UNCERTAIN, "the server would not stand still")

    def end(self) -> None:
        """Let it go on."""
        self.now = False
        self._server.thaw()

    def confirm(self, peer: Peer, *, fin: bool = False) -> None:
        """See that what a client has sent has arrived, if the server is stopped. Raises `Halted` where it does not."""
        if not self.now or peer.local is None:
            return
        deadline = time.monotonic() + ARRIVES_WITHIN_S
        while not self._arrived(peer, fin=fin):
            if time.monotonic() > deadline:
                raise Halted(Trouble.UNCERTAIN, "what was sent did not arrive at the frozen server")
            peer.flush()
            time.sleep(LOOK_AGAIN_S)

    def _arrived(self, peer: Peer, *, fin: bool) -> bool:
        end = server_end(self._server, peer)
        if end is None:
            return True  # reset, and so gone
        if end.arrived_bytes >= peer.sent_bytes + fin and not peer.unsent_bytes:
            return True
        # A small window is no fault: the batch is what it lets through, and the rest comes when it opens.
        return not peer.closed and waits_for_window(peer.fileno())


def server_end(server: Server, peer: Peer) -> ServerEnd | None:
    """The server's end of a client's connection; None where there is none."""
    if peer.local is None:
        return None
    end = server.kernel.server_end(server.address, peer.local)
    return end if end is not None and end.state != TcpState.LISTEN else None
