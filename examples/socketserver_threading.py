"""The echo server on socketserver: one blocking thread a client, and backpressure is sendall() not returning.

Nothing to build; Python 3.11 or later and its standard library. Port 0 lets the kernel choose:

    python3 examples/socketserver_threading.py [[HOST] PORT]
"""

import contextlib
import errno
import socket
import socketserver
import sys
import time
from typing import Any

CHUNK_BYTES = 1024
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
ACCEPT_RETRY_S = 0.1


class Handler(socketserver.BaseRequestHandler):
    """One client, in a thread of its own."""

    request: socket.socket

    def handle(self) -> None:
        """Answer every chunk until the end of this client's stream; its errors end it alone."""
        with contextlib.suppress(OSError):
            while chunk := self.request.recv(CHUNK_BYTES):
                self.request.sendall(f"Server received {chunk!r}".encode("ascii"))


class Server(socketserver.ThreadingTCPServer):
    """A listener that rebinds at once, queues a burst, and leaves no thread to wait for."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; out of descriptors, pause first: the listener stays readable, and the loop would spin."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in EXHAUSTED:
                time.sleep(ACCEPT_RETRY_S)
            raise


def main() -> None:
    """Serve at the address of the command line."""
    *host, port = sys.argv[1:] or ["8001"]
    with Server((host[0] if host else "127.0.0.1", int(port)), Handler) as server:
        print("Server start at: {}:{}".format(*server.server_address), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
