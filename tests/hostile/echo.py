"""The correct server that the well-behaved half of a hostile script is: one thread a client, one reply a chunk."""

import contextlib
import socket
import socketserver


class Handler(socketserver.BaseRequestHandler):
    """One client."""

    request: socket.socket

    def handle(self) -> None:
        """Answer every chunk until the end of the client's stream."""
        with contextlib.suppress(OSError):
            while chunk := self.request.recv(1024):
                self.request.sendall(f"Server received {chunk!r}".encode("ascii"))


class Server(socketserver.ThreadingTCPServer):
    """A listener on a loopback address."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, port: int, host: str = "127.0.0.1", handler: type[socketserver.BaseRequestHandler] = Handler
    ) -> None:
        super().__init__((host, port), handler)

    def announce(self) -> None:
        """Print the start line."""
        print("Server start at: {}:{}".format(*self.server_address[:2]), flush=True)
