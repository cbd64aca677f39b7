"""Servers to load: a correct one, and some that say what no correct server says. All end with their block."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOUND_S = 120.0
Answer = Callable[[socket.socket, bytes], None]


@contextlib.contextmanager
def backend(name: str) -> Iterator[tuple[int, int]]:
    """A reference server; its port and its process."""
    words = [sys.executable, "-m", "reference_servers", name, "--port", "0"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline().rpartition(":")[2]), process.pid
        finally:
            process.terminate()


@contextlib.contextmanager
def answering(answer: Answer) -> Iterator[int]:
    """A server that passes each chunk to `answer`, in a thread a client; its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        port = listener.getsockname()[1]
        ending = threading.Event()

        def serve() -> None:
            while True:
                client, _ = listener.accept()
                if ending.is_set():
                    client.close()
                    return
                threading.Thread(target=talk, args=(client, answer), daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield port
        finally:
            ending.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join(BOUND_S)


def talk(client: socket.socket, answer: Answer) -> None:
    with client, contextlib.suppress(OSError):
        while chunk := client.recv(1024):
            answer(client, chunk)


def echo(client: socket.socket, chunk: bytes) -> None:
    client.sendall(chunk)


def byte_by_byte(client: socket.socket, chunk: bytes) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in b"Server received %a" % chunk:
        client.send(bytes([byte]))


class Turning:
    """Right answers to the first messages of all, and then `wrong`."""

    def __init__(self, right: int, wrong: Answer) -> None:
        self._left = right
        self._wrong = wrong

    def __call__(self, client: socket.socket, chunk: bytes) -> None:
        self._left -= 1
        if self._left >= 0:
            client.sendall(b"Server received %a" % chunk)
        else:
            self._wrong(client, chunk)


def one_byte_off(client: socket.socket, chunk: bytes) -> None:
    client.sendall(b"Server received %a" % (chunk[:-1] + b"?"))


def nothing(_client: socket.socket, _chunk: bytes) -> None:
    pass


def the_end(client: socket.socket, _chunk: bytes) -> None:
    client.shutdown(socket.SHUT_RDWR)


def right(client: socket.socket, chunk: bytes) -> None:
    client.sendall(b"Server received %a" % chunk)


def late(seconds: float, answer: Answer = right) -> Answer:
    """Only the first time: who is behind catches up."""
    left_s = [seconds]

    def answer_late(client: socket.socket, chunk: bytes) -> None:
        time.sleep(left_s.pop() if left_s else 0)
        answer(client, chunk)

    return answer_late


class EndsTheFirst:
    """Right answers; from the third message on the first client's connection has been ended."""

    def __init__(self) -> None:
        self._clients: list[socket.socket] = []

    def __call__(self, client: socket.socket, chunk: bytes) -> None:
        self._clients.append(client)
        if len(self._clients) == 3:
            self._clients[0].shutdown(socket.SHUT_RDWR)
        client.sendall(b"Server received %a" % chunk)
