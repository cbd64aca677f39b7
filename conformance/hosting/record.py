"""What was delivered of each connection, beside what was said on it."""

from __future__ import annotations

from collections.abc import Sequence

from clients.peer import Ending
from conformance.harness.text import plain
from conformance.harness.transcript import ClientRecord
from conformance.hosting.connection import Connection
from conformance.hosting.conversation import Conversation
from conformance.hosting.transcript import Departure

SHOWN_BYTES = 48
BLOCK_BYTES = 4096
REPLY_BEGINS = b"Server received b"


def records(
    connections: Sequence[Connection], delivered: Sequence[bytes], conversation: Conversation
) -> dict[int, ClientRecord]:
    """A record for each connection, which has the piece of the output that fits it best.

    A client names its connections as it likes: what is exactly right for one is that one's, and the others follow in
    order.
    """
    left = list(delivered)
    found: dict[int, bytes] = {}
    for connection in connections:
        if bytes(connection.said) in left:
            found[connection.number] = bytes(connection.said)
            left.remove(found[connection.number])
    for connection in connections:
        if connection.number not in found:
            begins = next((one for one in left if connection.said.startswith(one)), left[0] if left else b"")
            found[connection.number] = begins
            if begins in left:
                left.remove(begins)
    return {one.number: _record(one, found[one.number], conversation) for one in connections}


def _record(connection: Connection, delivered: bytes, conversation: Conversation) -> ClientRecord:
    said = bytes(connection.said)
    ending = Ending.RESET if connection.over else Ending.FIN if connection.heard_end else None
    return ClientRecord(
        number=connection.number,
        sent_bytes=len(said),
        answered_bytes=len(delivered),
        received=delivered,
        received_bytes=len(delivered),
        settled=delivered == said,
        half_closed=connection.finished,
        promised=True,
        ending=ending,
        fault=_departure(connection, said, delivered, conversation),
        events=list(connection.events),
    )


def _departure(connection: Connection, said: bytes, delivered: bytes, conversation: Conversation) -> Departure | None:
    """Where the client departs from what was said. What a reset came before may be lost: so TCP has it."""
    least = 0 if connection.broken_off else len(said)
    if conversation.whole and connection.cut:
        least = max(0, said.rfind(REPLY_BEGINS))
    if said.startswith(delivered) and len(delivered) >= min(least, len(said)):
        return None
    at = first_difference(said, delivered)
    expected, actual = said[at : at + SHOWN_BYTES], delivered[at : at + SHOWN_BYTES]
    what = f"it delivered {plain(actual)}" if actual else "it delivered nothing more"
    return Departure(f"at byte {at:,} of the {len(said):,} that were said {what}", at, expected, actual)


def first_difference(one: bytes | bytearray, other: bytes | bytearray) -> int:
    """Where two of these begin to differ."""
    shorter = min(len(one), len(other))
    block = next(
        (at for at in range(0, shorter, BLOCK_BYTES) if one[at : at + BLOCK_BYTES] != other[at : at + BLOCK_BYTES]),
        shorter,
    )
    return next((at for at in range(block, min(block + BLOCK_BYTES, shorter)) if one[at] != other[at]), shorter)
