"""Clients that never stop: `python -I -S torrent.py HOST PORT NUMBER`, so many, each on a connection of its own.

They are in step with nobody, and do next to nothing with a byte: what they send is one buffer over and over, and what
they get is dropped in the kernel (MSG_TRUNC, tcp(7)). A server that takes a kilobyte at a time always finds more; also
on a crowded machine, where one process would now and then not run for so long that the server catches up: several
processes share all connections.

Each line of its output ends with the number of bytes that they have been answered. The first says that each has sent
something. For an `f` on its standard input it fills all of them up, and says so in one more line once the kernel takes
nothing more, which a server that stands still brings about; for a `?` it says one more line at once. It ends when its
standard input does.
"""

import contextlib
import mmap
import os
import select
import socket
import sys

# Who sends holds the socket, and the kernel delivers nothing meanwhile: a large piece would let the server run dry.
PIECE = b"torrent." * (1 << 13)
DROPPED_BYTES = 1 << 20
PROCESSES = 2
COUNT_BYTES = 8
FILL, TELL = b"f", b"?"
MOST_PIECES = 1024  # more than two socket buffers hold; a server that goes on would have them filled for ever


def main(host: str, port: int, number: int) -> None:
    """Connect and flow, to the end of all."""
    connections = [socket.create_connection((host, port)) for _ in range(number)]
    for connection in connections:
        connection.setblocking(False)
        send(connection)
    answered = memoryview(mmap.mmap(-1, COUNT_BYTES * PROCESSES)).cast("Q")  # what each process has been answered
    ended, end = os.pipe()
    others: list[int] = []
    while len(others) < PROCESSES - 1:
        others.append(os.fork())
        if not others[-1]:
            os.close(end)
            flow(connections, ended, answered, len(others))
            return
    tell("flowing", answered)
    flow(connections, sys.stdin.fileno(), answered, 0)
    os.close(end)
    for child in others:
        os.waitpid(child, 0)


def flow(connections: list[socket.socket], orders: int, answered: memoryview, own: int) -> None:
    """Send and drop what comes, until `orders` ends. What was dropped is counted at the `own` place of `answered`."""
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
                if order == FILL:
                    fill(list(flowing.values()))
                tell("full" if order == FILL else "answered", answered)
                continue
            connection = flowing[descriptor]
            taken = drop(connection, dropped) if events & ~select.POLLOUT else None
            if taken == 0:
                poller.unregister(connection)
                del flowing[descriptor]
                continue
            answered[own] += taken or 0
            if events & select.POLLOUT:
                send(connection)


def tell(what: str, answered: memoryview) -> None:
    """Say it, and how many bytes of answers came by now."""
    print(what, sum(answered), flush=True)


def drop(connection: socket.socket, dropped: bytearray) -> int | None:
    """Take what is there; how many bytes that were, 0 at the end, and None where another process was quicker."""
    try:
        return connection.recv_into(dropped, len(dropped), socket.MSG_TRUNC)
    except BlockingIOError:
        return None
    except ConnectionError:
        return 0


def fill(connections: list[socket.socket]) -> None:
    """Send on each until the kernel takes nothing more on any."""
    for _ in range(MOST_PIECES):
        if not sum(map(send, connections)):
            return


def send(connection: socket.socket) -> int:
    """Send as much as the kernel takes; how many bytes that were."""
    with contextlib.suppress(OSError):  # there is no room; or it is over, which is noticed when it is read
        return connection.send(PIECE)
    return 0


if __name__ == "__main__":
    with contextlib.suppress(OSError, KeyboardInterrupt):
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
