"""Clients that are processes of their own, and send faster than a server can answer."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import socket
import subprocess
import sys
import time

from conformance.report.reproducing.kernel import server_end
from conformance.report.reproducing.server import LOOK_AGAIN_S, SERVER
from conformance.report.reproducing.verdict import CannotTell

FLOWS_WITHIN_S = 10.0
SWELLS_WITHIN_S = 1.0
SWOLLEN_BYTES = 1 << 20
SPENT_BYTES = 32 << 20
PIECE = b"torrent." * (1 << 17)
SHARING = 4
FLOWING: list[subprocess.Popen[bytes]] = []


def torrents(number: int) -> None:
    """Start so many processes, and see that each flows: more of it waits for the server than it can catch up with."""
    host, port = SERVER.address
    source = f"import runpy; runpy.run_path({__file__!r})[{be_a_torrent.__name__!r}]({host!r}, {port})"
    atexit.register(stem_torrents)
    for _ in range(number):
        words = [sys.executable, "-I", "-S", "-c", source]
        FLOWING.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    for process in FLOWING:
        assert process.stdout is not None
        line = process.stdout.readline() if select.select([process.stdout], [], [], FLOWS_WITHIN_S)[0] else b""
        if not line:
            raise CannotTell(f"a torrent did not flow within {FLOWS_WITHIN_S:.0f} s")
        deadline = time.monotonic() + SWELLS_WITHIN_S
        while time.monotonic() < deadline:
            end = server_end((host, int(line)))
            if end is None or end.queued > SWOLLEN_BYTES or end.arrived_bytes > SPENT_BYTES:
                break
            time.sleep(LOOK_AGAIN_S)


def stem_torrents() -> None:
    """End them. Their connections are reset: what they are owed is not read."""
    for process in FLOWING:
        process.communicate()  # it ends with its standard input
    FLOWING.clear()


def be_a_torrent(host: str, port: int) -> None:
    """Send and read as fast as the kernel carries it, until standard input ends; say from which port.

    Several processes share the connection: one would now and then not run for so long that the server catches up.
    """
    others: list[int] = []
    with contextlib.suppress(ConnectionError), socket.create_connection((host, port)) as connection:
        connection.setblocking(False)
        connection.send(PIECE)
        print(connection.getsockname()[1], flush=True)
        while len(others) < SHARING - 1:
            others.append(os.fork())
            if not others[-1]:
                others.clear()
                break
        flow(connection)
    for child in others:
        os.waitpid(child, 0)


def flow(connection: socket.socket) -> None:
    """Send and drop what comes, until the end of the connection or of standard input."""
    dropped = bytearray(len(PIECE))
    poller = select.poll()
    poller.register(connection, select.POLLIN | select.POLLOUT)
    poller.register(sys.stdin, select.POLLIN)
    while True:
        for descriptor, events in poller.poll():
            if descriptor == sys.stdin.fileno():
                return
            with contextlib.suppress(BlockingIOError):  # another one was quicker
                if events & ~select.POLLOUT and not connection.recv_into(dropped, len(dropped), socket.MSG_TRUNC):
                    return
                if events & select.POLLOUT:
                    connection.send(PIECE)
