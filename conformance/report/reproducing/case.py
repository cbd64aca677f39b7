"""What each reproducer says itself; here only so that the parts can be checked."""

from __future__ import annotations

CLAUSE = "chapter.name"
LEVEL = "MUST"
PROFILE = "received"
CHUNK_LIMIT: int | None = None
SILENCE_S = 10.0


def case() -> None:
    """The steps of the case."""
