"""Starts a server, knows when it is ready, keeps its output flowing, and ends it without leaving anything behind."""

from __future__ import annotations

import collections
import contextlib
import errno
import fcntl
import ipaddress
import os
import random
import re
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from clients.peer import Address, family_of
from conformance.harness import instead, limited
from conformance.harness.child import CannotStart, Child, Keeper, PortTaken, how_it_ended
from conformance.harness.kernel import unread_bytes
from conformance.harness.patience import Allowance
from conformance.harness.process import in_line_ourselves_s, tree_of
from conformance.harness.text import plain

TAIL_BYTES = 65536
READ_BYTES = 65536
SMALL_PIPE_BYTES = 4096
LONGEST_LINE_BYTES = 4096
LAST_LINES = 12
READY_WITHIN_S = 20.0
LAST_WORDS_WITHIN_S = 0.5
LOOK_AGAIN_S = 0.005
START_LINE = re.compile(rb"Server start at: (\S+):(\d{1,5})\s*")
# Ports below the range that the kernel hands to connecting clients: a client of ours can never hold one of them.
PORT_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")
DEFAULT_FIRST_CLIENT_PORT = 32768
IN_THE_BACKGROUND = "one that puts itself into the background cannot be watched: let it stay in the foreground"
LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}
PORTS_BELOW = 12000
RESERVATION_TRIES = 1000


class Tail:
    """The last of what a stream said, in bounded memory."""

    def __init__(self) -> None:
        self._pieces: collections.deque[bytes] = collections.deque()
        self._kept = 0

    def add(self, data: bytes) -> None:
        """Take in what was said, and forget what is too long ago."""
        self._pieces.append(data)
        self._kept += len(data)
        while self._kept - len(self._pieces[0]) >= TAIL_BYTES:
            self._kept -= len(self._pieces.popleft())

    def last_line(self) -> bytes:
        """The last line that says anything."""
        return next(iter(self.last_lines(1)), b"")

    def last_lines(self, most: int) -> list[bytes]:
        """The last lines that say anything, in order."""
        lines = [line.strip() for line in b"".join(self._pieces).split(b"\n")]
        return [line for line in lines if line][-most:]


class Output(threading.Thread):
    """Reads both pipes of a process to their ends, so that it never blocks on them."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__(name=f"output of {process.pid}", daemon=True)
        self.stdout, self.stderr = Tail(), Tail()
        self.announced: Address | None = None
        self.changed = threading.Event()
        self.ended = threading.Event()
        self._read_on = threading.Event()
        self._read_on.set()
        self._start_of_line = b""
        self._selector = selectors.DefaultSelector()
        self._pipes = [stream.fileno() for stream in (process.stdout, process.stderr) if stream is not None]
        for pipe, tail in zip(self._pipes, (self.stdout, self.stderr), strict=True):
            self._selector.register(pipe, selectors.EVENT_READ, tail)
        self._closing, self._closer = os.pipe()
        self._selector.register(self._closing, selectors.EVENT_READ, None)
        self.start()

    def run(self) -> None:
        """Read until both pipes ended or `close` was called."""
        while len(self._selector.get_map()) > 1:
            for key, _ in self._selector.select():
                self._read_on.wait()
                if key.data is None:
                    return
                data = os.read(key.fd, READ_BYTES)
                if data:
                    key.data.add(data)
                    if key.data is self.stdout and self.announced is None:
                        self._look_for_start_line(data)
                else:
                    self._selector.unregister(key.fileobj)
        self.ended.set()

    def pause(self) -> None:
        """Read nothing more until `close`. What a pipe holds unread is made little, where that can be done."""
        self._read_on.clear()
        for key in list(self._selector.get_map().values()):
            if key.data is not None:
                with contextlib.suppress(OSError, AttributeError):  # it holds more by now; or this is not Linux
                    fcntl.fcntl(key.fd, fcntl.F_SETPIPE_SZ, SMALL_PIPE_BYTES)

    def unread(self) -> bool:
        """Whether a pipe holds what was not read yet: the process may be waiting for room in it."""
        return any(map(unread_bytes, self._pipes))

    def close(self) -> None:
        """Stop reading: whoever still holds the pipes' other ends is on its own."""
        self._read_on.set()
        os.write(self._closer, b"x")
        self.join()
        self._selector.close()
        os.close(self._closing)
        os.close(self._closer)

    def last_words(self) -> str:
        """The last line of stderr, or of stdout, made plain; empty when nothing was said."""
        return plain(self.stderr.last_line() or self.stdout.last_line())

    def last_lines(self) -> str:
        """The last lines of both, made plain, each with the stream that it came from."""
        streams = (("stdout", self.stdout), ("stderr", self.stderr))
        return "\n".join(f"{name}: {plain(line)}" for name, tail in streams for line in tail.last_lines(LAST_LINES))

    def _look_for_start_line(self, data: bytes) -> None:
        *lines, rest = (self._start_of_line + data).split(b"\n")
        self._start_of_line = rest[-LONGEST_LINE_BYTES:]
        for line in lines:
            match = START_LINE.fullmatch(line)
            if match and int(match[2]) < 65536:
                self.announced = (match[1].decode("ascii", "replace").strip("[]"), int(match[2]))
                self.changed.set()
                return


