"""The two ways in which a case can end early, and how what a server said is shown."""

from __future__ import annotations

from conformance.report.reproducing.case import SILENCE_S

SHOWN_BYTES = 64


class Fault(Exception):
    """The server did what it must not do, or not what it must."""

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(expected, actual)
        self.expected = expected
        self.actual = actual


class CannotTell(Exception):
    """The situation could not be made here, or nobody can see what came of it: no word against the server."""


class Patience:
    """How long nothing at all may happen, in seconds, before a wait is given up. Slowness is never a fault."""

    silence_s = SILENCE_S


def shared(one: bytes, other: bytes) -> int:
    """How many bytes the two begin with in common."""
    differing = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))


def shown(data: bytes) -> str:
    """What a server said, as printable text of bounded length."""
    text = repr(bytes(data[:SHOWN_BYTES]))
    return text if len(data) <= SHOWN_BYTES else f"{text}... ({len(data):,} bytes)"
