"""A client that never stops: `python -I -S torrent.py HOST PORT` sends and reads as fast as the kernel carries it.

It is not in step with anybody, and does next to nothing with a byte: what it sends is one buffer over and over, and
what it gets is dropped in the kernel (MSG_TRUNC, tcp(7)). A server that takes a kilobyte at a time always finds more;
also on a crowded machine, where one process would now and then not run for so long that the server catches up: several
share one connection. It says from which port once it has sent something, and ends when its standard input does.
"""

import contextlib
import os
import select
import socket
import sys

PIECE = b"torrent." * (1 << 17)
PROCESSES = 4


def main(host: str, port: int) -> None:
    """Connect and flow, to the end of all."""
    others: list[int] = []
    with socket.create_connection((host, port)) as connection:
        connection.setblocking(False)
        connection.send(PIECE)
        print(connection.getsockname()[1], flush=True)
        while len(others) < PROCESSES - 1:
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
    with contextlib.suppress(ConnectionError):
        while True:
            for descriptor, events in poller.poll():
                if descriptor == sys.stdin.fileno():
                    return
                with contextlib.suppress(BlockingIOError):  # another one was quicker
                    if events & ~select.POLLOUT and not connection.recv_into(dropped, len(dropped), socket.MSG_TRUNC):
                        return
                    if events & select.POLLOUT:
                        connection.send(PIECE)


if __name__ == "__main__":
    with contextlib.suppress(OSError, KeyboardInterrupt):
        main(sys.argv[1], int(sys.argv[2]))
