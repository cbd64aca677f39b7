"""What a server of the profile `echo` has to answer."""

from __future__ import annotations

from conformance.report.reproducing.verdict import shared, shown


def reply_to(data: bytes) -> bytes:
    """The answer to a datagram."""
    return data


def content_of(answer: bytes) -> bytes | None:
    """The datagram that an answer is right for."""
    return answer


class Answers:
    """Judges one connection's answers: the bytes that were sent come back as they were (RFC 862)."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.answered = 0  # so many of the bytes that were sent
        self.wrong: tuple[str, str] | None = None  # what was due, and what came instead

    @property
    def settled(self) -> bool:
        """Whether all that was sent has come back."""
        return self.wrong is None and self.answered == len(self.sent)

    def hear(self, data: bytes) -> None:
        """Take in what came."""
        if self.wrong is not None:
            return
        if not self.sent.startswith(data, self.answered):
            due = bytes(self.sent[self.answered : self.answered + len(data)])
            alike = shared(due, data)
            rest = shown(due[alike:]) if due[alike:] else "nothing: all that was sent has been answered"
            self.wrong = f"{rest}, at byte {self.answered + alike:,} of it", shown(data[alike:])
        else:
            self.answered += len(data)
