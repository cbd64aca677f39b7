"""The answer stream: what was sent and what came back, judged as both go on."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Final

from conformance.oracle.datagrams import DatagramAnswers
from conformance.oracle.fault import EXCERPT_BYTES, Fault, FaultKind
from conformance.oracle.spans import shown, span
from conformance.oracle.trace import Finding

# How much is kept of what comes after the first fault, to tell what was swapped from what was lost.
_KEPT_BYTES: Final = 1 << 16


@dataclass
class Departure:
    """The point at which an answer stopped being right, and what came from there on."""

    answer_offset: int
    sent_offset: int
    known: int
    """How many bytes had been sent by then."""
    expected: bytes
    quote: bytes = b""
    """The quote of the literal that was open there, if one was."""
    breach: str | None = None
    """The rule of the grammar that was broken; None if the text is well-formed and the content wrong."""
    kept: bytearray = field(default_factory=bytearray)

    def keep(self, data: bytes) -> None:
        """Add what came next, as far as there is room."""
        self.kept += data[: _KEPT_BYTES - len(self.kept)]

    def fault(self, finding: Finding) -> Fault:
        """Return the fault of this kind at this point."""
        expected, actual = self.expected[:EXCERPT_BYTES], bytes(self.kept[:EXCERPT_BYTES])
        return Fault(finding.kind, finding.detail, self.answer_offset, self.sent_offset, expected, actual)


class AnswerStream(ABC):
    """Judges the answers of one connection, which may come in any pieces.

    All judging takes time in proportion to what was sent and answered, however finely it is cut, and memory in
    proportion to what was sent. Nothing a server says raises.
    """

    def __init__(self) -> None:
        self._sent = bytearray()
        self._answered = 0
        self._departure: Departure | None = None
        self._fault: Fault | None = None

    def sent(self, data: bytes) -> None:
        """Take note that more bytes are handed to the server; call it before the server can answer them."""
        self._sent += data

    def answered(self, data: bytes) -> None:
        """Judge more bytes that came back. After the first fault they are only kept, up to a bound, for ``finish``."""
        if self._departure is not None:
            self._departure.keep(data)
            return
        self._departure = self._read(data)
        if self._departure is not None:
            self._fault = self._departure.fault(self._explain(self._departure))

    def finish(self) -> Fault | None:
        """Take note that no more will come, be it by an end or by silence; return the first fault, told for good.

        What is unanswered is a fault now: LOST, or UNFINISHED where a reply breaks off.
        """
        if self._departure is None:
            self._fault = self._missing()
        else:
            self._fault = self._departure.fault(self._explain(self._departure))
        return self._fault

    @property
    def fault(self) -> Fault | None:
        """The first fault so far. Its offsets stand; its kind may change by ``finish``, once more has come."""
        return self._fault

    @property
    def settled(self) -> bool:
        """Whether all that was sent is answered wholly, nothing is half-said, and there is no fault."""
        return self._fault is None and self._answered == len(self._sent) and not self._half_said

    @property
    def answered_bytes(self) -> int:
        """How many of the bytes sent have been answered correctly so far."""
        return self._answered if self._departure is None else self._departure.sent_offset

    @abstractmethod
    def datagrams(self) -> DatagramAnswers:
        """Return a judge of the same profile for the datagrams of one sender."""

    @property
    @abstractmethod
    def ceiling_bytes(self) -> int:
        """The most answer bytes that what was sent can give rise to."""

    @property
    @abstractmethod
    def _half_said(self) -> bool:
        """Whether the answer stands in the middle of a reply."""

    @abstractmethod
    def _read(self, data: bytes) -> Departure | None:
        """Read on until the end of the data or the first wrong byte."""

    @abstractmethod
    def _explain(self, departure: Departure) -> Finding:
        """Say what is wrong, from all that came since."""

    @abstractmethod
    def _missing(self) -> Fault | None:
        """Return the fault of an answer that is right so far and goes no further."""

    def _unanswered(self, answer_offset: int, expected: bytes) -> Fault | None:
        """Return the fault of an answer that ends between two replies."""
        due, end = self._answered, len(self._sent)
        if due == end:
            return None
        detail = f"{span(due, end)} of what was sent went unanswered: {shown(bytes(self._sent[due : due + 64]))}"
        return Fault(FaultKind.LOST, detail, answer_offset, due, expected[:EXCERPT_BYTES], b"")
