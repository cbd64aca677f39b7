"""The steps of a case in which a client is hosted: what the server does on each connection, and to the client itself.

A script is played on every connection that the client opens, on each at its own pace. Replies are those of the profile
`received`: for each non-empty recv(1024), `Server received ` and the bytes literal of that chunk. All that such a
server does here it may do: TCP promises bytes in order, and neither their packing nor their pace.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.harness.script import Step, shown


@dataclass(frozen=True, slots=True)
class Refuse(Step):
    """Nobody listens at the port."""

    def __str__(self) -> str:
        return "refuse the connection: nobody listens"


@dataclass(frozen=True, slots=True)
class KeepWaiting(Step):
    """The accept queue is full until the client has asked once; what it asks the second time is answered."""

    def __str__(self) -> str:
        return "let the connection wait: the accept queue is full when the client asks first"


@dataclass(frozen=True, slots=True)
class Type(Step):
    """Put these bytes on the client's standard input."""

    data: bytes

    def __str__(self) -> str:
        return f"type {shown(self.data)}"


@dataclass(frozen=True, slots=True)
class TypeMuch(Step):
    """Put so many bytes on the client's standard input."""

    size_bytes: int

    def __str__(self) -> str:
        return f"type {self.size_bytes:,} bytes"


@dataclass(frozen=True, slots=True)
class EndInput(Step):
    """End the client's standard input."""

    def __str__(self) -> str:
        return "end the input"


@dataclass(frozen=True, slots=True)
class Hear(Step):
    """Wait for the next that the client says, and answer nothing yet."""

    def __str__(self) -> str:
        return "hear something"


@dataclass(frozen=True, slots=True)
class Collect(Step):
    """Hear all that the client has to say, to its half-close, and answer nothing yet."""

    def __str__(self) -> str:
        return "hear everything, to the client's half-close"


@dataclass(frozen=True, slots=True)
class AwaitHalfClose(Step):
    """Wait until the client has said that it sends nothing more."""

    def __str__(self) -> str:
        return "await the client's half-close"


@dataclass(frozen=True, slots=True)
class Answer(Step):
    """Answer what was heard, all of it in one send, or in pieces of `piece_bytes`, each sent when the last was taken.

    Of the answer only the first `most_bytes` are sent, where that is not 0: it is cut there.
    """

    piece_bytes: int = 0
    most_bytes: int = 0

    def __str__(self) -> str:
        cut = f", cut after {self.most_bytes:,} bytes" if self.most_bytes else ""
        return f"answer{_in_pieces(self.piece_bytes)}{cut}"


@dataclass(frozen=True, slots=True)
class Converse(Step):
    """Answer each message when it comes, or `late`, when the client rests, until the client sends nothing more.

    Nothing is read while an answer is under way: a server need not read from who does not read.
    """

    piece_bytes: int = 0
    late: bool = False

    def __str__(self) -> str:
        late = ", when the client rests" if self.late else ""
        return f"answer each message{_in_pieces(self.piece_bytes)}{late}, to the client's end"


@dataclass(frozen=True, slots=True)
class Say(Step):
    """Send these bytes, unasked."""

    data: bytes
    piece_bytes: int = 0

    def __str__(self) -> str:
        return f"say {shown(self.data)}{_in_pieces(self.piece_bytes)}"


@dataclass(frozen=True, slots=True)
class SayMuch(Step):
    """Send so many bytes, unasked."""

    size_bytes: int

    def __str__(self) -> str:
        return f"say {self.size_bytes:,} bytes"


@dataclass(frozen=True, slots=True)
class Fin(Step):
    """End the server's direction (shutdown SHUT_WR), and go on reading."""

    def __str__(self) -> str:
        return "end the server's direction (FIN)"


@dataclass(frozen=True, slots=True)
class BreakOff(Step):
    """End the connection by a reset (SO_LINGER of zero seconds)."""

    def __str__(self) -> str:
        return "break off (RST)"


@dataclass(frozen=True, slots=True)
class ReadNothing(Step):
    """Read nothing from the client until `ReadOn`."""


@dataclass(frozen=True, slots=True)
class ReadOn(Step):
    """Read again."""


@dataclass(frozen=True, slots=True)
class Stuff(Step):
    """Put bytes on the client's standard input until it takes no more, so many at most. Its memory must not follow."""

    size_bytes: int

    def __str__(self) -> str:
        return f"type up to {self.size_bytes:,} bytes, until the client takes no more"


@dataclass(frozen=True, slots=True)
class Pour(Step):
    """Send bytes until the client takes no more, so many at most. Its memory must not follow."""

    size_bytes: int

    def __str__(self) -> str:
        return f"say up to {self.size_bytes:,} bytes, until the client takes no more"


@dataclass(frozen=True, slots=True)
class LeaveUnread(Step):
    """Take nothing off the client's standard output until `TakeOutput`."""

    def __str__(self) -> str:
        return "leave the output unread"


@dataclass(frozen=True, slots=True)
class TakeOutput(Step):
    """Take the client's standard output again."""


@dataclass(frozen=True, slots=True)
class AwaitIdle(Step):
    """Wait until the client burns no processor time."""

    def __str__(self) -> str:
        return "await rest"


@dataclass(frozen=True, slots=True)
class AwaitExit(Step):
    """Wait until the client has ended, with a status that is zero, or is not, where either is asked for."""

    status: str = ""

    def __str__(self) -> str:
        return f"await the client's end{f', with status {self.status}' if self.status else ''}"


ZERO, NOT_ZERO = "0", "other than 0"


def _in_pieces(piece_bytes: int) -> str:
    return f" in pieces of {piece_bytes:,} byte{'s' if piece_bytes > 1 else ''}" if piece_bytes else ""
