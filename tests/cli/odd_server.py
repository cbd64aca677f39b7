"""A server that is odd in one way, by name: `odd_server.py PORT ODDITY [FILE]`.

`coloured`  answers with an escape sequence.
`dying`     answers one chunk of each connection; then its last words hold escape sequences.
`echoing`   answers what it was sent (RFC 862).
`forgetful` forgets the first byte of a chunk of 1024.
`hesitant`  says nothing more where a first chunk of 1024 bytes comes; it then makes FILE, and never does so again.
`hesitant_and_wrong`  does that too, and forgets chunks of one byte.
`hanging`   answers until the first chunk of 1024 bytes; it then makes FILE, and says nothing more.
"""

from __future__ import annotations

import os
import socket
import socketserver
import sys
import threading
from pathlib import Path

LAST_WORDS = "fatal: \x1b]0;title\x07\x1b[2J the end"


def reply(chunk: bytes) -> bytes:
    return f"Server received {chunk!r}".encode("ascii")


def coloured(request: socket.socket) -> None:
    while request.recv(1024):
        request.sendall(b"\x1b[31mred")


def dying(request: socket.socket) -> None:
    request.sendall(reply(request.recv(1024)))
    if request.recv(1024):
        print(LAST_WORDS, file=sys.stderr, flush=True)
        os._exit(7)


def echoing(request: socket.socket) -> None:
    while chunk := request.recv(1024):
        request.sendall(chunk)


def forgetful(request: socket.socket) -> None:
    while chunk := request.recv(1024):
        request.sendall(reply(chunk[len(chunk) == 1024 :]))


def hanging(request: socket.socket) -> None:
    while chunk := request.recv(1024):
        if len(chunk) == 1024:
            Path(sys.argv[3]).touch()
            threading.Event().wait()
        request.sendall(reply(chunk))


def hesitant(request: socket.socket, forgets_bytes: int = 0) -> None:
    while chunk := request.recv(1024):
        if len(chunk) == 1024 and not Path(sys.argv[3]).exists():
            Path(sys.argv[3]).touch()
            threading.Event().wait()
        request.sendall(reply(chunk if len(chunk) != forgets_bytes else b""))


def hesitant_and_wrong(request: socket.socket) -> None:
    hesitant(request, forgets_bytes=1)


ODDITIES = {
    oddity.__name__: oddity for oddity in (coloured, dying, echoing, forgetful, hanging, hesitant, hesitant_and_wrong)
}


class Handler(socketserver.BaseRequestHandler):
    """One client."""

    request: socket.socket

    def handle(self) -> None:
        try:
            ODDITIES[sys.argv[2]](self.request)
        except OSError:  # the client has gone
            return


class Server(socketserver.ThreadingTCPServer):
    """One thread a client."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
        server.serve_forever()
