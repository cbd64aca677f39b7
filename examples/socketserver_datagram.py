"""The echo server on socketserver, over TCP and over UDP: a thread a client, and a thread a datagram.

Nothing to build; Python 3.11 or later and its standard library. Ports are told; 0 lets the kernel choose:

    python3 examples/socketserver_datagram.py PORT UDP_PORT

Facts about socketserver's datagrams that matter here:

1. `max_packet_size` is 8192: what is longer is cut. The example in Python's documentation strips white space as well.
2. Answers go out of the one socket, from many threads: each `sendto` is one datagram, and needs no lock.
3. An exception in a handler is printed, and ends its thread alone.
"""

import contextlib
import errno
import socket
import socketserver
import sys
import threading
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


class DatagramHandler(socketserver.BaseRequestHandler):
    """One datagram: the request is its bytes and the socket that they came by."""

    request: tuple[bytes, socket.socket]

    def handle(self) -> None:
        """Answer its sender, who may have gone, or ask for too much."""
        data, answering = self.request
        with contextlib.suppress(OSError):
            answering.sendto(f"Server received {data!r}".encode("ascii"), self.client_address)


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


class DatagramServer(socketserver.ThreadingUDPServer):
    """The same for datagrams."""

    daemon_threads = True


def main() -> None:
    """Bind the datagrams' port before anybody can connect; then serve both, each in a thread."""
    port, udp_port = map(int, sys.argv[1:])
    with (
        DatagramServer(("127.0.0.1", udp_port), DatagramHandler) as datagrams,
        Server(("127.0.0.1", port), Handler) as server,
    ):
        print("Server start at: {}:{}".format(*server.server_address), flush=True)
        # Idle, a server looks twice a second whether it is to stop. Nothing stops this one but a signal.
        threading.Thread(target=datagrams.serve_forever, daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
