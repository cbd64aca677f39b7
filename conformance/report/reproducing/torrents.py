"""Clients that are processes of their own, and send faster than a server can answer."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import socket
import subprocess
import sys

from conformance.report.reproducing.server import SERVER
from conformance.report.reproducing.verdict import CannotTell

FLOWS_WITHIN_S = 60.0
PIECE = b"torrent." * (1 << 13)  # who sends holds the socket, and the kernel delivers nothing meanwhile
DROPPED_BYTES = 1 << 20
MOST_PIECES = 1024  # more than two socket buffers hold
SHARING = 2
FLOWING: list[subprocess.Popen[bytes]] = []


def torrents(number: int) -> None:
    """Start so many that flow: each on a connection of its own, all of them carried by a few processes."""
    host, port = SERVER.address
    source = f"import runpy; runpy.run_path({__file__!r})[{be_torrents.__name__!r}]({host!r}, {port}, {number})"
    atexit.register(stem_torrents)
    words = [sys.executable, "-I", "-S", "-c", source]
    FLOWING.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    await_word(FLOWING[-1], "flow")


def swell_torrents() -> None:
    """While the server stands still, wait until the kernel takes nothing more of any: it goes on to deliver that."""
    for process in FLOWING:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        await_word(process, "swell")


def stem_torrents() -> None:
    """End them. Their connections are reset: what they are owed is not read."""
    for process in FLOWING:
        process.communicate()  # they end with its standard input
    FLOWING.clear()


def await_word(process: subprocess.Popen[bytes], what: str) -> None:
    """Wait for a line of theirs."""
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], FLOWS_WITHIN_S)[0] or not process.stdout.readline():
        raise CannotTell(f"the torrents did not {what} within {FLOWS_WITHIN_S:.0f} s")


def be_torrents(host: str, port: int, number: int) -> None:
    """Send and read as fast as the kernel carries it, until standard input ends.

    Several processes share the connections: one would now and then not run for so long that the server catches up.
    """
    connections = [socket.create_connection((host, port)) for _ in range(number)]
    for connection in connections:
        connection.setblocking(False)
        send_piece(connection)
    ended, end = os.pipe()
    others: list[int] = []
    while len(others) < SHARING - 1:
        others.append(os.fork())
        if not others[-1]:
            os.close(end)
            flow(connections, ended)
            return
    print("flowing", flush=True)
    flow(connections, sys.stdin.fileno())
    os.close(end)
    for child in others:
        os.waitpid(child, 0)


def flow(connections: list[socket.socket], orders: int) -> None:
    """Send and drop what comes, until `orders` ends; for each byte of it, fill all up and say so."""
    dropped = bytearray(DROPPED_BYTES)
    flowing = {connection.fileno(): connection for connection in connections}
    poller = select.poll()
    poller.register(orders, select.POLLIN)
    for descriptor in flowing:
        poller.register(descriptor, select.POLLIN | select.POLLOUT)
    while True:
        for descriptor, events in poller.poll():
            if descriptor == orders:
                if not os.read(orders, 1):
                    return
                any(not sum(map(send_piece, flowing.values())) for _ in range(MOST_PIECES))  # `any` ends at the first
                print("full", flush=True)
                continue
            connection = flowing[descriptor]
            try:
                if events & ~select.POLLOUT and not connection.recv_into(dropped, len(dropped), socket.MSG_TRUNC):
                    raise ConnectionResetError
                if events & select.POLLOUT:
                    send_piece(connection)
            except BlockingIOError:  # another one was quicker
                pass
            except ConnectionError:
                poller.unregister(connection)
                del flowing[descriptor]


def send_piece(connection: socket.socket) -> int:
    """Send as much as the kernel takes; how many bytes that were."""
    with contextlib.suppress(OSError):  # there is no room; or it is over, which is noticed when it is read
        return connection.send(PIECE)
    return 0
