"""A client that never stops: `python -I -S torrent.py HOST PORT` sends and reads as fast as the kernel carries it.

It is a process of its own, so that it is not in step with anybody, and it does next to nothing with a byte: what it
sends is one buffer over and over, and what it gets is dropped in the kernel (MSG_TRUNC, tcp(7)). A server that takes
a kilobyte at a time always finds more. It says from which port once it has sent something, and ends when its standard
input does.
"""

import contextlib
import select
import socket
import sys

PIECE_BYTES = 1 << 20


def main(host: str, port: int) -> None:
    """Connect and flow."""
    piece = b"torrent." * (PIECE_BYTES // 8)
    dropped = bytearray(PIECE_BYTES)
    poller = select.poll()
    with socket.create_connection((host, port)) as connection:
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


if __name__ == "__main__":
    with contextlib.suppress(OSError, KeyboardInterrupt):
        main(sys.argv[1], int(sys.argv[2]))
