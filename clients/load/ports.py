"""Where connections come from.

Facts: a connection is known by its four numbers, so from one address to one server there are as many at once as the
kernel has client ports, 28,232 on Linux (ip_local_port_range), fewer while others linger in TIME_WAIT. connect(2) then
fails with EADDRNOTAVAIL. On Linux all of 127.0.0.0/8 is local, and each of its addresses has all ports again. Without
IP_BIND_ADDRESS_NO_PORT a bind to such an address takes a port that no other socket has there, whoever it connects to.

Decision: the kernel's choice as long as it has a port, then the next address of 127.0.0.0/8 for good.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import sys

from clients.peer import Address, family_of

LAST = 254


class NoPort(Exception):
    """Every address that connections could come from is out of ports."""


class Sources:
    """Begins connections to one address, from wherever there is a port."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._family = family_of(address)
        self._last_number = 0
        if sys.platform == "linux" and self._family == socket.AF_INET:
            with contextlib.suppress(ValueError):
                self._last_number = LAST if ipaddress.ip_address(address[0]).is_loopback else 0
        self._number = 0  # 0: as the kernel chooses

    def connect(self) -> socket.socket:
        """A non-blocking socket that is connecting. Raises `NoPort`, or OSError where there are no descriptors."""
        while True:
            sock = socket.socket(self._family, socket.SOCK_STREAM)
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            error = self._begin(sock)
            if error in {0, errno.EINPROGRESS}:
                return sock
            sock.close()
            if error != errno.EADDRNOTAVAIL:
                raise OSError(error, errno.errorcode.get(error, "cannot connect"))
            if self._number >= self._last_number:
                raise NoPort
            self._number += 1

    def _begin(self, sock: socket.socket) -> int:
        if self._number:
            if hasattr(socket, "IP_BIND_ADDRESS_NO_PORT"):
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
            elif sys.platform == "linux":  # Python 3.11 does not name it
                sock.setsockopt(socket.IPPROTO_IP, 24, 1)
            try:
                sock.bind((f"127.0.1.{self._number}", 0))
            except OSError as error:
                return error.errno or errno.EADDRNOTAVAIL
        return sock.connect_ex(self._address)
