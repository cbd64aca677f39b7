"""The profile ``received``: for each chunk that was read, ``Server received `` and the bytes literal of the chunk."""

from typing import Final

from conformance.oracle import literal
from conformance.oracle.datagrams import DatagramAnswers, received_content, received_reply
from conformance.oracle.fault import Fault, FaultKind
from conformance.oracle.misreply import explain
from conformance.oracle.reply import OPENING, PREFIX, Breach, ReplyReader
from conformance.oracle.spans import shared
from conformance.oracle.stream import AnswerStream, Departure
from conformance.oracle.trace import Finding, foreign

# A byte costs most when it is read alone and escaped: a prefix, `b` and two quotes, `\xNN`.
_REPLY_BYTES_PER_BYTE: Final = len(PREFIX) + 3 + 4


class ReceivedAnswers(AnswerStream):
    """Judges replies, each of which answers a chunk of 1..``limit`` bytes; where chunks are cut is the server's choice.

    What a reply says is compared as it comes, in the spelling of the wire, and decoded only if it is wrong.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._reader = ReplyReader(limit)

    def datagrams(self) -> DatagramAnswers:
        """One for datagrams, each a chunk of its own."""
        return DatagramAnswers(received_reply, received_content)

    @property
    def ceiling_bytes(self) -> int:
        """As if each byte that was sent were read alone and escaped."""
        return _REPLY_BYTES_PER_BYTE * len(self._sent)

    @property
    def _half_said(self) -> bool:
        return not self._reader.is_between

    def _read(self, data: bytes) -> Departure | None:
        reader = self._reader
        for body, size in reader.bodies(data):
            due = bytes(self._sent[self._answered : self._answered + size])
            if body != literal.spell(due, reader.quote):
                return self._stray(body, due)
            self._answered += size
        return None if reader.breach is None else self._breach(reader.breach)

    def _explain(self, departure: Departure) -> Finding:
        return explain(self._sent, departure)

    def _missing(self) -> Fault | None:
        reader = self._reader
        if reader.is_between:
            return self._unanswered(reader.offset, self._reply(self._answered))
        if self._answered == len(self._sent) and not reader.size:
            return self._unasked(reader)
        return self._unfinished(reader)

    def _unasked(self, reader: ReplyReader) -> Fault:
        """Return the fault of a reply that was only begun, where nothing was due."""
        known, said = len(self._sent), reader.said
        start = reader.offset - (len(said) - len(reader.held))
        departure = Departure(start, known, known, b"", kept=bytearray(said))
        return departure.fault(foreign(self._sent, known, known, said))

    def _unfinished(self, reader: ReplyReader) -> Fault:
        """Return the fault of a reply that breaks off; what is held back of it is right as far as it could go on."""
        expected = self._continuation(self._answered - reader.size)
        right = len(reader.held) if expected.startswith(reader.held) else 0
        departure = Departure(reader.offset + right, self._answered, len(self._sent), expected[right:])
        departure.keep(reader.held[right:])
        detail = f"the answer ends inside a reply, {len(reader.said)} bytes after its beginning"
        return departure.fault(Finding(FaultKind.UNFINISHED, detail))

    def _stray(self, body: bytes, due: bytes) -> Departure:
        """Depart where a body begins to differ from what was due."""
        reader = self._reader
        right = shared(literal.decode(body), due)
        offset, text = reader.from_byte(body, right)
        self._answered += right
        start = self._answered - right - (reader.size - literal.size(body))
        known, quote = len(self._sent), reader.quote
        if start == known:  # Nothing was due: the whole reply should not be there.
            opening = OPENING + quote
            offset, text, quote = offset - len(opening), opening + text, b""
        departure = Departure(offset, self._answered, known, self._continuation(start), quote)
        departure.keep(text)
        return departure

    def _breach(self, breach: Breach) -> Departure:
        """Depart where the grammar was broken."""
        reader, known = self._reader, len(self._sent)
        offset, due = breach.answer_offset, self._answered
        if offset < reader.offset:  # The quotes: known to be wrong once the literal has closed.
            due -= reader.size
            chunk = bytes(self._sent[due : self._answered])
            expected = literal.literal(chunk)[1:] + self._reply(self._answered)
        else:
            expected = self._continuation(self._answered - reader.size)
            if not reader.quote:
                expected = expected[offset - reader.offset :]
        departure = Departure(offset, due, known, expected, reader.quote, breach.reason)
        departure.keep(breach.text)
        return departure

    def _continuation(self, start: int) -> bytes:
        """Return how the answer can go on, if the chunk of the open literal begins at ``start``."""
        quote, due = self._reader.quote, self._answered
        if not quote:
            return self._reply(due)
        if start == len(self._sent):
            return b""
        stop = self._reach(start, quote)
        return literal.spell(bytes(self._sent[due:stop]), quote) + quote + self._reply(stop)

    def _reach(self, start: int, quote: bytes) -> int:
        """Return the farthest end of a chunk whose literal stands between these quotes."""
        chunk = bytes(self._sent[start : start + self._limit])
        if literal.quote_for(chunk) != quote:
            stop = start + chunk.find(literal.SINGLE if quote == literal.SINGLE else literal.DOUBLE)
            if stop >= self._answered and stop > start:
                return stop
        return start + len(chunk)

    def _reply(self, start: int) -> bytes:
        chunk = bytes(self._sent[start : start + self._limit])
        return PREFIX + literal.literal(chunk) if chunk else b""
