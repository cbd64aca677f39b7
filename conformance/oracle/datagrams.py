"""The answers to datagrams: one for each, whole, in any order.

A datagram is a message of its own. Nothing promises that the answers come in the order of what was asked, so each is
matched by its content; where several were asked alike, as many answers are due.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from conformance.oracle import literal
from conformance.oracle.fault import EXCERPT_BYTES, Fault, FaultKind
from conformance.oracle.reply import OPENING, PREFIX
from conformance.oracle.spans import shared, shown

_QUOTES: Final = (literal.SINGLE, literal.DOUBLE)


def received_reply(data: bytes) -> bytes:
    """Return the answer to a datagram in the profile ``received``."""
    return PREFIX + literal.literal(data)


def received_content(answer: bytes) -> bytes | None:
    """Return the bytes that an answer of the profile ``received`` spells; None where it breaks the grammar."""
    quote, body = answer[len(OPENING) : len(OPENING) + 1], answer[len(OPENING) + 1 : -1]
    if quote not in _QUOTES or literal.body_end(body, 0, quote) != len(body):
        return None
    content = literal.decode(body)
    return content if received_reply(content) == answer else None


def same(data: bytes) -> bytes:
    """Return what it is given: the answer of the profile ``echo``, and its content."""
    return data


class DatagramAnswers:
    """Judges the answers that one sender gets. Nothing a server says raises.

    ``reply`` makes the answer to a datagram, and ``content`` takes what it spells from one, None where it is malformed.
    """

    def __init__(self, reply: Callable[[bytes], bytes], content: Callable[[bytes], bytes | None]) -> None:
        self._reply = reply
        self._content = content
        self._owed: Counter[bytes] = Counter()
        self._optional: Counter[bytes] = Counter()
        self._known: set[bytes] = set()
        self._sent_bytes = 0
        self._came_bytes = 0
        self._fault: Fault | None = None
        self.sent_datagrams = 0
        self.answered_datagrams = 0
        self.answered_bytes = 0
        """How many of the bytes sent stood in datagrams that have been answered."""

    def sent(self, data: bytes, *, promised: bool = True) -> None:
        """Take note that a datagram is sent; one that is not promised an answer may have one, and cut short."""
        self.sent_datagrams += 1
        self._sent_bytes += len(data)
        self._known.add(data)
        (self._owed if promised else self._optional)[data] += 1

    def answered(self, answer: bytes) -> None:
        """Judge one datagram that came back. After the first fault nothing is judged any more."""
        if self._fault is None:
            content = self._content(answer)
            if content is not None and self._owed[content]:
                self._take(self._owed, content)
            elif not self._takes_as_optional(content):
                self._fault = self._wrong(answer, content)
        self._came_bytes += len(answer)

    def finish(self) -> Fault | None:
        """Take note that no more will come; return the first fault. What is unanswered is one now."""
        if self._fault is None and self._due():
            detail = f"{self._owed.total()} of {self.sent_datagrams} datagrams went unanswered"
            self._fault = self._at_end(FaultKind.LOST, detail, b"")
        return self._fault

    @property
    def fault(self) -> Fault | None:
        """The first fault so far."""
        return self._fault

    @property
    def settled(self) -> bool:
        """Whether every datagram that was promised an answer has had it, and there is no fault."""
        return self._fault is None and not self._due()

    def _due(self) -> list[bytes]:
        return [data for data, times in self._owed.items() if times]

    def _take(self, from_: Counter[bytes], data: bytes) -> None:
        from_[data] -= 1
        self.answered_datagrams += 1
        self.answered_bytes += len(data)

    def _takes_as_optional(self, content: bytes | None) -> bool:
        """Whether this is the answer to one that was promised nothing, or to as much of it as a buffer took."""
        if content is None:
            return False
        data = next((data for data, times in self._optional.items() if times and data.startswith(content)), None)
        if data is not None:
            self._take(self._optional, data)
        return data is not None

    def _wrong(self, answer: bytes, content: bytes | None) -> Fault:
        due = self._due()
        if content is None:
            return self._at_end(FaultKind.MALFORMED, f"{shown(answer)} is no answer to any datagram", answer)
        if content in self._known:
            return self._at_end(FaultKind.DOUBLED, f"{shown(content)} is answered once more than it was sent", answer)
        whole = next((data for data in due if data.startswith(content)), None)
        if whole is not None:
            detail = f"of a datagram of {len(whole)} bytes the first {len(content)} are answered"
            return self._at_end(FaultKind.LOST, detail, answer)
        return self._at_end(FaultKind.FOREIGN, f"{shown(content)} is answered, which this sender did not send", answer)

    def _at_end(self, kind: FaultKind, detail: str, answer: bytes) -> Fault:
        """The fault of the answer that came last, beside the one that was due and is most like it."""
        likely = max((self._reply(data) for data in self._due()), key=lambda due: shared(due, answer), default=b"")
        right = shared(likely, answer)
        expected, actual = likely[right : right + EXCERPT_BYTES], answer[right : right + EXCERPT_BYTES]
        return Fault(kind, detail, self._came_bytes + right, self._sent_bytes, expected, actual)
