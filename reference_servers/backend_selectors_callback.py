"""`selectors` with callbacks: the key's data is what to call.

Facts: a selector stores any object beside a registration and hands it back with each report. The tutorial stores the
function to be called, `accept` for the listener and `read` for a connection; the loop knows neither.

What that means for us: a report leads to its connection without a map. But the list of reports is made before the
first of them is handled, so a callback may be called for a connection that has just been dropped.

Decision: each connection's callback is bound to its peer, not to its number; a dropped peer has no interest, and its
callback does nothing. The answer is sent in the callback, the rest when the socket is writable.
Cost: a function object for each connection.
"""

from functools import partial

from reference_servers.selector import SelectorServer


class SelectorsCallbackServer(SelectorServer):
    """A server over a selector whose keys carry their callbacks."""

    def watch(self, fd: int, interest: int) -> None:
        """Register the descriptor with its callback, which takes the events it is ready for."""
        peer = self.peers.get(fd)
        callback = partial(self.dispatch, fd) if peer is None else partial(self.handle, peer)
        self.selector.register(fd, interest, callback)

    def wait(self, timeout_s: float | None) -> None:
        """Call back for each key."""
        for key, events in self.select(timeout_s):
            key.data(events)
