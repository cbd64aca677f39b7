"""What a server of the profile `received` has to answer."""

from __future__ import annotations

import ast
import re

from conformance.report.reproducing.case import CHUNK_LIMIT
from conformance.report.reproducing.verdict import SHOWN_BYTES, shared, shown

OPENING = b"Server received b"
BODY = {quote: re.compile(rb"(?:[^\\%c]|\\.)*" % quote, re.DOTALL) for quote in b"'\""}


def reply_to(data: bytes) -> bytes:
    """The answer to a datagram."""
    return OPENING[:-1] + repr(data).encode()


def content_of(answer: bytes) -> bytes | None:
    """The datagram that an answer is right for; None where it is for none."""
    try:
        content = ast.literal_eval(answer[len(OPENING) - 1 :].decode("ascii"))
    except (ValueError, SyntaxError):
        return None
    return content if isinstance(content, bytes) and reply_to(content) == answer else None


class Answers:
    """Judges one connection's answers: to each chunk that was read, `Server received ` and its bytes literal.

    Where the server cuts what it is sent into chunks is its own choice.
    """

    def __init__(self) -> None:
        self.sent = bytearray()
        self.answered = 0  # so many of the bytes that were sent
        self.wrong: tuple[str, str] | None = None  # what was due, and what came instead
        self._pending = b""  # a reply that is not complete
        self._taken = 0  # bytes of complete replies

    @property
    def settled(self) -> bool:
        """Whether all that was sent is answered, and nothing is half-said."""
        return self.wrong is None and self.answered == len(self.sent) and not self._pending

    def hear(self, data: bytes) -> None:
        """Take in what came; after a wrong answer nothing more, however much it is."""
        if self.wrong is not None:
            return
        self._pending += data
        while self._pending and self._take_reply():
            pass

    def _take_reply(self) -> bool:
        """Judge the first pending reply as far as it has come; tells whether it is complete, and right."""
        if self.answered == len(self.sent):
            return self._is_wrong("nothing: all that was sent has been answered")
        said, start = self._pending, len(OPENING) + 1
        if not OPENING.startswith(said[: len(OPENING)]):
            return self._is_wrong()
        if len(said) < start:
            return False
        quote = said[start - 1 : start]
        body = BODY[quote[0]].match(said, start) if quote in {b"'", b'"'} else None
        if body is None or not self._spelt(quote, len(body[0])).startswith(body[0]):
            return self._is_wrong()
        if said[body.end() :] in {b"", b"\\"}:
            return False
        return self._take_literal(said[len(OPENING) - 1 : body.end() + 1])

    def _take_literal(self, literal: bytes) -> bool:
        try:
            chunk = ast.literal_eval(literal.decode("ascii"))
        except (ValueError, SyntaxError):
            return self._is_wrong("a bytes literal that can be read")
        due = bytes(self.sent[self.answered : self.answered + len(chunk)])
        if not chunk or chunk != due or repr(chunk).encode() != literal:
            return self._is_wrong(repr(due) if len(due) < 100 else "the literal that Python writes for these bytes")
        if CHUNK_LIMIT is not None and len(chunk) > CHUNK_LIMIT:
            return self._is_wrong(f"a literal of at most {CHUNK_LIMIT:,} bytes; this one has {len(chunk):,}")
        self.answered += len(chunk)
        size = len(OPENING) - 1 + len(literal)
        self._pending, self._taken = self._pending[size:], self._taken + size
        return True

    def _spelt(self, quote: bytes, size: int) -> bytes:
        """What is unanswered as the body of a literal in these quotes, the first `size` bytes."""
        rest = bytes(self.sent[self.answered : self.answered + size])
        if quote == b'"':  # only a chunk with a ' and without a " stands in "
            return repr(rest.partition(b'"')[0] + b"'").encode()[2:-2]
        return repr(rest + b'"').encode()[2:-2]

    def _is_wrong(self, due: str = "") -> bool:
        """Note what was due and what came; unless it is said, from the first byte on that differs."""
        said, alike = self._pending, 0
        if not due:
            quote = b'"' if said[len(OPENING) : len(OPENING) + 1] == b'"' else b"'"
            right = OPENING + quote + self._spelt(quote, len(said) + SHOWN_BYTES)
            alike = shared(right, said)
            due = shown(right[alike:])
        self.wrong = f"{due}, at byte {self._taken + alike:,} of it", shown(said[alike:])
        return False
