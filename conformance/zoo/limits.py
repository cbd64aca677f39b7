"""Bugs at the limits of a process and of its interfaces."""

from __future__ import annotations

import contextlib
import errno
import os
import socket

from conformance.zoo.bug import bug
from reference_servers.backend_epoll import EpollServer
from reference_servers.backend_select import SelectServer
from reference_servers.connection import Connection
from reference_servers.listener import Address, Listener
from reference_servers.server import Peer


@bug("limits.exhaustion-quiet", seen="redis#246, twisted#5368, joyent/libuv#690")
class SpinsWhenExhausted(Listener):
    """Out of descriptors, accept fails, the listener stays ready, and the loop tries again at once, for ever."""

    def rest(self) -> None:
        """Go on at once."""
        super().rest()
        self.hurry()


@bug(
    "limits.descriptor-exhaustion",
    "limits.exhaustion-quiet",
    "limits.exhaustion-queue",
    seen="twisted#10425; the tutorial's servers",
)
class DiesWhenExhausted(Listener):
    """Out of descriptors, the error of accept is not caught."""

    def rest(self) -> None:
        """Let it through."""
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@bug(
    "limits.descriptor-exhaustion",
    "limits.exhaustion-queue",
    seen="twemproxy PR 232",
    collateral={"limits.exhaustion-quiet": "somebody comes afterwards"},
)
class NeverAcceptsAgain(EpollServer):
    """Out of descriptors, the listener is switched off, and nobody switches it on again."""

    def resume(self) -> None:
        """Forget to."""
        self.listener.rest()


@bug(
    "limits.descriptor-exhaustion",
    "limits.exhaustion-queue",
    seen="dynomite#427",
    collateral={"limits.exhaustion-quiet": "somebody comes afterwards"},
)
class ClosesListenerOnAcceptError(EpollServer):
    """Any error of accept closes the listening socket."""

    def accept(self) -> None:
        """Accept, and close after an error."""
        super().accept()
        if self.listener.resting:
            self.listener.close()
            self.listener.resume()


@bug("limits.exhaustion-queue")
class TurnsAwayTheQueue(Listener):
    """Out of descriptors, a spare one is given up to accept and close whoever waits."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.spare = os.open(os.devnull, os.O_RDONLY)

    def rest(self) -> None:
        """Accept them all, and close them."""
        os.close(self.spare)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.socket.accept()[0].close()
        self.spare = os.open(os.devnull, os.O_RDONLY)


@bug(
    "limits.beyond-fd-setsize-safe", "limits.beyond-fd-setsize-served", seen="cheroot#301; the tutorial's select server"
)
class SelectsBeyondFdSetsize(SelectServer):
    """A descriptor that select cannot hold is put into the set: select fails from then on, and the server with it."""

    def watch(self, fd: int, interest: int) -> None:
        """Do not look whether it fits."""
        self.change(fd, 0, interest)


@bug("limits.backlog", seen="rethinkdb#369")
class TinyBacklog(Listener):
    """The accept queue holds three."""

    BACKLOG = 3


@bug("limits.no-growth", seen="uvloop#548")
class KeepsWhatWasAnswered(EpollServer):
    """What was received is kept in a list that nobody empties."""

    def open(self) -> None:
        """Begin the list."""
        super().open()
        self.history: list[bytes] = []

    def receive(self, peer: Peer) -> bytes | None:
        """Receive, and keep it."""
        chunk = super().receive(peer)
        self.history.append(chunk or b"")
        return chunk


@bug("limits.no-growth")
class KeepsBuffersOfTheDead(EpollServer):
    """Each connection has a buffer of its own, and it is kept when the connection is over."""

    def open(self) -> None:
        """Begin the buffers."""
        super().open()
        self.buffers: list[bytearray] = []

    def admit(self, sock: socket.socket, address: Address) -> None:
        """Make a newcomer's buffer."""
        self.buffers.append(bytearray(2048))
        super().admit(sock, address)


@bug("backpressure.bounded-memory", seen="http-kit#180, bun#32469")
class UnboundedOutput(Connection):
    """Reading goes on whatever is owed: a client that does not read fills the server's memory."""

    HIGH_WATER_BYTES = 1 << 40
