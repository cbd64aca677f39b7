"""Clients that never stop: `python -I -S torrent.py HOST PORT NUMBER`, so many, each on a connection of its own.

They are in step with nobody, and do next to nothing with a byte: what they send is one buffer over and over, and what
they get is dropped in the kernel (MSG_TRUNC, tcp(7)). A server that takes a kilobyte at a time always finds more; also
on a crowded machine, where one process would now and then not run for so long that the server catches up: several
processes share all connections.

The first line of its output says that each has sent something. For each byte on its standard input it fills all of them
up, and says so in one more line once the kernel takes nothing more, which a server that stands still brings about. It
ends when its standard input does.
"""

import contextlib
import os
import select
import socket
import sys

# Who sends holds the socket, and the kernel delivers nothing meanwhile: a large piece would let the server run dry.
PIECE = b"torrent." * (1 << 13)
DROPPED_BYTES = 1 << 20
PROCESSES = 2
MOST_PIECES = 1024  # more than two socket buffers hold; a server that goes on would have them filled for ever


def main(host: str, port: int, number: int) -> None:
    """Connect and flow, to the end of all."""
    connections = [socket.create_connection((host, port)) for _ in range(number)]
    for connection in connections:
        connection.setblocking(False)
        send(connection)
    ended, end = os.pipe()
    others: list[int] = []
    while len(others) < PROCESSES - 1:
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
    """Send and drop what comes, until `orders` ends."""
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
                fill(list(flowing.values()))
                print("full", flush=True)
                continue
            connection = flowing[descriptor]
            if events & ~select.POLLOUT and not drop(connection, dropped):
                poller.unregister(connection)
                del flowing[descriptor]
            elif events & select.POLLOUT:
                send(connection)


def drop(connection: socket.socket, dropped: bytearray) -> bool:
    """Take what is there; whether more may come."""
    try:
        return connection.recv_into(dropped, len(dropped), socket.MSG_TRUNC) > 0
    except BlockingIOError:  # another process was quicker
        return True
    except ConnectionError:
        return False


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
