"""`kqueue`: one filter a descriptor and direction.

Facts, from kqueue(2) of FreeBSD and macOS:

* Input and output are two filters, EVFILT_READ and EVFILT_WRITE, each added and deleted by itself, several changes in
  one `control`. Without EV_CLEAR they are level-triggered.
* One descriptor ready in both directions makes two events of one batch.
* EV_EOF on EVFILT_READ says that the peer has sent its FIN, or that the socket has failed. Data that came before may
  still be there; `data` counts it. The event is repeated for as long as the filter is there.
* EV_EOF on EVFILT_WRITE says that nothing can be sent any more.
* With room for events, an error of a change is returned as an event with EV_ERROR; with none, `control` raises it.

What that means for us: EV_EOF is no reason to close, it is a reason to read on until `recv` returns nothing. At the
end of the stream the read filter has to go at once, or a half-closed connection spins until its answers have left. A
reset that comes after that is reported by the write filter, which is there because output is owed.

Decision: look at the filter only, never at EV_EOF: `recv` and `send` know. Apply changes at once, with no room for
events, so that an error is raised where it belongs. Cost: a system call for each change, where a list of changes
could go along with the next wait; but such a list may outlive the descriptors in it.
"""

from __future__ import annotations

from reference_servers.server import READ, WRITE, Server
from reference_servers.stand_ins import select


class KqueueServer(Server):
    """A server over `select.kqueue`."""

    MAX_EVENTS = 1024
    """Events taken in one wait; the others follow in the next."""

    ADD = select.KQ_EV_ADD

    FILTERS = ((READ, select.KQ_FILTER_READ), (WRITE, select.KQ_FILTER_WRITE))

    def open(self) -> None:
        """Open a kqueue descriptor."""
        self.kqueue = select.kqueue()

    def watch(self, fd: int, interest: int) -> None:
        """Add the filters for `interest`."""
        self.apply(fd, 0, interest)

    def change(self, fd: int, was: int, interest: int) -> None:
        """Add the filters that are new, delete those that are no longer wanted."""
        self.apply(fd, was, interest)

    def forget(self, fd: int, was: int) -> None:
        """Delete the descriptor's filters."""
        self.apply(fd, was, 0)

    def apply(self, fd: int, was: int, interest: int) -> None:
        """Change each filter that is to be another than it was, all of them in one call."""
        changes = [
            select.kevent(fd, filter=kind, flags=self.ADD if interest & direction else select.KQ_EV_DELETE)
            for direction, kind in self.FILTERS
            if (was ^ interest) & direction
        ]
        self.kqueue.control(changes, 0)

    def wait(self, timeout_s: float | None) -> None:
        """Dispatch each event by its filter."""
        for event in self.kqueue.control(None, self.MAX_EVENTS, timeout_s):
            self.dispatch(event.ident, READ if event.filter == select.KQ_FILTER_READ else WRITE)

    def close(self) -> None:
        """Close every socket and the kqueue descriptor."""
        super().close()
        self.kqueue.close()
