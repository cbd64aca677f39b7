"""What can be wrong with an answer, and the evidence for it."""

import enum
from dataclasses import dataclass
from typing import Final

EXCERPT_BYTES: Final = 64


class FaultKind(enum.Enum):
    """The ways in which an answer departs from what was sent."""

    LOST = "lost"
    """Bytes that were sent are not answered: later ones are answered in their place, or nothing more comes."""
    DOUBLED = "doubled"
    """Bytes that were answered already are answered again."""
    SWAPPED = "swapped"
    """Bytes are answered before others that were sent ahead of them, which are answered too."""
    FOREIGN = "foreign"
    """Bytes are answered that were not sent, or not yet."""
    MALFORMED = "malformed"
    """The answer breaks the grammar of the profile."""
    UNFINISHED = "unfinished"
    """The answer ends in the middle of a reply."""


@dataclass(frozen=True)
class Fault:
    """One fault of one answer stream: the first.

    Offsets count from the first byte of the stream. An escape spells one byte: where it is the wrong one, or for a
    wrong choice of quotes the opening quote, ``answer_offset`` is where it begins.
    """

    kind: FaultKind
    detail: str
    """One sentence in printable ASCII, at most 200 characters; whatever a server said stands in it escaped."""
    answer_offset: int
    """The first wrong byte of what was answered."""
    sent_offset: int
    """The byte of what was sent that was due there; the number of bytes sent if none was."""
    expected: bytes
    """How a right answer could have gone on from there, as it would be on the wire; at most 64 bytes."""
    actual: bytes
    """How the answer did go on; at most 64 bytes."""
