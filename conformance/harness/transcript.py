"""What happened when a script was played."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Protocol

from clients.peer import Ending, Event
from conformance.harness.script import Script, Step


class FaultLike(Protocol):
    """What the oracle says of a wrong answer."""

    @property
    def detail(self) -> str:
        """What is wrong, in a sentence."""

    @property
    def answer_offset(self) -> int:
        """The first wrong byte of the answer."""

    @property
    def expected(self) -> bytes:
        """What was due there."""

    @property
    def actual(self) -> bytes:
        """What came."""


class Answers(Protocol):
    """An oracle: it is told what goes out and what comes back on one connection."""

    def sent(self, data: bytes) -> None:
        """More was handed over."""

    def answered(self, data: bytes) -> None:
        """More came back."""

    @property
    def settled(self) -> bool:
        """Whether all is answered."""

    @property
    def fault(self) -> FaultLike | None:
        """What is wrong so far."""

    @property
    def answered_bytes(self) -> int:
        """How much of what was sent is answered."""

    def finish(self) -> FaultLike | None:
        """What is wrong, now that nothing more will come."""

    def datagrams(self) -> DatagramAnswers:
        """A new oracle of the same profile, for datagrams."""


class DatagramAnswers(Protocol):
    """An oracle for datagrams: it is told of each that goes out and of each that comes back to one sender."""

    answered_bytes: int
    answered_datagrams: int
    sent_datagrams: int

    def sent(self, data: bytes, *, promised: bool = True) -> None:
        """One was sent; one that is not promised an answer need have none."""

    def answered(self, answer: bytes) -> None:
        """One came back."""

    @property
    def settled(self) -> bool:
        """Whether all that are promised an answer are answered."""

    @property
    def fault(self) -> FaultLike | None:
        """What is wrong so far."""

    def finish(self) -> FaultLike | None:
        """What is wrong, now that nothing more will come."""


class Trouble(enum.Enum):
    """Why a step was not done."""

    SILENCE = "silence"
    ENDED = "the connection ended"
    FAULT = "a wrong answer"
    BUSY = "not quiet"
    HELD = "sockets not released"
    AWAKE = "woken too often"
    UNREAPED = "child processes not waited for"
    GROWN = "memory that grows"
    UNSERVED = "a crowd that is not served"
    NO_ROOM = "no room in the accept queue"
    UNANNOUNCED = "not announced"
    ALIVE = "not ended"
    NOT_STARTED = "not started again"
    TOO_LONG = "not done in the time a case may take"
    STATUS = "another status"
    UNCERTAIN = "the situation could not be made"


class Halted(Exception):
    """A step was not done."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(trouble, detail)
        self.trouble = trouble
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Stop:
    """The step at which the play ended early, and why."""

    index: int
    step: Step
    trouble: Trouble
    detail: str = ""


@dataclass(slots=True)
class ClientRecord:
    """One client's part. `promised` is False once the client gave up its claim (reset, full close, urgent byte).

    Of one that sends datagrams, `datagrams` are how many were answered, and how many it sent.
    """

    number: int
    sent_bytes: int
    answered_bytes: int
    received: bytes
    received_bytes: int
    settled: bool
    half_closed: bool
    promised: bool
    ending: Ending | None
    fault: FaultLike | None
    events: list[Event] = field(repr=False)
    datagrams: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return f"client {self.number}" if self.datagrams is None else f"sender {self.number}"


@dataclass(slots=True)
class Transcript:
    """The whole of it. `epitaph` says how the server died, if it did; `last_words` what it had said until then.

    `server_events` are the steps that were done to the server, each when it was done.
    """

    script: Script
    clients: dict[int, ClientRecord] = field(default_factory=dict)
    stop: Stop | None = None
    epitaph: str | None = None
    last_words: str = ""
    server_events: list[Event] = field(default_factory=list)
    slowest_s: float = 0.0
