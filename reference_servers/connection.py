"""One connection of the protocol, without a socket and without a clock.

1. Every non-empty chunk is answered by `Server received ` and the chunk as Python writes it: `b'…'`.
2. An empty chunk is the end of the peer's stream. What is owed still goes out; then the connection is finished.
3. Output is bounded: with more than the high-water mark owed, no input is wanted until the low-water mark.

From these follows what every loop relies on: **a connection that is not finished wants something.** Reading is
given up only at the end of the stream or above the high-water mark, and in both cases output is owed. So whatever a
kernel reports about such a connection, an error included, there is a call to make that finds out.
"""

from __future__ import annotations


def reply_to(chunk: bytes) -> bytes:
    """Return the protocol's answer to one chunk, or one datagram."""
    return b"Server received %a" % chunk


class Connection:
    """Bytes in by `receive`, bytes out from `owed`, and what it wants next.

    The driver passes what it read to `receive`, offers `owed` to its socket and says with `sent` how much of it was
    taken. `wants_read` and `wants_write` are the readiness to wait for; `finished` says to close the socket.

    Source: the tutorial's servers, `Server received {chunk}` for each `recv(1024)`.
    """

    HIGH_WATER_BYTES = 64 * 1024
    """With more than this owed, no input is wanted."""

    LOW_WATER_BYTES = 16 * 1024
    """Input is wanted again once no more than this is owed."""

    __slots__ = ("ended", "owed", "wants_read")

    def __init__(self) -> None:
        # A bytearray gives up its front without moving the rest (CPython moves a start offset, and copies only when
        # half the space has become free), so many partial sends of one backlog cost one pass over it, not one each.
        self.owed = bytearray()
        self.ended = False
        self.wants_read = True

    @property
    def wants_write(self) -> bool:
        """Whether output is owed."""
        return bool(self.owed)

    @property
    def finished(self) -> bool:
        """Whether the peer's stream has ended and all that was owed is sent."""
        return self.ended and not self.owed

    def receive(self, chunk: bytes) -> None:
        """Take one chunk as a single `recv` returned it; an empty one is the end of the peer's stream.

        Raises RuntimeError when the stream had ended already: the driver read on after the end.
        """
        if self.ended:
            raise RuntimeError("received after the end of the peer's stream: a finished stream must not be read again")
        if chunk:
            owed = self.owed
            owed += self.reply(chunk)
            if len(owed) > self.HIGH_WATER_BYTES:
                self.wants_read = False
        else:
            self.end()

    def reply(self, chunk: bytes) -> bytes:
        """Return what one chunk is answered with."""
        return reply_to(chunk)

    def end(self) -> None:
        """Take note that the peer's stream has ended: nothing more to read, what is owed is still owed."""
        self.ended = True
        self.wants_read = False

    def sent(self, count: int) -> None:
        """Take note that the first `count` bytes of `owed` were taken.

        Raises ValueError when that is more than was owed, or less than nothing.
        """
        owed = self.owed
        if count == len(owed):  # nearly always
            owed.clear()
        elif 0 <= count < len(owed):
            del owed[:count]
        else:
            raise ValueError(f"{count} bytes sent of {len(owed)} owed")
        if not self.wants_read and not self.ended and len(owed) <= self.LOW_WATER_BYTES:
            self.wants_read = True
