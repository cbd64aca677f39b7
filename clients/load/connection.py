"""One connection of the load generator.

Its readiness loop calls `push` when messages are due or the socket has room, and `hear` when answers came; either tells
what it came to by raising `Lost`. Times are nanoseconds of the performance counter.
"""

from __future__ import annotations

import collections
import errno
import itertools
import socket
from collections.abc import Sequence

from clients.load.messages import Message, WrongAnswer, next_chunk

RECEIVE_BYTES = 65536


class Lost(Exception):
    """The connection is of no more use; the message is the kind of error.

    `answered` are the times at which the messages were due whose answers came right before that.
    """

    def __init__(self, kind: str, answered: Sequence[int] = ()) -> None:
        super().__init__(kind)
        self.answered = answered


class Connection:
    """A connected or connecting socket, the messages under way on it, oldest first, and when each was due."""

    def __init__(self, sock: socket.socket, messages: Sequence[Message], profile: str, chunk_limit_bytes: int) -> None:
        self.socket = sock
        self.fd = sock.fileno()
        self.under_way: collections.deque[tuple[int, Message]] = collections.deque()
        self.unsent = b""
        self.connected = False
        self.waits_for_room = True  # that the handshake is done is told as room to send
        self._next_message = itertools.cycle(messages).__next__
        self._profile = profile
        self._chunk_limit_bytes = chunk_limit_bytes
        self._heard = b""  # of a reply that is not complete
        self._answered_bytes = 0  # of the first message under way
        self._send = sock.send
        self._receive = sock.recv

    def push(self, due_ns: Sequence[int]) -> None:
        """Send a message for each time that one was due, all in one call; what the kernel does not take is `unsent`."""
        data = self.unsent
        for due in due_ns:
            message = self._next_message()
            self.under_way.append((due, message))
            data = data + message.data if data else message.data
        try:
            sent = self._send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise Lost(kind_of(error)) from None
        self.unsent = b"" if sent == len(data) else data[sent:]

    def hear(self) -> list[int]:
        """Take what has come; returns when each message that is answered now was due. Raises `Lost`."""
        try:
            data = self._receive(RECEIVE_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            raise Lost(kind_of(error)) from None
        if not data:
            raise Lost("closed by the server")
        under_way = self.under_way
        if len(under_way) == 1 and not self._heard and not self._answered_bytes and data == under_way[0][1].reply:
            return [under_way.popleft()[0]]
        answered: list[int] = []
        try:
            self._check(self._heard + data, answered)
        except WrongAnswer:
            raise Lost("wrong answer", answered) from None
        return answered

    def _check(self, heard: bytes, answered: list[int]) -> None:
        """Go through what was heard, reply by reply, and add when each message was due. Raises `WrongAnswer`."""
        at = 0
        while at < len(heard):
            if not self.under_way:
                msg = "an answer that nobody asked for"
                raise WrongAnswer(msg)
            first = self.under_way[0][1]
            if first.reply and not self._answered_bytes and heard.startswith(first.reply, at):
                at += len(first.reply)
                answered.append(self.under_way.popleft()[0])
                continue
            chunk, at_end = next_chunk(heard, at, self._profile, self._chunk_limit_bytes)
            if not chunk:
                break
            answered += self._settle(chunk)
            at = at_end
        self._heard = heard[at:]

    def _settle(self, chunk: bytes) -> list[int]:
        """Compare an answered chunk with what was sent, over as many messages as it spans."""
        answered: list[int] = []
        at = 0
        while at < len(chunk):
            if not self.under_way:
                msg = "more was answered than was sent"
                raise WrongAnswer(msg)
            due, message = self.under_way[0]
            rest = message.data[self._answered_bytes :]
            piece = chunk[at : at + len(rest)]
            if not rest.startswith(piece):
                msg = "other bytes were answered than were sent"
                raise WrongAnswer(msg)
            at += len(piece)
            self._answered_bytes += len(piece)
            if self._answered_bytes == len(message.data):
                self._answered_bytes = 0
                self.under_way.popleft()
                answered.append(due)
        return answered


def kind_of(error: OSError) -> str:
    """An error as the figures name it."""
    if error.errno == errno.ECONNREFUSED:
        return "refused"
    if error.errno in {errno.ECONNRESET, errno.EPIPE}:
        return "reset"
    return errno.errorcode.get(error.errno or 0, "error")
