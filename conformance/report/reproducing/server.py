"""The server that is tried: started by its command, or reached at its address."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import ipaddress
import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from conformance.report.reproducing.verdict import CannotTell, Patience

READY_WITHIN_S = 20.0
ENDS_WITHIN_S = 2.0
FINISHES_WITHIN_S = 0.02
STARTS_WITHIN_S = 2.0  # on a crowded machine; who never sleeps is waited for as long
LOOK_AGAIN_S = 0.0005
LAST_BYTES = 300
PORTS = range(20000, 32000)  # below those that the kernel gives to connecting clients
START_LINE = re.compile(rb"^Server start at: (\S+):(\d{1,5})\s*$", re.MULTILINE)
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class PortTaken(CannotTell):
    """Somebody else serves where the server is to serve: nothing can be said of it."""


class Output(threading.Thread):
    """Reads what the server writes, so that it never blocks on a full pipe; keeps the last of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.stream = stream
        self.last = b""
        self.announced: tuple[str, int] | None = None
        self.read_on = threading.Event()
        self.read_on.set()
        self.start()

    def run(self) -> None:
        """Read to the end."""
        while True:
            select.select([self.stream], [], [])
            self.read_on.wait()
            data = os.read(self.stream.fileno(), 65536)
            if not data:
                return
            text = self.last + data
            found = START_LINE.search(text) if self.announced is None else None
            if found is not None and int(found[2]) < 65536:
                self.announced = found[1].decode("ascii", "replace").strip("[]"), int(found[2])
            self.last = text[-LAST_BYTES:]


