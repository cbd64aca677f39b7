"""`select`: three lists in, three lists out.

Facts, from select(2) and POSIX:

* Every call passes the whole lists and the kernel looks at each entry, so a turn costs the number of connections.
* A socket is readable at the end of its stream and after a reset, and writable after a reset too: there is no
  report of errors apart from these two.
* The third list is for exceptional conditions, which for TCP is one thing: an urgent byte.
* A descriptor has to be below FD_SETSIZE, or the call fails for all (see `limits`).

What that means for us: a reset is noticed by whoever waits for input or for output, and a connection waits for at least
one. Interest is membership in a set, and changing it is no system call.

Decision: as in the tutorial, the third list holds whoever is in the first, and an exceptional socket is removed, last,
so that what it sent before is answered. A connection whose number does not fit is closed, and only that one.
Cost: time in proportion to the connections, and no more of them than fit.
"""

from __future__ import annotations

import select

from reference_servers.limits import require_fd_set_room
from reference_servers.server import READ, WRITE, Server


class SelectServer(Server):
    """A server over `select.select`."""

    def open(self) -> None:
        """Begin with empty sets."""
        self.inputs: set[int] = set()
        self.outputs: set[int] = set()

    def watch(self, fd: int, interest: int) -> None:
        """Put the descriptor into the sets, if `select` can hold it."""
        require_fd_set_room(fd)
        self.change(fd, 0, interest)

    def change(self, fd: int, was: int, interest: int) -> None:  # noqa: ARG002 - the sets know what was
        """Put the descriptor into the sets it belongs to, and out of the others."""
        (self.inputs.add if interest & READ else self.inputs.discard)(fd)
        (self.outputs.add if interest & WRITE else self.outputs.discard)(fd)

    def forget(self, fd: int, was: int) -> None:
        """Take the descriptor out of the sets."""
        self.change(fd, was, 0)

    def wait(self, timeout_s: float | None) -> None:
        """Select, and go through the three lists in turn."""
        readable, writable, exceptional = select.select(self.inputs, self.outputs, self.inputs, timeout_s)
        for fd in readable:
            self.dispatch(fd, READ)
        for fd in writable:
            self.dispatch(fd, WRITE)
        for fd in exceptional:
            self.remove_exceptional(fd)

    def remove_exceptional(self, fd: int) -> None:
        """Remove the socket, unless one of the other lists has removed it already."""
        peer = self.peers.get(fd)
        if peer is not None:
            self.drop(peer)
