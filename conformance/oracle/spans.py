"""Stretches of bytes: how long two agree, and how a sentence names and shows them."""

from typing import Final

from conformance.oracle.literal import SINGLE, spell

_SHOWN_BYTES: Final = 12


def shared(one: bytes, other: bytes) -> int:
    """Return how many bytes two byte strings begin with in common, in linear time."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def span(start: int, stop: int) -> str:
    """Name the bytes from ``start`` up to, not including, ``stop``."""
    return f"byte {start}" if stop - start == 1 else f"bytes {start}..{stop - 1}"


def shown(data: bytes) -> str:
    """Return the beginning of some bytes as printable ASCII, safe for any terminal and log."""
    text = spell(data[:_SHOWN_BYTES], SINGLE).decode("ascii")
    return f"'{text}'..." if len(data) > _SHOWN_BYTES else f"'{text}'"
