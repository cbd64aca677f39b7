"""How much a descriptor has to be read, and how much room to be written: what kqueue puts into `data`.

Facts, from tcp(7), unix(7) and pipe(7) of Linux: FIONREAD has the bytes to be read, TIOCOUTQ those of a socket that are
not acknowledged yet. A listening socket knows neither; TCP_INFO has the connections that wait for `accept` where a
connection has its segments in flight.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
import sys
import termios

TYPE_CHECKING = False
assert not TYPE_CHECKING or sys.platform == "linux"  # for mypy: elsewhere there is nothing here to check
if TYPE_CHECKING:
    from collections.abc import Iterator

UNACKED_AT = 24
"""Where `tcpi_unacked` stands in `struct tcp_info`: behind eight bytes and four numbers."""


def readable_bytes(fd: int) -> int:
    """Return the bytes that can be read, or the connections that can be accepted."""
    try:
        return _number(fd, termios.FIONREAD)
    except OSError:
        return _waiting(fd)


def room_bytes(fd: int) -> int:
    """Return the bytes of room in a send buffer or a pipe, 0 where the kernel does not say."""
    try:
        unsent = _number(fd, termios.TIOCOUTQ)
    except OSError:
        return _room_in_pipe(fd)
    with _borrowed(fd) as sock:
        return max(0, sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) - unsent)


def _number(fd: int, request: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(fd, request, bytes(4)))[0])


def _waiting(fd: int) -> int:
    """Return the connections in a queue. It is known to have some: one, where nothing counts them."""
    try:
        with _borrowed(fd) as sock:
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, UNACKED_AT + 4)
    except OSError:
        return 1
    return int(struct.unpack_from("I", info, UNACKED_AT)[0])


def _room_in_pipe(fd: int) -> int:
    try:
        return fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ) - _number(fd, termios.FIONREAD)
    except OSError:
        return 0


@contextlib.contextmanager
def _borrowed(fd: int) -> Iterator[socket.socket]:
    """Yield a socket of somebody else's descriptor, which stays open."""
    sock = socket.socket(fileno=fd)
    try:
        yield sock
    finally:
        sock.detach()
