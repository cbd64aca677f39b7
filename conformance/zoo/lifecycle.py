"""Bugs in how a server begins, goes on and ends."""

from __future__ import annotations

import signal
import socket

from conformance.zoo.bug import bug
from reference_servers.backend_epoll import EpollServer
from reference_servers.listener import Address, Listener
from reference_servers.server import Peer


@bug("lifecycle.restart", seen="tio#257")
class NoReuseaddr(Listener):
    """The port is bound without SO_REUSEADDR: for a minute after its end the server cannot be started again."""

    def __init__(self, host: str, port: int) -> None:  # all of Listener's but the option
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.bind((host, port))
        self.socket.listen(self.BACKLOG)
        self.socket.setblocking(False)
        self.fd = self.socket.fileno()
        self.drained = self.resting = False
        self._retry_at = 0.0


@bug("lifecycle.terminates", collateral={"lifecycle.restart": "it does not end for another to start"})
class IgnoresSigterm(EpollServer):
    """SIGTERM is ignored."""

    def run(self) -> None:
        """Ignore it, and serve."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        super().run()


@bug("lifecycle.blocked-log", seen="clice#514")
class BlocksOnItsLog(EpollServer):
    """Each message is logged to standard output by a write that waits until somebody reads."""

    def receive(self, peer: Peer) -> bytes | None:
        """Receive, and print it."""
        chunk = super().receive(peer)
        if chunk:
            print(f"received {chunk!r} from {peer.address}", flush=True)
        return chunk


@bug("lifecycle.announces")
class AnnouncesAnotherPort(Listener):
    """The start line names the port that was asked for plus one."""

    @property
    def address(self) -> Address:
        """Be off by one."""
        host, port, *more = super().address
        return (host, int(str(port)) + 1, *more)
