"""The profiles: what a server is held to answer."""

import enum

from conformance.oracle.echo import EchoAnswers
from conformance.oracle.fault import Fault
from conformance.oracle.received import ReceivedAnswers
from conformance.oracle.stream import AnswerStream


class Profile(enum.Enum):
    """What a server answers to the bytes it is sent."""

    RECEIVED = "received"
    """``Server received `` and the bytes literal, for each chunk that was read."""
    ECHO = "echo"
    """The bytes themselves (RFC 862)."""


def answers(profile: Profile, limit: int = 1024) -> AnswerStream:
    """Return the judge of one connection's answers.

    ``limit`` is the most bytes that the server reads at once; the profile ``echo`` does not show them, and ignores it.

    Raises ``ValueError`` if the limit is not positive.
    """
    if limit < 1:
        raise ValueError(f"a chunk limit is at least 1 byte, not {limit}")
    return EchoAnswers() if profile is Profile.ECHO else ReceivedAnswers(limit)


def judge(profile: Profile, sent: bytes, answered: bytes, limit: int = 1024) -> Fault | None:
    """Judge a whole exchange that is over; return its first fault, or None if all of it is right."""
    stream = answers(profile, limit)
    stream.sent(sent)
    stream.answered(answered)
    return stream.finish()
