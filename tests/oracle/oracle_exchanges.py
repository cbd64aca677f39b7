"""What a right server answers, written with Python's own repr, and how streams are fed."""

from collections.abc import Iterable

from conformance.oracle import AnswerStream, Fault, Profile, answers

PREFIX = b"Server received "


def reply(chunk: bytes) -> bytes:
    return PREFIX + repr(chunk).encode("ascii")


def replies(*chunks: bytes) -> bytes:
    return b"".join(map(reply, chunks))


def right_answer(profile: Profile, chunks: Iterable[bytes]) -> bytes:
    return replies(*chunks) if profile is Profile.RECEIVED else b"".join(chunks)


def fed(profile: Profile, sent: bytes, pieces: Iterable[bytes], limit: int = 1024) -> AnswerStream:
    stream = answers(profile, limit)
    stream.sent(sent)
    for piece in pieces:
        stream.answered(piece)
    return stream


def verdict(profile: Profile, sent: bytes, pieces: Iterable[bytes], limit: int = 1024) -> Fault | None:
    return fed(profile, sent, pieces, limit).finish()


def single_bytes(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]
