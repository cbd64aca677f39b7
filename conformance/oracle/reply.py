"""The reply: ``Server received `` and one bytes literal, which closes itself, so that replies follow back to back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from conformance.oracle import literal
from conformance.oracle.spans import shared

PREFIX: Final = b"Server received "
OPENING: Final = PREFIX + b"b"
_QUOTES: Final = (literal.SINGLE, literal.DOUBLE)


@dataclass(frozen=True)
class Breach:
    """Where replies stop being grammatical, and why."""

    answer_offset: int
    reason: str
    text: bytes
    """What was read from there on."""


class ReplyReader:
    """Reads replies from a stream that comes in any pieces; knows the grammar, and nothing of what was sent.

    Every byte is read once: what is kept between two pieces is the body of the open literal, for the choice of its
    quotes is judged when it closes, and an opening or an escape that was cut (fewer than 18 bytes).

    ``limit`` is the most bytes a literal may spell.
    """

    def __init__(self, limit: int) -> None:
        self.quote = b""
        """The quote that closes the open literal; empty between two replies and inside an opening."""
        self.breach: Breach | None = None
        """Set when the grammar was broken; nothing is read any more then."""
        self.size = 0
        """How many bytes the open literal has spelt so far."""
        self._limit = limit
        self._body = bytearray()
        self._text = b""
        self._base = 0
        self._at = 0

    @property
    def offset(self) -> int:
        """How many bytes of the stream were read; what is held back begins here."""
        return self._base + self._at

    @property
    def held(self) -> bytes:
        """The beginning of an opening or of an escape, of which the rest has not come."""
        return self._text[self._at :]

    @property
    def is_between(self) -> bool:
        """Whether the stream stands between two replies."""
        return not self.quote and self._at == len(self._text)

    @property
    def said(self) -> bytes:
        """All that has come of a reply that is not complete; empty between two replies."""
        return OPENING + self.quote + bytes(self._body) + self.held if self.quote else self.held

    def bodies(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        """Read on; yield each piece of a body that came, cut between atoms, and how many bytes it spells."""
        self._text = self._text[self._at :] + data
        self._base += self._at
        self._at = 0
        while self._at < len(self._text) and self.breach is None:
            if not self.quote:
                if not self._open():
                    return
                continue
            body, size = self._read_body()
            if size:
                yield body, size
            if not self._close():
                return

    def from_byte(self, body: bytes, index: int) -> tuple[int, bytes]:
        """Return where the byte ``index`` of the body just yielded begins in the stream, and the text from there."""
        before = literal.spell(literal.decode(body)[:index], self.quote)
        start = self._at - len(body) + len(before)
        return self._base + start, self._text[start:]

    def _open(self) -> bool:
        """Read an opening; tell whether it was there."""
        end = self._at + len(OPENING)
        quote = self._text[end : end + 1]
        if quote in _QUOTES and self._text.startswith(OPENING, self._at):
            self.quote = quote
            self._at = end + 1
            return True
        if not OPENING.startswith(self._text[self._at : end + 1]):
            self._breach_opening()
        return False

    def _breach_opening(self) -> None:
        right = shared(OPENING, self._text[self._at : self._at + len(OPENING)])
        if right >= len(PREFIX):
            reason = "no bytes literal follows the prefix"
        elif right:
            reason = "the prefix 'Server received ' is broken"
        else:
            reason = "the prefix 'Server received ' is missing"
        self.breach = Breach(self.offset + right, reason, self.held[right:])

    def _read_body(self) -> tuple[bytes, int]:
        end = literal.body_end(self._text, self._at, self.quote)
        body = self._text[self._at : end]
        size = literal.size(body)
        if self.size + size > self._limit:
            size = self._limit - self.size
            body = literal.spell(literal.decode(body)[:size], self.quote)
        self._at += len(body)
        self._body += body
        self.size += size
        return body, size

    def _close(self) -> bool:
        """Read the closing quote; tell whether it was there."""
        if self._at == len(self._text):
            return False
        if not self._text.startswith(self.quote, self._at):
            self._breach_body()
        elif not self.size:
            self.breach = Breach(self.offset, "a literal is empty", self.held)
        elif literal.quote_for(self._body) != self.quote:  # The body has the quotes that its content has.
            start = self.offset - len(self._body) - 1
            text = self.quote + bytes(self._body) + self.held
            self.breach = Breach(start, "the content calls for the other quote", text)
        else:
            self._at += 1
            self.quote, self.size = b"", 0
            self._body.clear()
        return not self.quote

    def _breach_body(self) -> None:
        if self.size == self._limit:
            self.breach = Breach(self.offset, f"a literal holds more than {self._limit} bytes", self.held)
        elif not literal.is_begun_escape(self._text, self._at):
            self.breach = Breach(self.offset, literal.misspelling(self._text, self._at), self.held)
