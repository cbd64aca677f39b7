"""What poll, epoll and /dev/poll have in common: one descriptor, one event mask, level-triggered.

Facts: the kernel reports a descriptor as long as its condition holds. Errors and hang-ups (POLLERR, POLLHUP,
POLLNVAL) are reported whether asked for or not, a reset together with POLLIN and POLLOUT. POLLPRI (an urgent byte)
and EPOLLRDHUP (the peer has half-closed) are reported only when asked for, and then as long as they hold.

What that means for us: a mask with more bits than we act upon spins. EPOLLRDHUP stays set for as long as a half-closed
peer is slow to take its answers, POLLPRI until a `recv` has passed over the urgent byte, which paused reading puts off.

Decision: ask for input and output only. Count every other bit as both: a connection always wants one of the two, and
the `recv` or `send` made for it reads what is left, or gets the error and with it removes the socket.
Cost: a reset that comes while answers wait to be sent is learnt from `send`, and an urgent byte is never seen.
"""

from __future__ import annotations

from abc import abstractmethod

from reference_servers.server import READ, WRITE, Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Poller(Protocol):
        """What `select.poll`, `select.epoll` and `select.devpoll` have in common."""

        def register(self, fd: int, eventmask: int, /) -> None:
            """Begin to watch a descriptor."""

        def modify(self, fd: int, eventmask: int, /) -> None:
            """Replace the mask of a watched descriptor."""

        def unregister(self, fd: int, /) -> None:
            """Stop watching a descriptor."""

        def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]:
            """Return descriptors and event masks; the unit of the timeout is what differs."""
            raise NotImplementedError


class PollingServer(Server):
    """A server over a poller. Backends give the poller, the two bits of their interface, and `poll`."""

    INPUT: int
    OUTPUT: int
    poller: Poller

    @abstractmethod
    def poll(self, timeout_s: float | None) -> list[tuple[int, int]]:
        """Return descriptors and their event masks; `timeout_s` is in seconds, whatever the interface takes."""

    def mask(self, interest: int) -> int:
        """Return `READ | WRITE` in the interface's own bits."""
        return (self.INPUT if interest & READ else 0) | (self.OUTPUT if interest & WRITE else 0)

    def watch(self, fd: int, interest: int) -> None:
        """Register the descriptor."""
        self.poller.register(fd, self.mask(interest))

    def change(self, fd: int, was: int, interest: int) -> None:  # noqa: ARG002 - the kernel keeps what was
        """Replace the descriptor's mask."""
        self.poller.modify(fd, self.mask(interest))

    def forget(self, fd: int, was: int) -> None:  # noqa: ARG002
        """Unregister the descriptor."""
        self.poller.unregister(fd)

    def wait(self, timeout_s: float | None) -> None:
        """Dispatch what `poll` reports, everything but plain input and plain output as both."""
        peers, handle, plain_input = self.peers, self.handle, self.INPUT
        for fd, events in self.poll(timeout_s):
            peer = peers.get(fd)
            if peer is not None and events == plain_input:  # nearly always, and then without a detour
                handle(peer, READ)
            else:
                self.dispatch(fd, self.readiness_of(events))

    def readiness_of(self, events: int) -> int:
        """Return the interface's bits as `READ | WRITE`."""
        return (READ if events & ~self.OUTPUT else 0) | (WRITE if events & ~self.INPUT else 0)
