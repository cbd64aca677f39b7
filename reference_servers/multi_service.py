"""Several services in one readiness loop: the tutorial's over TCP, the same over UDP, and RFC 862's echo over TCP.

Facts: a loop waits for descriptors, and does not care what they are. What a service needs of it is little: to be told
that its socket is ready, a turn of its own in which it does a bounded amount of work, and to be asked again at once
when it has left some. Under edge triggering that last thing is no matter of taste: what is left is not reported again.

Decision: `MultiService` is put in front of a backend, whichever it is, and the backend's loop stays as it is. A
further listener is an `Annex`: it accepts by itself, and whom it admits is the loop's own peer, with another
connection. Datagrams are answered after a batch of readiness is handled, `BUDGET` at most; then the streams have their
turn. Answers that find no room are dropped (see `datagrams`), so that nothing is ever owed to a sender. Cost: one call
that finds nothing for each batch of datagrams.
"""

from __future__ import annotations

from reference_servers.connection import Connection
from reference_servers.server import READ, Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from reference_servers.datagrams import DatagramSocket
    from reference_servers.listener import Listener
    from reference_servers.server import Peer


class EchoConnection(Connection):
    """A connection of RFC 862: the bytes come back as they were."""

    def reply(self, chunk: bytes) -> bytes:
        """Return the chunk."""
        return chunk


class Annex(Server):
    """A further listener in the loop of `host`, which watches for it and serves whom it admits."""

    connection_type = EchoConnection

    def __init__(self, host: Server, listener: Listener) -> None:
        self.host = host
        super().__init__(listener, host.stop, host.log)
        self.peers = host.peers

    def open(self) -> None:
        """Have no kernel interface."""

    def watch(self, fd: int, interest: int) -> None:
        """Have the host wait for a descriptor."""
        self.host.watch(fd, interest)

    def change(self, fd: int, was: int, interest: int) -> None:
        """Have the host wait for something else."""
        self.host.change(fd, was, interest)

    def forget(self, fd: int, was: int) -> None:
        """Have the host stop waiting."""
        self.host.forget(fd, was)

    def wait(self, timeout_s: float | None) -> None:
        """Leave it to the host."""

    def accept(self) -> None:
        """Accept a batch; more may be there until the queue was found empty, whatever reports it."""
        super().accept()
        self.acceptable = not (self.listener.drained or self.listener.resting)


class MultiService(Server):
    """What is put in front of a backend's class: `datagrams` and the listener `echo` are served in the same loop.

    It owns both. The other arguments are the backend's.
    """

    def __init__(
        self, *arguments: Any, datagrams: DatagramSocket | None = None, echo: Listener | None = None, **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.datagrams = datagrams
        self.annex = Annex(self, echo) if echo is not None else None
        self.datagrams_are_there = False

    def services(self) -> list[DatagramSocket | Listener]:
        """Return what is served beside the first listener."""
        found = (self.datagrams, self.annex.listener if self.annex is not None else None)
        return [service for service in found if service is not None]

    def run(self) -> None:
        """Serve all of them until told to stop; then close every socket."""
        for service in self.services():
            self.watch(service.fd, READ)
        super().run()

    def dispatch(self, fd: int, ready: int) -> None:
        """Take note of a service that is ready; the rest is the backend's."""
        if self.datagrams is not None and fd == self.datagrams.fd:
            self.datagrams_are_there = True
        elif self.annex is not None and fd == self.annex.listener.fd:
            self.annex.acceptable = True
        else:
            super().dispatch(fd, ready)

    def turn(self) -> None:
        """Do a turn of the backend's, then see to the other services."""
        super().turn()
        if self.annex is not None:
            self.annex.see_to_newcomers()
        if self.datagrams is not None and self.datagrams_are_there:
            self.datagrams_are_there = self.datagrams.serve()

    def timeout_s(self) -> float | None:
        """Do not wait while a service has left something to do."""
        if self.datagrams_are_there or (self.annex is not None and self.annex.acceptable):
            return 0
        own_s = super().timeout_s()
        if self.annex is None or not self.annex.listener.resting:
            return own_s
        rest_s = self.annex.listener.rest_left_s()
        return rest_s if own_s is None else min(own_s, rest_s)

    def release(self, peer: Peer) -> None:
        """Close the socket of a peer; its descriptor may be anybody's who waits in a queue."""
        super().release(peer)
        if self.annex is not None:
            self.annex.listener.hurry()

    def close(self) -> None:
        """Close every socket."""
        super().close()
        for service in self.services():
            service.close()


def multi_service(backend: type[Server]) -> type[MultiService]:
    """Return the class of a backend's servers that serve more than one listener."""
    return type(f"Multi{backend.__name__}", (MultiService, backend), {})
