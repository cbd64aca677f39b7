"""What the kernel knows of the server's end of a connection: what arrived, and whether its send buffer is full.

A client cannot tell that its bytes reached a stopped server: its own count of unacknowledged bytes (TIOCOUTQ) stays
up for the 43 ms of a delayed acknowledgement. The server's end lies in the same kernel, and sock_diag(7) answers for
one socket in some 5 µs, unprivileged. Other systems have no such question: there nothing is `certain`, and what needs
it is unobserved.
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import socket
import struct
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass

from clients.peer import Address, family_of

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST = 1
NLM_F_DUMP = 0x300
NLMSG_ERROR = 2
NLMSG_DONE = 3
INET_DIAG_INFO = 2
INET_DIAG_SKMEMINFO = 7
REPLY_BYTES = 32768  # more than the kernel puts into one piece of a dump
ALL_STATES = 0xFFFFFFFF
MAPPED = bytes(10) + b"\xff\xff"  # before an IPv4 address in an IPv6 one
SIOCOUTQNSD = 0x894B  # linux/sockios.h
NOBODY_S_PORT = 1

_MESSAGE_HEADER = struct.Struct("=IHHII")
_REQUEST_HEADER = struct.Struct("=BBBBI")
_SOCKET_ID = struct.Struct("!HH16s16s")
_NO_INTERFACE_NO_COOKIE = struct.pack("=I8s", 0, b"\xff" * 8)
_REPLY_COUNTS = struct.Struct("=IIIII")  # expires, receive queue, send queue, user, inode
_SOCKET_ID_AT = _MESSAGE_HEADER.size + 4
_REPLY_COUNTS_AT = _SOCKET_ID_AT + 48
_ATTRIBUTES_AT = _MESSAGE_HEADER.size + 72
_ATTRIBUTE = struct.Struct("=HH")
_BYTES_RECEIVED_AT = 128  # tcpi_bytes_received in struct tcp_info; a FIN counts as one
_MEMORY = struct.Struct("=IIIIIIIII")  # struct of SK_MEMINFO_*: [3] is the send buffer's size, [5] what it holds


class TcpState(enum.IntEnum):
    """The states that matter here, as linux/tcp_states.h numbers them."""

    SYN_SENT = 2
    LISTEN = 10


@dataclass(frozen=True, slots=True)
class ServerEnd:
    """The server's end of one connection, or its listening socket where there is no such end."""

    state: int
    inode: int
    unread_bytes: int
    unacknowledged_bytes: int
    arrived_bytes: int
    send_buffer_bytes: int
    send_buffer_used_bytes: int

    @property
    def writable(self) -> bool:
        """Whether poll(2) reports it writable: the free part is at least half the used one (sk_stream_is_writeable)."""
        return self.send_buffer_bytes - self.send_buffer_used_bytes >= self.send_buffer_used_bytes >> 1

    @property
    def send_buffer_full(self) -> bool:
        """Whether the next send falls short."""
        return self.send_buffer_used_bytes >= self.send_buffer_bytes > 0


