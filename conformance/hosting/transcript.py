"""What happened when a client was hosted.

It is a transcript like any other, in which a client's record is the server's end of one of its connections: `received`
is what the client delivered of it, and `fault` where that departs from what was said.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.harness.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Departure:
    """Where what was delivered departs from what was said."""

    detail: str
    answer_offset: int
    expected: bytes
    actual: bytes


@dataclass(slots=True)
class Hosting(Transcript):
    """The whole of it. `status` is what the client ended with, None while it ran, and `silence_s` was its patience."""

    status: int | None = None
    silence_s: float = 0.0