class Server:
    """Where it is reached; and its process, where it was started here."""

    def __init__(self) -> None:
        self.address = ("", 0)
        self.udp: tuple[str, int] | None = None  # where it answers datagrams, if that is elsewhere
        self.command: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.outputs: list[Output] = []

    def start(self, command: list[str], address: tuple[str, int] | None) -> None:
        """Start it, and wait until it accepts connections; `address` is where it serves, if that is known before.

        Raises `CannotTell` where it does not come to serve.
        """
        host, port = address or ("127.0.0.1", 0)
        if not port and any("{port}" in word for word in command):
            port = free_port(host)
        if self.udp is None and any("{udp_port}" in word for word in command):
            self.udp = host, free_port(host)
        udp_port = str(self.udp[1]) if self.udp is not None else ""
        filled = {"{host}": host, "{port}": str(port), "{udp_port}": udp_port}
        words = [functools.reduce(lambda word, each: word.replace(*each), filled.items(), word) for word in command]
        self.command = command
        if port and self._accepts((host, port)):
            raise PortTaken(f"something else accepts connections at {host}:{port} already")
        adopt_orphans()
        try:
            self.process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # a process group of its own, to be stopped and ended as a whole
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        except OSError as error:
            raise CannotTell(f"{words[0]!r} cannot be started: {error.strerror}") from None
        self.outputs = [Output(pipe) for pipe in (self.process.stdout, self.process.stderr) if pipe is not None]
        ready_within_s = max(READY_WITHIN_S, 2 * Patience.silence_s)
        deadline = time.monotonic() + ready_within_s
        while not self._accepts((host, port) if port else self._announced(host)):
            if self.epitaph() is not None:
                raise CannotTell(f"before it served anyone the server {self.epitaph()}")
            if time.monotonic() > deadline:
                raise CannotTell(f"the server did not come to accept connections within {ready_within_s:.0f} s")
            time.sleep(0.01)
        # It is done with the connection that asked before another one comes: that one's descriptor would lie behind.
        self.let_it_finish(STARTS_WITHIN_S)

    def attach(self, address: tuple[str, int]) -> None:
        """Use one that runs already. Raises `CannotTell` where nobody accepts there."""
        if not self._accepts(address):
            raise CannotTell(f"nobody accepts connections at {address[0]}:{address[1]}")

    def _announced(self, host: str) -> tuple[str, int] | None:
        """Where it says that it serves; None as long as it does not. Raises `CannotTell` where that is not here."""
        announced = self.outputs[0].announced
        if announced is not None and not is_here(announced[0], host):
            raise CannotTell(f"the server announced {announced[0]!r}, which is not {host}")
        return announced

    def _accepts(self, address: tuple[str, int] | None) -> bool:
        """Whether it does, there; that is where it is reached from now on."""
        if address is None:
            return False
        try:
            self.address = numeric(address)
        except CannotTell:
            return False
        with socket.socket(family_of(self.address[0])) as probe:
            probe.settimeout(1)
            return probe.connect_ex(self.address) == 0

    @property
    def pid(self) -> int:
        """Its process. Raises `CannotTell` where that is not ours to watch."""
        if self.process is None:
            raise CannotTell("this case stops, limits or watches the server: give its command, after --")
        return self.process.pid

    def epitaph(self, within_s: float = 0.0) -> str | None:
        """How it died, if it did, within so many seconds."""
        if self.process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(within_s)
        status = self.process.poll()
        if status is None:
            return None
        for output in self.outputs:
            output.join(0.5)
        lines = [line for output in self.outputs for line in output.last.split(b"\n") if line.strip()]
        how = f"exited with status {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"
        return how + (f"; its last line was {lines[-1][:200]!r}" if lines else "")

    def let_it_finish(self, within_s: float = FINISHES_WITHIN_S) -> None:
        """Wait a moment until it sleeps: what is done next does not meet it in the middle of a turn."""
        deadline = time.monotonic() + within_s
        while self.process is not None and time.monotonic() < deadline and not is_asleep(self.process.pid):
            time.sleep(0)

    def end(self) -> None:
        """End it and all that came of it: politely first, then not."""
        if self.process is None:
            return
        for number in (signal.SIGCONT, signal.SIGTERM):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)
        self.epitaph(ENDS_WITHIN_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        kill_orphans()
        for output in self.outputs:
            output.read_on.set()
            output.join(1)
            if not output.is_alive():
                output.stream.close()
        self.process = None


SERVER = Server()
KEPT: list[socket.socket] = []  # for as long as the reproducer runs, one for each port of the server


def free_port(host: str) -> int:
    """A port that nobody holds, and that no run of echo-conformance and no other reproducer keeps for its server.

    While a server is started again, nobody holds its port. Who keeps it has an abstract Unix socket (unix(7)) of that
    number, as we have.
    """
    for port in random.sample(PORTS, 100):
        kept = socket.socket(socket.AF_UNIX)
        try:
            if sys.platform == "linux":
                kept.bind(f"\0echo-conformance/{port}")
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(family_of(host), kind) as probe:
                    probe.bind((host, port))
        except OSError:
            kept.close()
        else:
            KEPT.append(kept)
            return port
    raise CannotTell("no free port was found")


def is_here(announced: str, host: str) -> bool:
    """Whether that is this machine, or the host that was named. What a server says is not looked up."""
    if announced in {"localhost", host}:
        return True
    try:
        address = ipaddress.ip_address(announced)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified or announced == numeric((host, 0))[0]


def numeric(address: tuple[str, int]) -> tuple[str, int]:
    """The same without a name; who binds all addresses is reached over loopback. Raises `CannotTell` where none is."""
    try:
        *_, found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise CannotTell(f"{address[0]!r} has no address") from None
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    return loopback.get(str(found[0]), str(found[0])), int(found[1])


def family_of(host: str) -> socket.AddressFamily:
    """The family that a numeric address belongs to."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def is_asleep(pid: int) -> bool:
    """Whether the main thread of a process waits for something, or is gone; Linux only."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "RD"
    except OSError:
        return True


def read(path: Path) -> str:
    """A file of /proc; empty once its process or thread is gone."""
    with contextlib.suppress(OSError):
        return path.read_text()
    return ""


def adopt_orphans() -> None:
    """Become the parent of what the server leaves behind (prctl(2)); Linux only."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_orphans() -> None:
    """Kill every child that is left, and what it leaves behind in its turn."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while time.monotonic() < deadline:
        children = [int(pid) for task in Path("/proc/self/task").glob("*/children") for pid in read(task).split()]
        if not children:
            return
        for pid in children:
            with contextlib.suppress(ProcessLookupError, PermissionError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
