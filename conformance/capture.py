"""Captures the packets of one exchange, with tcpdump or dumpcap.

Facts:

1. Neither program says reliably when it has begun, and packets reach it some time after they crossed the interface, but
   in the order in which they did. So a datagram of ours, sent until it comes back in the capture, marks where the
   exchange begins, and another one where it ends: nothing of it is missed, and nobody sleeps.
2. A server can answer without end. What is kept is bounded, and cut between two packets, so that every reader takes it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from conformance.harness.child import Keeper
from conformance.harness.keeper import MARK_VARIABLE
from conformance.harness.text import plain

MOST_BYTES = 8 << 20
BUFFER_MIB = 16  # of the kernel's, for packets that the program has not come to yet
SEEN_WITHIN_S = 10.0
SEND_AGAIN_S = 0.02
ENDS_WITHIN_S = 2.0
SAID_BYTES = 4096
LOOPBACK = "lo" if sys.platform == "linux" else "lo0"
# pcap-savefile(5): the file begins with one of two numbers, in the byte order of who wrote it.
ORDERS = {struct.pack(order + "I", number): order for order in "<>" for number in (0xA1B2C3D4, 0xA1B23C4D)}
FILE_HEADER_BYTES = 24
RECORD_HEADER_BYTES = 16
LARGEST_RECORD_BYTES = 1 << 20
# How many packets they lost, as each says when it ends.
MISSED = re.compile(rb"\(pcap:(\d+)/dumpcap:(\d+)/|(\d+) packets? dropped by kernel")


Place = tuple[str, int]


class CannotCapture(Exception):
    """There is no program that captures packets, or it may not; the message says why."""


class Capture:
    """What crosses the network between a server and its clients, from now on until it is kept or dropped.

    They are at `address`, and datagrams perhaps elsewhere, at `udp`; hosts are numeric. What both programs lack is
    raised as `CannotCapture`.
    """

    def __init__(self, address: Place, keeper: Keeper, udp: Place | None = None) -> None:
        places = [address, *([udp] if udp is not None else [])]
        interface = _interface(host for host, _ in places)
        self._keeper = keeper
        self._marker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._marker.bind(("127.0.0.1", 0))
        self._marker.setblocking(False)
        mark = uuid.uuid4().hex.encode()
        self._marks = b"begin " + mark, b"end " + mark
        own_port = self._marker.getsockname()[1]
        reasons = []
        wanted = " or ".join(f"port {port}" for port in dict.fromkeys([*(port for _, port in places), own_port]))
        for command in _commands(interface, wanted):
            try:
                self._start(command)
            except CannotCapture as reason:
                reasons.append(f"{command[0]}: {reason}")
            else:
                return
        self._marker.close()
        raise CannotCapture("; ".join(reasons))

    def keep(self, file: Path) -> str | None:
        """End it, and write the packets to a file in the format pcap.

        Returns what is missing, if anything is. Raises OSError where it cannot be written, `CannotCapture` where the
        end did not come into sight: who knows what else is missing.
        """
        whole = self._see(self._marks[1], self._packets.ended)
        said = self.drop()
        if not whole:
            msg = f"the end of the exchange did not come into sight within {SEEN_WITHIN_S:.0f} s"
            raise CannotCapture(msg)
        file.write_bytes(b"".join([self._packets.header, *self._packets.kept]))
        remarks = [f"its first {MOST_BYTES >> 20} MiB"] if self._packets.cut else []
        missed = sum(int(number) for found in MISSED.finditer(said) for number in found.groups() if number)
        return ", ".join(remarks + ([f"{missed} packets are missing"] if missed else [])) or None

    def drop(self) -> bytes:
        """End it. Returns what the program said."""
        self._marker.close()
        return self._stop()

    def _start(self, command: list[str]) -> None:
        environment = {**os.environ, MARK_VARIABLE: self._keeper.mark, "LC_ALL": "C"}
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,  # a few lines
                start_new_session=True,
                env=environment,
            )
        except OSError as error:
            raise CannotCapture(error.strerror) from None
        # Where it has privileges its environment cannot be read, and so not its mark either.
        self._keeper.tell(f"group {self._process.pid}")
        assert self._process.stdout is not None
        self._packets = Packets(self._process.stdout, *self._marks)
        self._packets.start()
        if not self._see(self._marks[0], self._packets.begun):
            said = next((line.strip() for line in self._stop().split(b"\n") if line.strip()), b"")
            reason = plain(said.removeprefix(f"{command[0]}: ".encode()))
            raise CannotCapture(reason or f"it saw no packet within {SEEN_WITHIN_S:.0f} s")

    def _see(self, mark: bytes, seen: threading.Event) -> bool:
        """Send a mark until it is seen. False where it never is."""
        deadline = time.monotonic() + SEEN_WITHIN_S
        while self._packets.is_alive() and not seen.is_set() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):  # nobody reads them: the buffer may be full
                self._marker.sendto(mark, self._marker.getsockname())
            seen.wait(SEND_AGAIN_S)
        return seen.is_set()

    def _stop(self) -> bytes:
        """End the program. Returns what it said."""
        process = self._process
        process.terminate()
        try:
            process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._keeper.tell(f"not group {process.pid}")
        self._packets.join()
        assert process.stdout is not None
        assert process.stderr is not None
        said = process.stderr.read(SAID_BYTES)
        process.stdout.close()
        process.stderr.close()
        return said


class Packets(threading.Thread):
    """Reads a stream of the format pcap (pcap-savefile(5)), and keeps what is between two marks, up to `MOST_BYTES`."""

    def __init__(self, stream: IO[bytes], begin: bytes, end: bytes) -> None:
        super().__init__(daemon=True)
        self.header = b""
        self.kept: list[bytes] = []
        self.cut = False
        self.begun = threading.Event()
        self.ended = threading.Event()
        self._stream = stream
        self._begin, self._end = begin, end
        self._kept_bytes = 0

    def run(self) -> None:
        """Read until the end, or until what comes is no packet."""
        self.header = self._stream.read(FILE_HEADER_BYTES)
        order = ORDERS.get(self.header[:4])
        while order is not None:
            head = self._stream.read(RECORD_HEADER_BYTES)
            if len(head) < RECORD_HEADER_BYTES:
                return
            (size_bytes,) = struct.unpack_from(order + "I", head, 8)
            data = self._stream.read(size_bytes) if size_bytes <= LARGEST_RECORD_BYTES else b""
            if len(data) < size_bytes:
                return
            self._take(head + data)

    def _take(self, record: bytes) -> None:
        if self._begin in record:
            self.begun.set()
        elif self._end in record:
            self.ended.set()
        elif self.begun.is_set() and not self.ended.is_set():
            self.cut = self.cut or self._kept_bytes + len(record) > MOST_BYTES
            if not self.cut:
                self.kept.append(record)
                self._kept_bytes += len(record)


def _interface(hosts: Iterable[str]) -> str:
    """Where packets to all of these are seen. Raises `CannotCapture` where one of them is not numeric."""
    try:
        addresses = [ipaddress.ip_address(host.partition("%")[0]) for host in hosts]
    except ValueError as error:
        raise CannotCapture(str(error)) from None
    return LOOPBACK if all(address.is_loopback for address in addresses) else "any"


def _commands(interface: str, wanted: str) -> Iterator[list[str]]:
    """Each writes whole packets to its standard output, in the format pcap, a moment after it has them.

    tcpdump takes up to a second for that. Its --immediate-mode would not, but has room for few packets, and loses some.
    """
    yield ["dumpcap", "-i", interface, "-P", "-q", "-B", str(BUFFER_MIB), "-w", "-", "-f", wanted]
    yield ["tcpdump", "-i", interface, "-n", "-U", "-s", "0", "-B", str(BUFFER_MIB << 10), "-w", "-", wanted]
