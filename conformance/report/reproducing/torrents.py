"""Clients that are processes of their own, and send faster than a server can answer."""

from __future__ import annotations

import atexit
import contextlib
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
PIECE_BYTES = 1 << 20
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
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
    FLOWING.clear()


def be_a_torrent(host: str, port: int) -> None:
    """Send and read as fast as the kernel carries it, until standard input ends; say from which port."""
    piece, dropped = b"torrent." * (PIECE_BYTES // 8), bytearray(PIECE_BYTES)
    poller = select.poll()
    with contextlib.suppress(OSError), socket.create_connection((host, port)) as connection:
        connection.setblocking(False)
        poller.register(connection, select.POLLIN | select.POLLOUT)
        poller.register(sys.stdin, select.POLLIN)
        said = False
        while True:
            for descriptor, events in poller.poll():
                if descriptor == sys.stdin.fileno():
                    return
                if events & ~select.POLLOUT and not connection.recv_into(dropped, PIECE_BYTES, socket.MSG_TRUNC):
                    return
                if events & select.POLLOUT:
                    with contextlib.suppress(BlockingIOError):
                        connection.send(piece)
                    if not said:
                        print(connection.getsockname()[1], flush=True)
                        said = True
