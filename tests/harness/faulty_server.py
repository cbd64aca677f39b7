"""A server with one fault, by name: `faulty_server.py FAULT PORT [FILE]`.

The first chunk of each connection is answered rightly: the fault shows from the second one on. What happens only
once makes FILE, so that a fresh copy knows that it has happened.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

STATUS = 7
LAST_LINE = "fatal: \x1b[31mno second chunk, please"
TOO_LONG_BYTES = 100
TOO_SHORT_BYTES = 50

Fault = Callable[[socket.socket, bytes], None]


def reply(chunk: bytes) -> bytes:
    return f"Server received {chunk!r}".encode("ascii")


def honest(connection: socket.socket, chunk: bytes) -> None:
    connection.sendall(reply(chunk))


def lost(connection: socket.socket, chunk: bytes) -> None:
    """Answer nothing."""


def doubled(connection: socket.socket, chunk: bytes) -> None:
    connection.sendall(reply(chunk) * 2)


def foreign(connection: socket.socket, _chunk: bytes) -> None:
    connection.sendall(reply(b"somebody else's"))


def coloured(connection: socket.socket, _chunk: bytes) -> None:
    connection.sendall(b"\x1b[31mred")


def fin(connection: socket.socket, _chunk: bytes) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket, _chunk: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def death(_connection: socket.socket, _chunk: bytes) -> None:
    print(LAST_LINE, file=sys.stderr, flush=True)
    os._exit(STATUS)


def too_long(connection: socket.socket, chunk: bytes) -> None:
    connection.sendall(reply(chunk if len(chunk) < TOO_LONG_BYTES else chunk[:-1] + b"?"))


def too_long_or_short(connection: socket.socket, chunk: bytes) -> None:
    if len(chunk) > TOO_SHORT_BYTES:
        too_long(connection, chunk)


def leak(connection: socket.socket, chunk: bytes) -> None:
    KEPT.append(connection.dup())
    honest(connection, chunk)


def spinning(_connection: socket.socket, _chunk: bytes) -> None:
    """Read no more, and burn processor time."""
    while True:
        pass


def mortal(connection: socket.socket, chunk: bytes) -> None:
    """Answer rightly, for the last time: the server dies once this connection is closed."""
    honest(connection, chunk)


def once(fault: Fault) -> Fault:
    def first_time(connection: socket.socket, chunk: bytes) -> None:
        happened = Path(sys.argv[3])
        if happened.exists():
            honest(connection, chunk)
        else:
            happened.touch()
            fault(connection, chunk)

    return first_time


KEPT: list[socket.socket] = []
PLAIN = (
    honest,
    lost,
    doubled,
    foreign,
    coloured,
    fin,
    reset,
    death,
    too_long,
    too_long_or_short,
    leak,
    spinning,
    mortal,
)
FAULTS = {fault.__name__: fault for fault in PLAIN} | {"lost_once": once(lost), "foreign_once": once(foreign)}


def serve(connection: socket.socket, fault: Fault) -> None:
    answered: Fault | None = None
    try:
        with contextlib.suppress(OSError):  # the client has gone, or the fault was the connection's end
            while chunk := connection.recv(1024):
                answered = honest if answered is None else fault
                answered(connection, chunk)
    finally:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)  # what leaks is the descriptor: its client gets FIN
        connection.close()
        if answered is mortal:
            os._exit(STATUS)


def main() -> None:
    with socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=128) as listener:
        print("Server start at: {}:{}".format(*listener.getsockname()), flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, FAULTS[sys.argv[1]]), daemon=True).start()


if __name__ == "__main__":
    main()