class KernelView:
    """Asks the kernel about sockets of this machine. `available` is False where it has no such interface."""

    def __init__(self) -> None:
        self._netlink: socket.socket | None = None
        self._sequence = 0
        if sys.platform == "linux":
            try:
                self._netlink = socket.socket(
                    socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG
                )
                self._netlink.settimeout(5)
            except OSError:
                self._netlink = None

    @property
    def available(self) -> bool:
        """Whether this kernel answers at all."""
        return self._netlink is not None

    def close(self) -> None:
        """Give the descriptor back."""
        if self._netlink is not None:
            self._netlink.close()
            self._netlink = None

    def server_end(self, server: Address, client: Address) -> ServerEnd | None:
        """The server's end of the connection that `client` made; None where nothing answers for it any more.

        Where the connection is gone, or never came to be, the kernel answers for the listening socket (`LISTEN`).
        """
        if self._netlink is None:
            return None
        family = family_of(server)
        wanted = 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_SKMEMINFO - 1)
        sockets = _SOCKET_ID.pack(server[1], client[1], _packed(family, server[0]), _packed(family, client[0]))
        return _parse(next(self._replies(family, wanted, ALL_STATES, sockets)))

    def connecting(self, server: Address) -> set[int]:
        """The ports of those on this machine who ask for a connection to an IPv4 address, and are not heard yet.

        Also of those who ask over IPv6 sockets, as they do in some languages. It is a dump that the kernel filters:
        /proc/net/tcp lists all that there is, for a tenth of a second where tens of thousands of connections have ended
        lately.
        """
        to = socket.inet_aton(server[0])
        ports: set[int] = set()
        for family, far in ((socket.AF_INET, to), (socket.AF_INET6, MAPPED + to)):
            sockets = _SOCKET_ID.pack(0, server[1], b"", b"")
            for reply in self._replies(family, 0, 1 << TcpState.SYN_SENT, sockets, NLM_F_DUMP):
                port, _, _, asked = _SOCKET_ID.unpack_from(reply, _SOCKET_ID_AT)
                if asked.startswith(far):
                    ports.add(port)
        return ports

    def _replies(
        self, family: socket.AddressFamily, wanted: int, states: int, sockets: bytes, flags: int = 0
    ) -> Iterator[bytes]:
        """The kernel's messages: one, or, of a dump, those before the last. What an earlier question left is not."""
        if self._netlink is None:
            return
        self._sequence += 1
        asked = _REQUEST_HEADER.pack(family, socket.IPPROTO_TCP, wanted, 0, states) + sockets + _NO_INTERFACE_NO_COOKIE
        length = _MESSAGE_HEADER.size + len(asked)
        header = _MESSAGE_HEADER.pack(length, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | flags, self._sequence, 0)
        self._netlink.send(header + asked)
        while True:
            reply = self._netlink.recv(REPLY_BYTES)
            while reply:
                length, kind, _, sequence, _ = _MESSAGE_HEADER.unpack_from(reply)
                if sequence == self._sequence:
                    if flags == NLM_F_DUMP and kind in {NLMSG_DONE, NLMSG_ERROR}:
                        return
                    yield reply[:length]
                    if not flags:
                        return
                reply = reply[(length + 3) & ~3 :]

    def sees(self, server: Address) -> bool:
        """Whether it knows that listening socket: one behind another network's address translation it does not."""
        return self._listener(server) is not None

    def listening_inode(self, server: Address) -> int | None:
        """The inode of the socket that listens there; None where it knows of none."""
        listener = self._listener(server)
        return listener.inode if listener is not None else None

    def accept_queue_full(self, server: Address) -> bool:
        """Whether the next handshake with this listening socket would have to wait for an accept(2).

        What comes nevertheless is dropped and tried again by both sides' timers, for tens of seconds in the worst case.
        """
        waiting, backlog = self._accept_queue(server)
        return waiting > backlog

    def accept_queue_empty(self, server: Address) -> bool:
        """Whether every finished handshake with this listening socket has been accepted; True where nobody can tell."""
        return self._accept_queue(server)[0] == 0

    def _accept_queue(self, server: Address) -> tuple[int, int]:
        listener = self._listener(server)
        if listener is None:
            return 0, 0
        return listener.unread_bytes, listener.unacknowledged_bytes  # so sock_diag(7) reports these two

    def _listener(self, server: Address) -> ServerEnd | None:
        end = self.server_end(server, (server[0], NOBODY_S_PORT))
        return end if end is not None and end.state == TcpState.LISTEN else None


def waits_for_window(descriptor: int) -> bool:
    """Whether all that a socket of ours sent is acknowledged, and the rest waits for the receiver's window.

    Then what its end of the connection still holds (SIOCOUTQ) is what it has never sent (SIOCOUTQNSD), and that is not
    nothing. Linux only.
    """
    return 0 < _asked(descriptor, termios.TIOCOUTQ) == _asked(descriptor, SIOCOUTQNSD)


def unread_bytes(descriptor: int) -> int:
    """What has arrived at a socket of ours and is not read yet (FIONREAD); 0 for one that is gone."""
    with contextlib.suppress(OSError):
        return _asked(descriptor, termios.FIONREAD)
    return 0


def _asked(descriptor: int, request: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(descriptor, request, b"\0" * 4))[0])


def _packed(family: socket.AddressFamily, host: str) -> bytes:
    return socket.inet_pton(family, host).ljust(16, b"\0")


def _parse(reply: bytes) -> ServerEnd | None:
    length, kind, *_ = _MESSAGE_HEADER.unpack_from(reply)
    if kind == NLMSG_ERROR:
        return None
    _, unread, unacknowledged, _, inode = _REPLY_COUNTS.unpack_from(reply, _REPLY_COUNTS_AT)
    arrived = buffer = used = 0
    at = _ATTRIBUTES_AT
    while at + _ATTRIBUTE.size <= length:
        size, attribute = _ATTRIBUTE.unpack_from(reply, at)
        if attribute == INET_DIAG_INFO:
            (arrived,) = struct.unpack_from("=Q", reply, at + _ATTRIBUTE.size + _BYTES_RECEIVED_AT)
        elif attribute == INET_DIAG_SKMEMINFO:
            memory = _MEMORY.unpack_from(reply, at + _ATTRIBUTE.size)
            buffer, used = memory[3], memory[5]
        at += max((size + 3) & ~3, _ATTRIBUTE.size)
    return ServerEnd(
        state=reply[_MESSAGE_HEADER.size + 1],
        inode=inode,
        unread_bytes=unread,
        unacknowledged_bytes=unacknowledged,
        arrived_bytes=arrived,
        send_buffer_bytes=buffer,
        send_buffer_used_bytes=used,
    )
