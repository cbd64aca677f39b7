"""Where the client is to connect: a port that accepts, refuses, or lets wait."""

from __future__ import annotations

import contextlib
import errno
import socket

from clients.peer import Address
from conformance.harness.kernel import KernelView

BACKLOG = 64
BUFFER_BYTES = 65536
MOST_FILLERS = 8
HOST = "127.0.0.1"


class Listener:
    """A port of ours on loopback, which stays ours when nobody listens there."""

    def __init__(self, kernel: KernelView) -> None:
        self._kernel = kernel
        self._socket = socket.socket()
        self._fillers: list[socket.socket] = []
        self.listens = False
        self._lets_wait = False
        self._socket.bind((HOST, 0))
        self._socket.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):  # small ones: what is to be full is so soon
            self._socket.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
        self.address: Address = self._socket.getsockname()

    def fileno(self) -> int:
        """The descriptor."""
        return self._socket.fileno()

    def open(self) -> None:
        """Let clients connect."""
        self.listens = True
        self._socket.listen(BACKLOG)

    def fill(self) -> bool:
        """Listen, with an accept queue that is full: who asks is not heard. False where that cannot be made sure of."""
        self._lets_wait = True
        self._socket.listen(0)
        for _ in range(MOST_FILLERS):
            if self._kernel.accept_queue_full(self.address):
                return True
            filler = socket.socket()
            self._fillers.append(filler)
            filler.settimeout(1)
            with contextlib.suppress(OSError):
                filler.connect(self.address)
        return False

    def asked(self) -> bool:
        """Whether a client has asked and was not heard. Linux only."""
        return not self._kernel.connecting(self.address) <= {port for _, port in self._filled_from()}

    def is_asked_again(self) -> bool:
        """Whether a client that was not heard still asks: its kernel does so again in a second, which is no silence."""
        return self._lets_wait and self.asked()

    def make_room(self) -> None:
        """Let clients connect: they ask again by themselves. Who fills the queue is turned away when it comes out."""
        self.open()

    def accept(self) -> socket.socket | None:
        """The next client's connection, if one is there."""
        while self.listens:
            try:
                accepted, peer = self._socket.accept()
            except OSError as error:
                if error.errno in {errno.EAGAIN, errno.EINVAL, errno.ECONNABORTED}:
                    return None
                raise
            if peer not in self._filled_from():
                return accepted
            accepted.close()
        return None

    def _filled_from(self) -> set[Address]:
        """Where those that fill the queue ask from. They may come into it late, after `make_room` as well."""
        return {filler.getsockname() for filler in self._fillers}

    def close(self) -> None:
        """Give up the port."""
        for filler in self._fillers:
            filler.close()
        self._socket.close()
