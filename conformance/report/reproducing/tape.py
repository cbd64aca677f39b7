"""Contents in which every place can be recognised."""

from __future__ import annotations

TOKEN_BYTES = 11
TOKENS = 1_000_000  # then it begins again
PLAIN = b"0123456789.;"
WIDE = bytes([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15])


def tape(number: int, size: int, start: int = 0) -> bytes:
    """`size` bytes that name their client and count, from place `start` on: 001.000000;001.000001;..."""
    first, last = start // TOKEN_BYTES, (start + size) // TOKEN_BYTES
    tokens = b"".join(b"%03d.%06d;" % (number, n % TOKENS) for n in range(first, last + 1))
    return tokens[start - first * TOKEN_BYTES :][:size]


def wide_tape(number: int, size: int, start: int = 0) -> bytes:
    r"""The same in control characters: the answer to each is the four characters of \xNN."""
    return tape(number, size, start).translate(bytes.maketrans(PLAIN, WIDE))
