"""Clients that are processes of their own, and send faster than a server can answer."""

from __future__ import annotations

import atexit
import contextlib
import mmap
import os
import select
import socket
import subprocess
import sys

from conformance.report.reproducing.pumping import BUSY_WITH_OTHERS
from conformance.report.reproducing.server import SERVER
from conformance.report.reproducing.verdict import CannotTell

FLOWS_WITHIN_S = 60.0
PIECE = b"torrent." * (1 << 13)  # who sends holds the socket, and the kernel delivers nothing meanwhile
DROPPED_BYTES = 1 << 20
MOST_PIECES = 1024  # more than two socket buffers hold
SHARING = 2
COUNT_BYTES = 8
FILL, TELL = b"f", b"?"
# Of answers to torrents, before another client gets its own. Some loops read megabytes of each client before they look
# at the next one: 70 MB were seen with sixteen torrents.
FAIR_BYTES = 256 << 20
FLOWING: list[subprocess.Popen[bytes]] = []
ANSWERED: list[int] = []  # bytes, each time that they were counted; what is fair is counted from the second time on


def torrents(number: int) -> None:
    """Start so many that flow: each on a connection of its own, all of them carried by a few processes."""
    host, port = SERVER.address
    source = f"import runpy; runpy.run_path({__file__!r})[{be_torrents.__name__!r}]({host!r}, {port}, {number})"
    atexit.register(stem_torrents)
    words = [sys.executable, "-I", "-S", "-c", source]
    FLOWING.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    ANSWERED[:] = [await_word(FLOWING[-1], "flow")]
    BUSY_WITH_OTHERS[:] = [torrents_are_answered]


def swell_torrents() -> None:
    """While the server stands still, wait until the kernel takes nothing more of any: it goes on to deliver that."""
    ANSWERED[:] = [ask_torrents(FILL, "swell")] * 2


def torrents_are_answered() -> bool:
    """After a silence: whether they have been answered more by now, and not yet more than is fair.

    That is counted from when they were filled up, or from the first silence on.
    """
    ANSWERED.append(ask_torrents(TELL, "answer"))
    return ANSWERED[-2] < ANSWERED[-1] < ANSWERED[1] + FAIR_BYTES


def ask_torrents(order: bytes, what: str) -> int:
    """Give all of them an order; how many bytes of answers they have by then."""
    for process in FLOWING:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # then no word comes either
            process.stdin.write(order)
            process.stdin.flush()
    return sum(await_word(process, what) for process in FLOWING)


def stem_torrents() -> None:
    """End them. Their connections are reset: what they are owed is not read."""
    for process in FLOWING:
        process.communicate()  # they end with its standard input
    FLOWING.clear()
    BUSY_WITH_OTHERS.clear()


def await_word(process: subprocess.Popen[bytes], what: str) -> int:
    """Wait for a line of theirs: how many bytes of answers they have."""
    assert process.stdout is not None
    line = process.stdout.readline() if select.select([process.stdout], [], [], FLOWS_WITHIN_S)[0] else b""
    if not line:
        raise CannotTell(f"the torrents did not {what} within {FLOWS_WITHIN_S:.0f} s")
    return int(line)


def be_torrents(host: str, port: int, number: int) -> None:
    """Send and read as fast as the kernel carries it, until standard input ends.

    Several processes share the connections: one would now and then not run for so long that the server catches up.
    """
    connections = [socket.create_connection((host, port)) for _ in range(number)]
    for connection in connections:
        connection.setblocking(False)
        send_piece(connection)
    answered = memoryview(mmap.mmap(-1, COUNT_BYTES * SHARING)).cast("Q")  # what each process has been answered
    ended, end = os.pipe()
    others: list[int] = []
    while len(others) < SHARING - 1:
        others.append(os.fork())
        if not others[-1]:
            os.close(end)
            flow(connections, ended, answered, len(others))
            return
    print(sum(answered), flush=True)
    flow(connections, sys.stdin.fileno(), answered, 0)
    os.close(end)
    for child in others:
        os.waitpid(child, 0)


def flow(connections: list[socket.socket], orders: int, answered: memoryview, own: int) -> None:
    """Send and drop what comes, until `orders` ends; for each byte of it, say how much that was, filled up if told."""
    dropped = bytearray(DROPPED_BYTES)
    flowing = {connection.fileno(): connection for connection in connections}
    poller = select.poll()
    poller.register(orders, select.POLLIN)
    for descriptor in flowing:
        poller.register(descriptor, select.POLLIN | select.POLLOUT)
    while True:
        for descriptor, events in poller.poll():
            if descriptor == orders:
                order = os.read(orders, 1)
                if not order:
                    return
                if order == FILL:  # `any` ends at the first
                    any(not sum(map(send_piece, flowing.values())) for _ in range(MOST_PIECES))
                print(sum(answered), flush=True)
                continue
            connection = flowing[descriptor]
            taken = drop_piece(connection, dropped) if events & ~select.POLLOUT else None
            if taken == 0:
                poller.unregister(connection)
                del flowing[descriptor]
                continue
            answered[own] += taken or 0
            if events & select.POLLOUT:
                send_piece(connection)


def drop_piece(connection: socket.socket, dropped: bytearray) -> int | None:
    """Take what is there; how many bytes that were, 0 at the end, None where another process was quicker."""
    try:
        return connection.recv_into(dropped, len(dropped), socket.MSG_TRUNC)
    except BlockingIOError:
        return None
    except ConnectionError:
        return 0


def send_piece(connection: socket.socket) -> int:
    """Send as much as the kernel takes; how many bytes that were."""
    with contextlib.suppress(OSError):  # there is no room; or it is over, which is noticed when it is read
        return connection.send(PIECE)
    return 0
