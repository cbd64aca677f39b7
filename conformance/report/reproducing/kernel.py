"""What this machine's kernel knows of the server's end of a connection (sock_diag(7), Linux, unprivileged)."""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
import termios
from dataclasses import dataclass

from conformance.report.reproducing.client import Client
from conformance.report.reproducing.server import SERVER, family_of
from conformance.report.reproducing.verdict import CannotTell

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLMSG_ERROR = 2
INET_DIAG_INFO = 2
INET_DIAG_SKMEMINFO = 7
LISTEN = 10  # linux/tcp_states.h
SIOCOUTQNSD = 0x894B  # linux/sockios.h
BYTES_RECEIVED_AT = 128  # tcpi_bytes_received in struct tcp_info; a FIN counts as one


@dataclass(frozen=True)
class ServerEnd:
    """The server's end of one connection; its listening socket where there is no such end (any more)."""

    listening: bool
    queued: int  # unread bytes; of a listening socket, who waits to be accepted
    room: int  # unacknowledged bytes; of a listening socket, its backlog
    arrived_bytes: int
    buffer_bytes: int  # the send buffer
    buffer_used_bytes: int

    @property
    def full(self) -> bool:
        """Whether the next send falls short."""
        return self.buffer_used_bytes >= self.buffer_bytes > 0

    @property
    def writable(self) -> bool:
        """Whether poll(2) calls it writable: the free part is at least half the used one."""
        return self.buffer_bytes - self.buffer_used_bytes >= self.buffer_used_bytes >> 1


def server_end(local: tuple[str, int]) -> ServerEnd | None:
    """The server's end of the connection from `local`; None where nothing is known of it."""
    if sys.platform != "linux":
        raise CannotTell("this needs Linux: no other kernel tells of the server's end of a connection")
    host, port = SERVER.address
    family = family_of(host)
    wanted = 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_SKMEMINFO - 1)
    ends = [socket.inet_pton(family, end).ljust(16, b"\0") for end in (host, local[0])]
    request = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, wanted, 0, 0xFFFFFFFF)
    request += struct.pack("!HH16s16s", port, local[1], *ends) + struct.pack("=I8s", 0, b"\xff" * 8)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink:
        netlink.settimeout(5)
        netlink.send(struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, 1, 0, 0) + request)
        reply = netlink.recv(4096)
    length, kind = struct.unpack_from("=IH", reply)
    if kind == NLMSG_ERROR:
        return None
    queued, room = struct.unpack_from("=II", reply, 16 + 4 + 48 + 4)
    arrived = size = used = 0
    at = 16 + 72  # of the first attribute
    while at + 4 <= length:
        attribute_bytes, attribute = struct.unpack_from("=HH", reply, at)
        if attribute == INET_DIAG_INFO:
            (arrived,) = struct.unpack_from("=Q", reply, at + 4 + BYTES_RECEIVED_AT)
        elif attribute == INET_DIAG_SKMEMINFO:
            memory = struct.unpack_from("=9I", reply, at + 4)
            size, used = memory[3], memory[5]
        at += max((attribute_bytes + 3) & ~3, 4)
    return ServerEnd(reply[17] == LISTEN, queued, room, arrived, size, used)


def accept_queue() -> tuple[int, int]:
    """How many finished handshakes wait to be accepted, and how many may; zeros where nobody can tell."""
    listener = server_end((SERVER.address[0], 1))
    return (listener.queued, listener.room) if listener is not None and listener.listening else (0, 0)


def accept_queue_is_full() -> bool:
    """Whether the next handshake would have to wait for an accept."""
    waiting, backlog = accept_queue()
    return waiting > backlog


def waits_for_window(client: Client) -> bool:
    """Whether all that it sent is acknowledged, and the rest waits for the server to read."""
    return 0 < asked(client, termios.TIOCOUTQ) == asked(client, SIOCOUTQNSD)


def asked(client: Client, request: int) -> int:
    """A number that ioctl(2) tells of its socket."""
    return int(struct.unpack("i", fcntl.ioctl(client.socket.fileno(), request, b"\0" * 4))[0])
