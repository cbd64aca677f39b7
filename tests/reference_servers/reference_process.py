"""A reference server as a process: started, watched through /proc, frozen, limited and reaped."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from ast import literal_eval
from fcntl import ioctl
from pathlib import Path
from typing import TYPE_CHECKING, Self

from reference_servers.registry import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = (sys.executable, "-m", "reference_servers")
AVAILABLE = sorted(name for name, backend in BACKENDS.items() if backend.reason is None)

BOUND_S = 300.0  # only a failing test pays it
QUIET_WINDOW_S = 0.05
QUIET_CPU_S = 0.002

REPLY = re.compile(rb"""Server received (b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*")""")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Poll until the named condition holds; fails after BOUND_S."""
    deadline = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {BOUND_S} s: {what}"
        time.sleep(0.001)


def answer_to(chunk: bytes) -> bytes:
    return b"Server received " + repr(chunk).encode()


def chunks_answered(stream: bytes) -> list[bytes]:
    """Return the chunks that an answer stream reports; fails when anything else is in it."""
    chunks, position = [], 0
    while position < len(stream):
        match = REPLY.match(stream, position)
        assert match, f"not a reply at byte {position}: {stream[position : position + 60]!r}"
        chunks.append(literal_eval(match[1].decode()))
        position = match.end()
    return chunks


def first_line(process: subprocess.Popen[bytes]) -> str:
    """Return the first line that a process prints, empty when it ends without one."""
    assert process.stdout is not None
    poller = select.poll()
    poller.register(process.stdout, select.POLLIN)
    assert poller.poll(BOUND_S * 1000), f"not within {BOUND_S} s: a first line"
    return process.stdout.readline().decode()


class Client(socket.socket):
    """A blocking client whose calls are bounded. A narrow one has a window that a dozen answers fill."""

    def __init__(self, address: tuple[str, int], *, narrow: bool = False) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self.settimeout(BOUND_S)
        if narrow:
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)
            self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.connect(address)

    def read_exactly(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            chunk = self.recv(size - len(received))
            assert chunk, f"the stream ended after {len(received)} of {size} bytes"
            received += chunk
        return bytes(received)

    def read_to_end(self) -> bytes:
        received = bytearray()
        while chunk := self.recv(1 << 16):
            received += chunk
        return bytes(received)

    def read_chunks(self, size: int) -> list[bytes]:
        """Read until answers to `size` bytes have come."""
        rest = b""
        chunks: list[bytes] = []
        while sum(map(len, chunks)) < size:
            more = self.recv(1 << 16)
            assert more, "the stream ended early"
            rest += more
            complete = max((match.end() for match in REPLY.finditer(rest)), default=0)
            chunks += chunks_answered(rest[:complete])
            rest = rest[complete:]
        assert not rest, "more than was asked for"
        return chunks

    def ping(self, message: bytes = b"ping") -> None:
        self.sendall(message)
        assert self.read_exactly(len(answer_to(message))) == answer_to(message)

    def half_close(self) -> None:
        self.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def all_acknowledged(self) -> bool:
        return not any(ioctl(self.fileno(), termios.TIOCOUTQ, bytes(4)))

    def confirm_arrived(self) -> None:
        """Wait until the server's kernel has everything sent so far. Not after a reset: the rest then never arrives."""
        wait_until(self.all_acknowledged, "the client's bytes are acknowledged")


class ServerProcess:
    """A reference server on a port of its own. On leaving, SIGTERM has to end it with status 0 and a clean stderr."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.pid = self.process.pid
        self.finished = False
        self.address: tuple[str, int] = self._read_address()

    def _read_address(self) -> tuple[str, int]:
        self.start_line = first_line(self.process)
        start, _, port = self.start_line.rpartition(":")
        if not start.startswith("Server start at: "):
            self.process.kill()
            _, err = self.process.communicate()
            raise AssertionError(f"no start line but {self.start_line!r}: {err.decode()}")
        return start.removeprefix("Server start at: "), int(port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_details: object) -> None:
        if not self.finished:
            status, _, err = self.finish()
            assert kind is not None or (status, err) == (0, b"")

    def finish(self, signum: int = signal.SIGTERM) -> tuple[int, bytes, bytes]:
        """End the server by a signal; return its status and what is left of its output."""
        self.finished = True
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signum)
        try:
            out, err = self.process.communicate(timeout=BOUND_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return self.process.returncode, out, err

    def connect(self, *, narrow: bool = False) -> Client:
        return Client(self.address, narrow=narrow)

    def canary(self) -> None:
        """A newcomer does a round trip, to the end."""
        with self.connect() as client:
            client.ping()
            client.half_close()
            assert client.read_to_end() == b""

    def descriptors(self) -> dict[int, str]:
        return {int(entry.name): str(entry.readlink()) for entry in Path(f"/proc/{self.pid}/fd").iterdir()}

    def sockets(self) -> int:
        return sum(target.startswith("socket:") for target in self.descriptors().values())

    def await_sockets(self, count: int) -> None:
        def reached() -> bool:
            try:
                return self.sockets() == count
            except FileNotFoundError:  # closed while we looked
                return False

        wait_until(reached, f"the server holds {count} sockets")

    def cpu_s(self) -> float:
        return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[0]) / 1e9

    def kernel_holds(self, client: Client) -> int:
        """How many bytes are on their way to a client: given away by the server, and not taken by the client."""
        queued = 0
        ours, theirs = (f":{port:04X}" for port in (client.getsockname()[1], self.address[1]))
        for line in Path("/proc/net/tcp").read_text().splitlines():
            if ours in line and theirs in line:
                _, local, remote, _, queues, *_ = line.split()
                to_send, to_read = (int(size, 16) for size in queues.split(":"))
                queued += to_send if local.endswith(theirs) and remote.endswith(ours) else 0
                queued += to_read if local.endswith(ours) and remote.endswith(theirs) else 0
        return queued

    def await_quiet(self) -> None:
        """Wait until a window of QUIET_WINDOW_S burns no more than QUIET_CPU_S of CPU; a spinning server has none.

        It sleeps at the end: one that only stands in line for a processor is not quiet.
        """

        def quiet_window() -> bool:
            before = self.cpu_s()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(QUIET_WINDOW_S)
            assert self.process.poll() is None, "the server is gone"
            return self.cpu_s() - before < QUIET_CPU_S and self._state() == "S"

        wait_until(quiet_window, "the server is quiet")

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)
        wait_until(lambda: self._state() == "T", "the server is stopped")

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _state(self) -> str:
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def limit_descriptors(self, soft: int) -> None:
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (soft, hard))

    def exhaust(self) -> int:
        """Leave the server no descriptor; return the limit it had."""
        soft, _ = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        used = self.descriptors()
        self.limit_descriptors(next(number for number in range(soft) if number not in used))
        return soft
