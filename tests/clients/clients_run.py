"""The clients as processes: through pipes and in a terminal, beside servers of this project and of a test's own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import socket
import subprocess
import sys
import termios
import threading
import time
from ast import literal_eval
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
BOUND_S = 120.0

REPLY = re.compile(rb"""Server received (b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*")""")


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "clients", *words]


def run(*words: str, said: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a client to its end, with this as its standard input."""
    return subprocess.run(command(*words), cwd=ROOT, input=said, capture_output=True, check=False, timeout=BOUND_S)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {BOUND_S} s: {what}"
        time.sleep(0.001)


def chunks(replies: bytes) -> list[bytes]:
    """The chunks that a server of this project says it received; fails when anything else is in there."""
    found = REPLY.findall(replies)
    assert b"".join(b"Server received " + literal for literal in found) == replies
    return [literal_eval(literal.decode()) for literal in found]


@contextlib.contextmanager
def serving(backend: str = "poll") -> Iterator[str]:
    """Run a server of this project; yields its port."""
    command = [sys.executable, "-m", "reference_servers", backend, "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().rpartition(":")[2].strip()
        finally:
            server.kill()


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """Yield a port that refuses: it is bound and not listening, and stays ours."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield str(bound.getsockname()[1])


class Server:
    """A server that does what the test does: it listens at `port`, and takes one connection after the other."""

    def __init__(self, *, receive_buffer_bytes: int | None = None) -> None:
        self.listener = socket.socket()
        if receive_buffer_bytes is not None:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.listener.settimeout(BOUND_S)
        self.port = str(self.listener.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def accept(self) -> socket.socket:
        connection, _ = self.listener.accept()
        connection.settimeout(BOUND_S)
        return connection


@contextlib.contextmanager
def piped(*words: str, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a client beside the test, its streams piped unless told otherwise. It is killed at the end of all."""
    given: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE) | streams
    with subprocess.Popen(command(*words), cwd=ROOT, **given) as process, killed_at_bound(process):
        yield process


@contextlib.contextmanager
def killed_at_bound(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill it at the end, and at the bound, so that who reads its output comes to an end."""
    watchdog = threading.Timer(BOUND_S, process.kill)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
        process.kill()


def asleep(pid: int) -> bool:
    """Whether the process waits for something."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def until_full(write: Callable[[bytes], int], data: bytes, pid: int, most: int) -> int:
    """Write without blocking until no more is taken and the process that takes it sleeps; return how much."""
    taken = 0
    while taken < most:
        slept = asleep(pid)
        try:
            taken += write(data)
        except BlockingIOError:
            if slept:
                return taken
            time.sleep(0.001)
    raise AssertionError(f"{taken} bytes were taken")


def flood(connection: socket.socket, pid: int) -> int:
    """Send zeros until neither the kernel nor the client takes any more; return how many."""
    connection.setblocking(False)
    sent = until_full(connection.send, bytes(65536), pid, 1 << 26)
    connection.settimeout(BOUND_S)
    return sent


class AtTerminal:
    """A client in a terminal of its own, which is a controlling one: keys can be signals there."""

    def __init__(self, *words: str, term: str = "xterm") -> None:
        self.ours, self.its = os.openpty()
        termios.tcsetwinsize(self.ours, (24, 80))
        self.mode = termios.tcgetattr(self.its)
        self.said = b""  # and not yet seen
        self.all_said = b""
        self.process = subprocess.Popen(
            command(*words),
            cwd=ROOT,
            stdin=self.its,
            stdout=self.its,
            stderr=subprocess.PIPE,
            env=os.environ | {"TERM": term},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - nothing else can do it
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()
        os.close(self.ours)
        os.close(self.its)

    def type(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    def see(self, text: bytes) -> None:
        """Read the screen until this comes, beyond what was seen before."""
        while text not in self.said:
            ready, _, _ = select.select([self.ours], [], [], BOUND_S)
            assert ready, f"not within {BOUND_S} s: {text!r}, but {self.said!r}"
            came = os.read(self.ours, 1 << 16)
            self.said += came
            self.all_said += came
        self.said = self.said.partition(text)[2]

    def await_unechoed(self) -> None:
        wait_until(lambda: not self.echoes, "the client has taken the terminal")

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.its)[3] & termios.ECHO)

    def end(self) -> int:
        return self.process.wait(BOUND_S)

    def complaint(self) -> bytes:
        """What it said on standard error, to the end."""
        assert self.process.stderr is not None
        return self.process.stderr.read()


def opened(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
