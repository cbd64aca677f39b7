"""Contents in which every place is recognisable: lost, doubled, swapped and foreign bytes can be told apart.

A tape names its client and counts: `007.000000;007.000001;…`. It has no quote and no backslash, so that the
servers' quoting, a chapter of its own, does not colour the other chapters.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

TOKENS_A_BLOCK = 1000
TOKEN_BYTES = 11
_COUNTS = [b"%03d;" % n for n in range(TOKENS_A_BLOCK)]

# Each byte of a wide tape takes four of a literal (\xNN): a quarter of the input makes the same output. The bytes are
# control characters without a short escape in any common language and without a hexadecimal letter, whose case is a
# matter of another chapter.
_PLAIN = b"0123456789.;"
_WIDE = bytes([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15])
_WIDEN = bytes.maketrans(_PLAIN, _WIDE)
_NARROW = bytes.maketrans(_WIDE, _PLAIN)


@functools.lru_cache(maxsize=512)
def _block(client: int, number: int) -> bytes:
    """The number of a block is the first three digits of its counts."""
    before = b"%03d.%03d" % (client, number % TOKENS_A_BLOCK)
    return before + before.join(_COUNTS)


def tape(client: int, size_bytes: int, start: int = 0) -> bytes:
    """`size_bytes` of the client's own tape, from place `start` on; after a million tokens, 11 MB, it begins again."""
    block_bytes = TOKENS_A_BLOCK * TOKEN_BYTES
    first, last = start // block_bytes, (start + size_bytes) // block_bytes
    whole = b"".join(_block(client, n) for n in range(first, last + 1))
    at = start - first * block_bytes
    return whole[at : at + size_bytes]


def wide_tape(client: int, size_bytes: int, start: int = 0) -> bytes:
    """The same, in bytes whose answer is four times as long."""
    return tape(client, size_bytes, start).translate(_WIDEN)


def plain_tape(wide: bytes) -> bytes:
    """The reverse: what `wide` is the wide form of, where it is one."""
    return wide.translate(_NARROW)


def cut(data: bytes, sizes: Iterable[int]) -> list[bytes]:
    """`data` in pieces of these sizes; what is left over is dropped."""
    pieces = []
    at = 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return pieces


def taped(client: int, sizes: Iterable[int]) -> list[bytes]:
    """Pieces of these sizes, one after the other from the client's tape."""
    sizes = list(sizes)
    return cut(tape(client, sum(sizes)), sizes)
