"""The echo server on socketserver: one blocking process a client, and backpressure is sendall() not returning.

Nothing to build; Python 3.11 or later and its standard library, on a system with fork(). Port 0 lets the kernel choose:

    python3 examples/socketserver_forking.py [[HOST] PORT]

Facts about ForkingTCPServer that matter here:

1. At `max_children` it accepts nobody more, and waits for one of its children to end.
2. Children that ended are reaped twice a second, and before a new one is made: no zombie stays.
3. A child inherits the listener. One that keeps it would keep the port when the server itself has ended.
4. Nobody ends the children with the server, and closing the server waits for the last of them.
"""

import contextlib
import errno
import os
import signal
import socket
import socketserver
import sys
import time
from typing import Any

CHUNK_BYTES = 1024
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
ACCEPT_RETRY_S = 0.1


class Handler(socketserver.BaseRequestHandler):
    """One client, in a process of its own."""

    request: socket.socket

    def handle(self) -> None:
        """Answer every chunk until the end of this client's stream; its errors end it alone."""
        with contextlib.suppress(OSError):
            while chunk := self.request.recv(CHUNK_BYTES):
                self.request.sendall(f"Server received {chunk!r}".encode("ascii"))


class Server(socketserver.ForkingTCPServer):
    """A listener that rebinds at once, queues a burst, and takes its children with it."""

    allow_reuse_address = True
    block_on_close = False
    max_children = 2048
    request_queue_size = 128

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; out of descriptors, pause first: the listener stays readable, and the loop would spin."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in EXHAUSTED:
                time.sleep(ACCEPT_RETRY_S)
            raise

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the child: leave the parent's affairs to the parent, and serve."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.socket.close()
        super().finish_request(request, client_address)

    def server_close(self) -> None:
        """Close the listener, and end every child that is still at work."""
        super().server_close()
        for child in self.active_children or ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)


def main() -> None:
    """Serve at the address of the command line."""
    *host, port = sys.argv[1:] or ["8001"]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with Server((host[0] if host else "127.0.0.1", int(port)), Handler) as server:
        print("Server start at: {}:{}".format(*server.server_address), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
