"""What the broken servers have in common that serve on blocking sockets, with threads or processes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

CHUNK_BYTES = 1024
ACCEPT_RETRY_S = 0.05


def chunks(connection: socket.socket) -> Iterator[bytes]:
    """What a connection receives, until its end or its failure."""
    with contextlib.suppress(OSError):
        while chunk := connection.recv(CHUNK_BYTES):
            yield chunk


def answer(chunk: bytes) -> bytes:
    """What a chunk is answered with."""
    return b"Server received %a" % chunk


def converse(connection: socket.socket) -> None:
    """Serve a connection to its end, and close it."""
    with connection, contextlib.suppress(OSError):
        for chunk in chunks(connection):
            connection.sendall(answer(chunk))


def newcomers(listener: socket.socket) -> Iterator[socket.socket]:
    """Accept one after the other. Out of descriptors, pause: what accept(2) says then is no reason to end."""
    while True:
        try:
            yield listener.accept()[0]
        except OSError:
            time.sleep(ACCEPT_RETRY_S)


def thread_each(listener: socket.socket, serve: Callable[[socket.socket], object]) -> None:
    """Serve each connection in a thread of its own."""
    for connection in newcomers(listener):
        threading.Thread(target=serve, args=(connection,), daemon=True).start()
