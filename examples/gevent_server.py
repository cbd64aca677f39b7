"""The echo server on gevent: blocking code, one greenlet a client, and the hub switches where a call would wait.

Python 3.11 or later and the package gevent. Port 0 lets the kernel choose:

    python3 examples/gevent_server.py [[HOST] PORT]

Facts about gevent that matter here:

1. sendall() returns when the kernel has taken everything: backpressure is a greenlet that does not come back.
2. StreamServer closes the socket when the handler returns, and by then nothing is owed.
3. When accept() fails, StreamServer stops accepting for a while, which doubles up to a second, and logs each time.
"""

import contextlib
import sys
from typing import Any

import gevent
from gevent.server import StreamServer
from gevent.socket import socket

CHUNK_BYTES = 1024
BACKLOG = 128


def answer(connection: socket, _address: Any) -> None:
    """Answer every chunk until the end of this client's stream; its errors end it alone."""
    with contextlib.suppress(OSError):
        while chunk := connection.recv(CHUNK_BYTES):
            connection.sendall(f"Server received {chunk!r}".encode("ascii"))
            gevent.sleep(0)  # what is there at once makes no call wait: a flood would keep the loop for itself


def main() -> None:
    """Serve at the address of the command line."""
    *host, port = sys.argv[1:] or ["8001"]
    server = StreamServer((host[0] if host else "127.0.0.1", int(port)), answer, backlog=BACKLOG)
    server.start()
    print("Server start at: {}:{}".format(*server.address), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
