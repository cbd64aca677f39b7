"""A correct client, in parts that can be broken one at a time: what is typed goes out, what is said is written."""

from __future__ import annotations

import os
import select
import socket
import sys

STDIN, STDOUT = 0, 1
PIECE_BYTES = 65536
HELD_BYTES = 262144
CONNECTS_WITHIN_S = 60.0


class Relay:
    """One loop over standard input, standard output and the socket; neither direction waits for the other."""

    def __init__(self, host: str, port: int) -> None:
        self.address = host, port
        self.unsent = bytearray()
        self.unwritten = bytearray()
        self.input_over = False
        self.half_closed = False
        self.hearing = True

    def run(self) -> int:
        """Go on to the end of both directions; returns the exit status."""
        try:
            self.socket = self.connected()
        except OSError as error:
            print(f"cannot connect: {error}", file=sys.stderr)
            return self.not_connected()
        self.socket.setblocking(False)
        try:
            while not self.over():
                self.turn()
        except OSError as error:
            print(f"the connection is lost: {error}", file=sys.stderr)
            return self.lost()
        return self.status()

    def connected(self) -> socket.socket:
        """Connect, in some time."""
        return socket.create_connection(self.address, timeout=CONNECTS_WITHIN_S)

    def not_connected(self) -> int:
        """The exit status of that."""
        return 1

    def lost(self) -> int:
        """The exit status of a reset."""
        return 1

    def status(self) -> int:
        """The exit status of a whole conversation."""
        return 0

    def over(self) -> bool:
        """Whether the server has ended, all is written, and nothing more is typed."""
        return not self.hearing and not self.unwritten and self.input_over and not self.unsent

    def wants_input(self) -> bool:
        """Whether there is room for more of it."""
        return not self.input_over and len(self.unsent) < HELD_BYTES

    def wants_to_hear(self) -> bool:
        """Whether there is room for more of it."""
        return self.hearing and len(self.unwritten) < HELD_BYTES

    def wants_to_write(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.unwritten)

    def patience_s(self) -> float | None:
        """How long to wait for something to happen."""
        return None

    def turn(self) -> None:
        """Wait until something can be done, and do it."""
        reading: list[int] = [STDIN] if self.wants_input() else []
        writing: list[int] = [STDOUT] if self.wants_to_write() else []
        reading += [self.socket.fileno()] if self.wants_to_hear() else []
        writing += [self.socket.fileno()] if self.unsent else []
        readable, writable, _ = select.select(reading, writing, [], self.patience_s())
        if STDIN in readable:
            self.typed(os.read(STDIN, PIECE_BYTES))
        if self.socket.fileno() in readable:
            self.hear()
        if self.socket.fileno() in writable:
            self.send()
        if STDOUT in writable:
            self.write()
        if not readable and not writable:
            self.nothing_happened()

    def nothing_happened(self) -> None:
        """Nothing did, in all that time."""

    def typed(self, data: bytes) -> None:
        """Take what is typed; its end is a half-close."""
        self.unsent += data
        self.input_over = not data
        self.send()

    def send(self) -> None:
        """Give the kernel what it takes."""
        try:
            while self.unsent:
                self.sent(self.socket.send(self.unsent))
        except BlockingIOError:
            return
        except ConnectionError:
            if self.hearing:
                raise
            self.unsent.clear()  # the server had ended before: it need not take this
        if self.input_over and not self.half_closed:
            self.half_close()

    def sent(self, size: int) -> None:
        """So much of what there was has gone."""
        del self.unsent[:size]

    def half_close(self) -> None:
        """Say that nothing more is sent."""
        self.half_closed = True
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            if self.hearing:
                raise

    def hear(self) -> None:
        """Take what the server says."""
        data = self.socket.recv(PIECE_BYTES)
        if data:
            self.heard(data)
        else:
            self.heard_end()

    def heard(self, data: bytes) -> None:
        """It is to be written."""
        self.unwritten += data

    def heard_end(self) -> None:
        """The server says nothing more."""
        self.hearing = False

    def write(self) -> None:
        """Write as much as cannot block."""
        self.written(os.write(STDOUT, self.unwritten[: select.PIPE_BUF]))

    def written(self, size: int) -> None:
        """So much of what there was is written."""
        del self.unwritten[:size]
