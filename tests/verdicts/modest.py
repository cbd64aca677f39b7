"""Correct servers that hold little at once: `modest.py PORT forty-children|one-in-line`.

`forty-children` is `socketserver.ForkingTCPServer` as it comes: at forty children it waits for one to end, and five
connections wait in line. `one-in-line` is a thread for each client behind `listen(1)`, as in many a first example; for
accept(2) to fail is a reason to try again, a little later.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import sys
import threading
import time
from typing import Any


def answer(request: socket.socket) -> None:
    with request, contextlib.suppress(OSError):
        while chunk := request.recv(1024):
            request.sendall(b"Server received %a" % chunk)


class Handler(socketserver.BaseRequestHandler):
    """One client."""

    def handle(self) -> None:
        answer(self.request)


class Forking(socketserver.ForkingTCPServer):
    """The parent leaves the accepting to itself, and says nothing of what fails."""

    allow_reuse_address = True

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError:
            time.sleep(0.1)
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


def one_in_line(port: int) -> None:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(1)
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            time.sleep(0.1)
        else:
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    if sys.argv[2] == "one-in-line":
        one_in_line(int(sys.argv[1]))
    Forking(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