class Process(Child):
    """One run of a server's command.

    A command with `{port}` is given a free port; one without uses `fixed_port`, or announces its own by the line
    `Server start at: HOST:PORT`. Raises `CannotStart` when it does not come to serve within `ready_within_s` seconds,
    in which the time that it waits in line for a processor does not count. `reserved` is the port that an earlier run
    of it had been given.
    """

    def __init__(
        self,
        command: Sequence[str],
        keeper_: Keeper,
        *,
        host: str,
        fixed_port: int | None = None,
        reserved: PortReservation | None = None,
        folder: str | None = None,
        environment: Mapping[str, str] | None = None,
        limits: Mapping[str, int] | None = None,
        ready_within_s: float = READY_WITHIN_S,
    ) -> None:
        self._ready_within_s = ready_within_s
        self._given_port = any("{port}" in word for word in command)
        self._host = host
        self._reserved = reserved or (PortReservation(host) if self._given_port else None)
        self._port = self._reserved.port if self._reserved else fixed_port
        if fixed_port and not self._given_port and any(map(accepts, reachable((host, fixed_port)))):
            msg = f"something else already listens on {host}:{fixed_port}; end it, or choose another port"
            raise CannotStart(msg)
        words = [word.replace("{host}", host).replace("{port}", str(self._port)) for word in command]
        words = limited.command(words, limits or {})
        try:
            super().__init__(words, keeper_, folder=folder, environment=environment)
        except CannotStart:
            if self._reserved:
                self._reserved.release()
            raise
        self.output = Output(self._popen)
        try:
            self.address = self._await_ready()
        except BaseException:
            self.end()
            raise

    def epitaph(self, within_s: float = 0.0) -> str | None:
        """How it ended and its last words; None while it runs."""
        status = self.exit_status(within_s)
        if status is None:
            return None
        self.output.ended.wait(LAST_WORDS_WITHIN_S)  # at once, unless a child of its holds the pipes open
        how = how_it_ended(status)
        words = self.output.last_words()
        return how + (f"; its last line was: {words}" if words else ", without a word")

    def terminate(self, within_s: float) -> bool:
        """Send SIGTERM to the process that was started; tells whether that ended it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        return self.exit_status(within_s) is not None

    def give_up_port(self) -> PortReservation | None:
        """Hand over the port that it was given, for another run of it."""
        reserved, self._reserved = self._reserved, None
        return reserved

    def end(self) -> None:
        """End it and everything that came of it: politely first, then not.

        Raises `CannotStart` where that cannot be done, as with a server that became another user's: others of it would
        have to be started beside it.
        """
        gone = self.end_family()
        self.output.close()
        for stream in (self._popen.stdout, self._popen.stderr):
            if stream is not None:
                stream.close()
        if self._reserved:
            self._reserved.release()
        if not gone:
            raise CannotStart(
                f"process {self.pid} of the target does not end, not by SIGKILL either: is it ours to end?"
            )

    def stays(self) -> None:
        """See that what serves is what was started. Raises `CannotStart` where that has gone and something else serves.

        A server that puts itself into the background, by daemon(3) or otherwise, is out of sight and out of reach.
        """
        if self.exit_status() == 0 and accepts(self.address):
            raise CannotStart(f"the target exited with status 0 and left others to serve; {IN_THE_BACKGROUND}")

    def _await_ready(self) -> Address:
        tree = tree_of(self.pid)
        allowance = Allowance(self._ready_within_s, lambda: in_line_ourselves_s() + tree.in_line_s())
        spent = False
        while not spent:
            spent = allowance.spent()  # asked before the look: what opened meanwhile is open
            address = next(filter(accepts, self._expected()), None)
            if address is not None:
                return address
            self.output.changed.wait(LOOK_AGAIN_S)
            epitaph = self.epitaph()
            if epitaph is not None:
                if self._reserved and self.exit_status() and any(map(accepts, self._expected())):
                    raise PortTaken(f"somebody else listens on {self._host}:{self._port}, and the target {epitaph}")
                raise CannotStart(self._ended_early(epitaph))
        raise CannotStart(self._never_ready())

    def _expected(self) -> list[Address]:
        """Where it may accept; nowhere as long as it has not said so. Raises `CannotStart` where that is not here."""
        if self._port is not None:
            return reachable((self._host, self._port))
        announced = self.output.announced
        if announced is None:
            return []
        if not self._is_here(announced[0]):
            msg = (
                f"the target announced {plain(announced[0])}:{announced[1]}, which is not {plain(self._host)}: let it "
                "serve there, or name its address (--host)"
            )
            raise CannotStart(msg)
        return reachable(announced)

    def _is_here(self, announced: str) -> bool:
        """Whether that is this machine, or the host that the user named. What a server says is not looked up."""
        if announced in {"localhost", self._host, *(host for host, _ in reachable((self._host, 0)))}:
            return True
        try:
            address = ipaddress.ip_address(announced)
        except ValueError:
            return False
        return address.is_loopback or address.is_unspecified

    def _ended_early(self, epitaph: str) -> str:
        text = f"before it served anyone the target {epitaph}"
        return f"{text}; {IN_THE_BACKGROUND}" if self.exit_status() == 0 else text

    def _never_ready(self) -> str:
        port, within = self._port, f"within {self._ready_within_s:.0f} s"
        announced = self.output.announced
        if port is not None:
            text = f"the target opened no port {within}: nothing accepts on {self._host}:{port}"
        elif announced is not None:
            where = f"{plain(announced[0])}:{announced[1]}"
            text = f"the target opened no port {within}: it announced {where}, and nothing accepts there"
        else:
            text = (
                f"the target announced no port {within}: give its command a {{port}}, name the port it uses "
                "(--port N), or let it print the line 'Server start at: HOST:PORT'"
            )
        return text + self._instead()

    def _instead(self) -> str:
        """What it did instead, as far as that can be seen."""
        if instead.is_stopped(self.pid):
            return "; it is stopped, as by SIGSTOP"
        elsewhere = instead.listens_on(self.pid)
        if elsewhere:
            return f"; it listens on {' and '.join(elsewhere)} instead"
        words = self.output.last_words()
        return f"; its last line was: {words}" if words else ""


def reachable(address: Address) -> list[Address]:
    """The numeric addresses at which a server that binds `address` may be. Raises `CannotStart` where there is none.

    A name is looked up, and may mean several, as `localhost` does; the wildcard addresses, at which a server is
    everywhere, are reached over loopback.
    """
    host, port = address
    try:
        found = [place[:2] for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        msg = f"there is no address {plain(host)}: {plain(getattr(error, 'strerror', None) or str(error))}"
        raise CannotStart(msg) from None
    return [(LOOPBACK_OF.get(str(host), str(host)), int(port)) for host, port in found]


def accepts(address: Address) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket(family_of(address), socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(address) == 0


class PortReservation:
    """A port that nobody holds, from below the range of connecting clients, reserved among the suite's workers.

    Between the choice and the server's bind(2) another worker could choose the same. An abstract Unix socket
    (unix(7)) of that number settles it, and goes with whoever holds it; systems without those take the small risk.
    """

    def __init__(self, host: str) -> None:
        host, _ = reachable((host, 0))[0]
        lowest, highest = _server_ports()
        source = random.SystemRandom()
        for _ in range(RESERVATION_TRIES):
            self.port = source.randrange(lowest, highest)
            self._token = socket.socket(socket.AF_UNIX)
            try:
                if sys.platform == "linux":
                    self._token.bind(f"\0echo-conformance/{self.port}")
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    with socket.socket(family_of((host, self.port)), kind) as probe:
                        probe.bind((host, self.port))
            except OSError as error:
                self._token.close()
                if error.errno != errno.EADDRINUSE:
                    msg = f"cannot use the address {plain(host)}: {error.strerror}"
                    raise CannotStart(msg) from None
            else:
                return
        msg = f"no free port was found between {lowest} and {highest}"
        raise CannotStart(msg)

    def release(self) -> None:
        """Let others choose it again."""
        self._token.close()


def _server_ports() -> tuple[int, int]:
    try:
        first_client_port = int(PORT_RANGE_FILE.read_text().split()[0])
    except OSError:
        first_client_port = DEFAULT_FIRST_CLIENT_PORT
    return max(1024, first_client_port - PORTS_BELOW), first_client_port
