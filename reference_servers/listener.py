"""The listening socket: bound, non-blocking, and able to rest when the process or the system has run out.

Facts, from accept(2):

* An error may concern only the connection at the head of the queue (ECONNABORTED, and on Linux the pending network
  errors of the new socket). That connection is gone; the next one can be accepted.
* EMFILE, ENFILE, ENOBUFS and ENOMEM leave the connection in the queue. The listener stays ready, so a
  level-triggered loop spins; an edge-triggered one gets no second edge and never accepts again.
* Room may come from a connection of this process that closes, or from outside (another process, `prlimit`), and the
  kernel announces neither.
* An answer that takes several sends waits, before its last small segment, until the client has acknowledged the ones
  before (Nagle's algorithm), which a client that has nothing to say puts off for 40 ms. TCP_NODELAY turns that off. On
  Linux an accepted socket has it from its listener; POSIX does not say so, and neither do other systems' manuals.

Decision: errors of one connection are passed over. On any other the listener rests: its readiness is not waited for
until a connection closes or `REST_S` has passed, whichever comes first. Cost: those in the queue wait up to
`REST_S` longer than they had to, and an exhausted server wakes ten times a second. TCP_NODELAY is set on the listener,
and where accepted sockets may not have it from there, on each of them, which costs a system call.
"""

from __future__ import annotations

import errno
import socket
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

Address = tuple[object, ...]

ERRORS_OF_ONE_CONNECTION = frozenset(
    getattr(errno, name)
    for name in (
        "ECONNABORTED",
        "ECONNRESET",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "ENETDOWN",
        "ENETUNREACH",
        "ENONET",
        "ENOPROTOOPT",
        "EOPNOTSUPP",
        "EPERM",
        "EPROTO",
    )
    if hasattr(errno, name)
)


NODELAY_IS_HANDED_ON = sys.platform == "linux"


class Listener:
    """A socket that listens on one address, and the state of its accept queue as far as it is known.

    `host` is an IPv4 or IPv6 address or a name (its first address is taken); port 0 lets the kernel choose.
    Raises OSError when the address cannot be resolved or bound, UnicodeError when `host` cannot be a host name.
    """

    BACKLOG = 1024
    """Connections the kernel may hold ready; it takes the smaller of this and its own limit."""

    BATCH = 64
    """Connections accepted in one go, so that a flood of them does not starve those already here."""

    REST_S = 0.1
    """How long to leave the queue alone after running out of descriptors or memory, in seconds."""

    def __init__(self, host: str, port: int) -> None:
        family, kind, proto, _, address = resolve(host, port)
        self.socket = socket.socket(family, kind, proto)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.bind(address)
            self.socket.listen(self.BACKLOG)
            self.socket.setblocking(False)
        except OSError:
            self.socket.close()
            raise
        self.fd = self.socket.fileno()
        self.drained = False
        self.resting = False
        self._retry_at = 0.0

    @property
    def address(self) -> Address:
        """The address really bound, as `getsockname` gives it."""
        return tuple(self.socket.getsockname())

    def accept(self) -> Iterator[tuple[socket.socket, Address]]:
        """Accept up to `BATCH` waiting connections, each non-blocking.

        Afterwards `drained` says that the queue was found empty, `resting` that nothing can be accepted for now.
        """
        self.drained = False
        for _ in range(self.BATCH):
            try:
                sock, address = self.socket.accept()
            except BlockingIOError:
                self.drained = True
                return
            except OSError as error:
                if error.errno in ERRORS_OF_ONE_CONNECTION:
                    continue
                self.rest()
                return
            sock.setblocking(False)
            if not NODELAY_IS_HANDED_ON:
                send_without_delay(sock)
            yield sock, address

    def rest(self) -> None:
        """Leave the queue alone for `REST_S`."""
        self.resting = True
        self._retry_at = time.monotonic() + self.REST_S

    def hurry(self) -> None:
        """End a rest at once: a descriptor has become free."""
        self._retry_at = 0.0

    def rest_left_s(self) -> float:
        """Seconds until the queue is to be tried again, 0 when that is due. Only while resting."""
        return max(0.0, self._retry_at - time.monotonic())

    def resume(self) -> None:
        """End the rest: the queue may be tried."""
        self.resting = False

    def close(self) -> None:
        """Stop listening; connections still in the queue are reset by the kernel."""
        self.socket.close()


def send_without_delay(sock: socket.socket) -> None:
    """Turn Nagle's algorithm off. One that is reset already may refuse it: whoever reads from it finds out."""
    try:  # noqa: SIM105 - contextlib takes longer to import than a server to start without it
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        pass


def resolve(
    host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM
) -> tuple[int, int, int, str, tuple[object, ...]]:
    """Return the first address of `host` for sockets of that kind, as `getaddrinfo` gives it.

    An ASCII name is passed as bytes: for a str the socket module loads the IDNA codec, a third of the start-up time.
    """
    name = host.encode() if host.isascii() else host
    return socket.getaddrinfo(name, port, type=kind, flags=socket.AI_PASSIVE)[0]
