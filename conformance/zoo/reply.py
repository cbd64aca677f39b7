"""Bugs in what is answered."""

from __future__ import annotations

from conformance.zoo.bug import bug
from reference_servers.connection import Connection


@bug(
    "reply.literal",
    "reply.bytes-not-text",
    seen="trungams/http-server#2",
)
class StopsAtNul(Connection):
    """The chunk is handled as a C string: nothing after a NUL is answered."""

    def reply(self, chunk: bytes) -> bytes:
        """Answer what stands before the first NUL."""
        return super().reply(chunk.split(b"\0")[0])
