"""Treats its clients in the way that is named, each in a thread of its own: `bad_answers.py WAY PORT`."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import socketserver
import struct
import sys
import threading
import time

import echo

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a time of zero seconds (socket(7))
CONTROLS = bytes(range(0x20)) + bytes(range(0x7F, 0xA0))
OSC_52 = b"\x1b]52;c;cm0gLXJm\x07"  # sets the clipboard of a terminal
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u009b31m".encode()
HTML = b"<script>alert('x')</script>]]>&amp;<!--[bold red]"
INVALID_UTF8 = b"\xff\xfe\xc0\x80\xed\xa0\x80\xf8\x88\x80\x80\x80"
PIECE = b"x" * 65536
GIGABYTE = 1 << 30
SERVES = 3

heard_before: list[bytes] = [b"nobody"]
served: list[int] = []


def reply(chunk: bytes) -> bytes:
    """Return the right answer."""
    return f"Server received {chunk!r}".encode("ascii")


def resets(connection: socket.socket) -> None:
    """Accept, and reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def half_closes(connection: socket.socket) -> None:
    """Say FIN at once, and listen on."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(1024):
        pass


def speaks_first(connection: socket.socket) -> None:
    """Greet each client, and answer as it should."""
    connection.sendall(b"220 welcome\r\n")
    answer(connection)


def stops_reading(connection: socket.socket) -> None:
    """Answer the first chunk; then read nothing more, and keep the connection."""
    answer_one(connection)
    threading.Event().wait()


def answers_once(connection: socket.socket) -> None:
    """Answer the first chunk; read the others, say nothing to them, and close in the end."""
    answer_one(connection)
    while connection.recv(1024):
        pass


def pours_a_gigabyte(connection: socket.socket) -> None:
    """Begin to answer, with a literal of a gigabyte."""
    connection.recv(1024)
    connection.sendall(b"Server received b'")
    for _ in range(GIGABYTE // len(PIECE)):
        connection.sendall(PIECE)


def drips(connection: socket.socket) -> None:
    """Answer as it should, a byte a second."""
    while chunk := connection.recv(1024):
        for byte in reply(chunk):
            time.sleep(1)
            connection.sendall(bytes([byte]))


def dawdles(connection: socket.socket) -> None:
    """Answer as it should, each chunk after two seconds."""
    while chunk := connection.recv(1024):
        time.sleep(2)
        connection.sendall(reply(chunk))


def answers_controls(connection: socket.socket) -> None:
    """Answer with what does things to a terminal."""
    while connection.recv(1024):
        connection.sendall(CONTROLS + OSC_52 + BIDI)


def quotes_controls(connection: socket.socket) -> None:
    """The same behind a right beginning."""
    while connection.recv(1024):
        connection.sendall(b"Server received b'" + OSC_52 + CONTROLS + BIDI + b"'")


def answers_html(connection: socket.socket) -> None:
    """Answer with what does things to a browser, and to whoever takes brackets for colours."""
    while connection.recv(1024):
        connection.sendall(HTML)


def answers_no_text(connection: socket.socket) -> None:
    """Answer with what is no UTF-8."""
    while connection.recv(1024):
        connection.sendall(INVALID_UTF8)


def answers_another(connection: socket.socket) -> None:
    """Answer each client with what was heard before, from whomever."""
    while chunk := connection.recv(1024):
        heard_before.append(chunk)
        connection.sendall(reply(heard_before.pop(0)))


def dies_later(connection: socket.socket) -> None:
    """Serve the first clients as it should; be ended by a signal with the next."""
    served.append(1)
    if len(served) > SERVES:
        os.kill(os.getpid(), signal.SIGSEGV)
    answer(connection)


def answers_when_gone(connection: socket.socket) -> None:
    """Answer nothing before the client's FIN, then everything."""
    chunks = []
    while chunk := connection.recv(1024):
        chunks.append(chunk)
    connection.sendall(b"".join(map(reply, chunks)))


def never_ends(connection: socket.socket) -> None:
    """Answer as it should, and never close."""
    answer(connection)
    threading.Event().wait()


def answer_one(connection: socket.socket) -> None:
    """Answer the first chunk as it should."""
    if chunk := connection.recv(1024):
        connection.sendall(reply(chunk))


def answer(connection: socket.socket) -> None:
    """Answer as it should."""
    while chunk := connection.recv(1024):
        connection.sendall(reply(chunk))


WAYS = (
    resets,
    half_closes,
    speaks_first,
    stops_reading,
    answers_once,
    pours_a_gigabyte,
    drips,
    dawdles,
    answers_controls,
    quotes_controls,
    answers_html,
    answers_no_text,
    answers_another,
    answers_when_gone,
    never_ends,
    dies_later,
)


class Handler(socketserver.BaseRequestHandler):
    """One client."""

    request: socket.socket

    def handle(self) -> None:
        """Treat it in the way that was named, until it has gone."""
        with contextlib.suppress(OSError):
            {way.__name__: way for way in WAYS}[sys.argv[1]](self.request)


class Server(echo.Server):
    """One that closes a connection without a shutdown(2) before: what is to reset, resets."""

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close."""
        self.close_request(request)


if __name__ == "__main__":
    with Server(int(sys.argv[2]), handler=Handler) as server:
        server.serve_forever()
