"""The client's process: its three pipes, none of which anybody ever waits for here."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence

from clients.peer import Address
from conformance.harness.child import Child, Keeper, how_it_ended
from conformance.harness.launch import Tail
from conformance.harness.process import tree_of
from conformance.harness.text import plain

READ_BYTES = 65536
PIECE_BYTES = 65536
LAST_LINES = 12


class ClientProcess(Child):
    """One run of a client. Raises `CannotStart` where there is no such program.

    What its standard output says is kept, `most_bytes` of it at most: `flooded` tells that there was more.
    """

    def __init__(
        self, command: Sequence[str], address: Address, keeper: Keeper, *, folder: str | None, most_bytes: int
    ) -> None:
        host, port = address
        words = [word.replace("{host}", host).replace("{port}", str(port)) for word in command]
        super().__init__(words, keeper, stdin=subprocess.PIPE, folder=folder)
        self.tree = tree_of(self.pid)
        self.said = bytearray()
        self.flooded = False
        self.takes_output = True
        self.unfed = bytearray()
        self.fed_bytes = 0
        self._most_bytes = most_bytes
        self._ends_input = False
        self._errors = Tail()
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        assert self._popen.stderr is not None
        self.stdin: int | None = self._popen.stdin.fileno()
        self.stdout: int | None = self._popen.stdout.fileno()
        self.stderr: int | None = self._popen.stderr.fileno()
        for pipe in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(pipe, False)

    def feed(self, data: bytes) -> None:
        """Put bytes on its standard input, as far as there is room; the rest goes with `write`."""
        self.unfed += data
        self.write()

    def end_input(self) -> None:
        """End its standard input, once all is in it."""
        self._ends_input = True
        self.write()

    def write(self) -> bool:
        """Put in what there is room for; tells whether there was any."""
        before = self.fed_bytes
        try:
            while self.unfed and self.stdin is not None:
                written = os.write(self.stdin, self.unfed[:PIECE_BYTES])
                self.fed_bytes += written
                del self.unfed[:written]
        except BlockingIOError:
            pass
        except BrokenPipeError:  # it reads no more, which is its business
            self.unfed.clear()
            self._close_input()
        if self._ends_input and not self.unfed:
            self._close_input()
        return self.fed_bytes > before

    def _close_input(self) -> None:
        if self.stdin is not None and self._popen.stdin is not None:
            self.stdin = None
            with contextlib.suppress(BrokenPipeError):
                self._popen.stdin.close()

    def read(self, pipe: int) -> bool:
        """Take what a pipe holds; tells whether there was anything, its end included."""
        try:
            data = os.read(pipe, READ_BYTES)
        except BlockingIOError:
            return False
        if pipe == self.stdout:
            self.said += data[: self._most_bytes - len(self.said)]
            self.flooded |= len(self.said) >= self._most_bytes
            self.stdout = pipe if data else None
        else:
            self._errors.add(data)
            self.stderr = pipe if data else None
        return True

    def ended(self) -> bool:
        """Whether it is gone, and all that it had said is taken."""
        return self.exit_status() is not None and (self.stdout is None or not self.takes_output)

    def state(self) -> str | None:
        """How it ended, and its last words; None while it runs."""
        status = self.exit_status()
        if status is None:
            return None
        words = plain(self._errors.last_line())
        return how_it_ended(status) + (f"; its last line was: {words}" if words else "")

    def last_words(self) -> str:
        """The last lines of its standard error, made plain."""
        return "\n".join(f"stderr: {plain(line)}" for line in self._errors.last_lines(LAST_LINES))

    def end(self) -> None:
        """End it, and whatever came of it."""
        self.end_family()
        self._close_input()
        for stream in (self._popen.stdout, self._popen.stderr):
            if stream is not None:
                stream.close()
