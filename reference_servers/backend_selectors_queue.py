"""`selectors` with queues: reading fills the queue, EVENT_WRITE empties it.

Facts: the tutorial keeps a queue of answers for each connection. Reading only fills it; the socket is written to when
it is reported writable, and not before. A socket is writable nearly all the time.

What that means for us: waiting for EVENT_WRITE with an empty queue spins, and not waiting for it with a full one never
answers.

Decision: the connection's owed bytes are the queue; EVENT_WRITE is waited for exactly while it is not empty.
Cost: each exchange takes a second wait and two changes of interest, where answering at once takes none.
"""

from reference_servers.selector import SelectorServer
from reference_servers.server import Peer


class SelectorsQueueServer(SelectorServer):
    """A server over a selector that writes only when told that it can."""

    def answer(self, peer: Peer) -> None:
        """Leave what is owed in the queue, and wait for the socket to be writable."""
        self.settle(peer)

    def wait(self, timeout_s: float | None) -> None:
        """Dispatch each key by its descriptor."""
        for key, events in self.select(timeout_s):
            self.dispatch(key.fd, events)
