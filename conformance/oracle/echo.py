"""The profile ``echo``: bytes come back unchanged (RFC 862)."""

from conformance.oracle.datagrams import DatagramAnswers, same
from conformance.oracle.fault import EXCERPT_BYTES, Fault
from conformance.oracle.spans import shared
from conformance.oracle.stream import AnswerStream, Departure
from conformance.oracle.trace import Finding, trace


class EchoAnswers(AnswerStream):
    """Judges answers that are what was sent, byte for byte."""

    def datagrams(self) -> DatagramAnswers:
        """One for datagrams that come back as they were."""
        return DatagramAnswers(same, same)

    @property
    def ceiling_bytes(self) -> int:
        """As many as were sent."""
        return len(self._sent)

    @property
    def _half_said(self) -> bool:
        return False

    def _read(self, data: bytes) -> Departure | None:
        if self._sent.startswith(data, self._answered):
            self._answered += len(data)
            return None
        right = shared(data, bytes(self._sent[self._answered : self._answered + len(data)]))
        self._answered += right
        departure = Departure(self._answered, self._answered, len(self._sent), self._due())
        departure.keep(data[right:])
        return departure

    def _explain(self, departure: Departure) -> Finding:
        return trace(self._sent, departure.sent_offset, departure.known, bytes(departure.kept))

    def _missing(self) -> Fault | None:
        return self._unanswered(self._answered, self._due())

    def _due(self) -> bytes:
        return bytes(self._sent[self._answered : self._answered + EXCERPT_BYTES])
