"""The tutorial's lines on standard output, written without ever waiting for whoever reads them.

Facts: a write to a full pipe blocks, and then the whole loop stands still for a reader that has gone to lunch. Making
standard output non-blocking changes it for everyone who shares it, the user's terminal included. When `select` reports
a pipe writable, up to PIPE_BUF bytes can be written without blocking (POSIX, and Python's `select.PIPE_BUF`).

Decision: write at most PIPE_BUF at a time, each only when reported writable; keep a bounded backlog, and drop whole
lines beyond it. A broken pipe ends the log, not the server. Cost: two system calls a line.
"""

from __future__ import annotations

import os
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reference_servers.listener import Address


class Log:
    """Lines to the descriptor `fd`; None when there is nobody to write to.

    `verbose` says whether connections and chunks are reported, or only the start.
    """

    BACKLOG_BYTES = 256 * 1024
    """With more than this waiting to be written, further lines are dropped."""

    RETRY_S = 0.1
    """How soon to `flush` again while something is pending, in seconds."""

    def __init__(self, fd: int | None, *, verbose: bool = False) -> None:
        self.fd = fd
        self.verbose = verbose and fd is not None
        self.pending = bytearray()

    def started(self, address: Address) -> None:
        """Say where the server listens; of `HOST:PORT` the port is what follows the last colon."""
        self.line(f"Server start at: {address[0]}:{address[1]}")

    def serves_too(self, what: str, address: Address) -> None:
        """Say where a further service is, in a line that is not taken for the first one's."""
        self.line(f"Server start at: {address[0]}:{address[1]} ({what})")

    def connected(self, address: Address) -> None:
        """Say who connected."""
        self.line(f"Connected by {address}")

    def received(self, chunk: bytes, address: Address) -> None:
        """Say what was received, from whom."""
        self.line(f'received "{chunk!r}" from {address}')

    def line(self, text: str) -> None:
        """Write a line as far as that goes without blocking; `pending` holds the rest."""
        if self.fd is not None and len(self.pending) <= self.BACKLOG_BYTES:
            self.pending += f"{text}\n".encode()
            self.flush()

    def flush(self) -> None:
        """Write what is pending as far as that goes without blocking. An error ends the log for good."""
        try:
            while self.fd is not None and self.pending and select.select((), (self.fd,), (), 0)[1]:
                del self.pending[: os.write(self.fd, self.pending[: select.PIPE_BUF])]
        except BlockingIOError:
            pass  # someone else made it non-blocking and took the room
        except OSError:
            self.fd = None
            self.verbose = False
            self.pending.clear()
