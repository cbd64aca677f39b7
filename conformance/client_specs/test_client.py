"""What a client is owed by nobody, and has to stand: everything that TCP and a correct server may do.

Source: RFC 9293, 3.6 and 3.8: a stream without packets, half-closed connections; RFC 1122, 4.2.3.5: a connection that
takes its time; UNIX Network Programming, 6.4 to 6.7: input that ends while replies are owed; select(2), connect(2).
"""

from __future__ import annotations

from functools import partial

from hypothesis import example, given
from hypothesis import strategies as st

from conformance.clauses import MUST, PROCESS, SHOULD, SOCKETS, clause
from conformance.hosting.conversation import CONVERSATIONS, LINES
from conformance.hosting.script import (
    NOT_ZERO,
    ZERO,
    Answer,
    AwaitExit,
    AwaitHalfClose,
    AwaitIdle,
    BreakOff,
    Collect,
    Converse,
    EndInput,
    Fin,
    Hear,
    KeepWaiting,
    LeaveUnread,
    Pour,
    ReadNothing,
    ReadOn,
    Refuse,
    Say,
    SayMuch,
    Stuff,
    TakeOutput,
    Type,
    TypeMuch,
)
from conformance.hosting.trial import ClientTrial

every_clause = partial(clause, profiles=tuple(CONVERSATIONS))
typed_clause = partial(clause, profiles=(LINES,))  # of clients that send what is on their standard input

lines = st.integers(1, 6).map(lambda number: b"".join(b"line %d\n" % n for n in range(number)))
# More than the pipes and the buffers of a connection hold.
FLOOD_BYTES, GLUT_BYTES = 4 << 20, 28 << 20
# More than a send buffer grows to on Linux (4 MiB: tcp_wmem in tcp(7)), and a receive buffer and a pipe hold besides.
SENT_BYTES = 6 << 20
EVERY_BYTE = bytes(range(256))


@every_clause(MUST, share=0.2)
@given(said=lines)
def test_single_bytes(subject: ClientTrial, said: bytes) -> None:
    """Replies that arrive a byte at a time are delivered whole."""
    subject.hold(subject.typing(Type(said), EndInput()), Converse(piece_bytes=1), Fin(), AwaitExit())


@every_clause(MUST, share=0.3)
@given(said=lines, piece_bytes=st.integers(0, 64))
def test_late_reply(subject: ClientTrial, said: bytes, piece_bytes: int) -> None:
    """Silence is not an end: replies that come after the client has gone to rest are delivered."""
    subject.hold(subject.typing(Type(said), EndInput()), Converse(piece_bytes, late=True), Fin(), AwaitExit())


@typed_clause(MUST, share=0.3)
@given(said=lines, replies=st.integers(2, 5))
def test_coalesced(subject: ClientTrial, said: bytes, replies: int) -> None:
    """Several replies in one segment are all delivered."""
    spoken = [step for n in range(replies) for step in (Type(b"%d: " % n + said), Hear())]
    subject.hold(*spoken, EndInput(), Answer(), Collect(), Answer(), Fin(), AwaitExit())


@typed_clause(MUST, share=0.3)
@given(said=lines, piece_bytes=st.integers(0, 64))
def test_after_half_close(subject: ClientTrial, said: bytes, piece_bytes: int) -> None:
    """When its input has ended the client still delivers every reply, to the server's FIN."""
    answered = (Answer(piece_bytes), Fin())
    subject.hold(Type(said), EndInput(), Collect(), AwaitIdle(), *answered, AwaitExit())


@typed_clause(SHOULD, share=0.1)
@given(said=lines)
def test_half_closes(subject: ClientTrial, said: bytes) -> None:
    """When its input has ended the client says so, by FIN, and goes on reading."""
    subject.hold(Type(said), EndInput(), AwaitHalfClose(), Answer(), Fin(), AwaitExit())


@typed_clause(MUST, share=0.1)
@given(size=st.integers(SENT_BYTES, 2 * SENT_BYTES))
@example(size=SENT_BYTES)
def test_sends_all(subject: ClientTrial, size: int) -> None:
    """Where a reader stalls, and sends fall short, everything typed arrives all the same, in order."""
    stalled = (ReadNothing(), TypeMuch(size), AwaitIdle(), ReadOn())
    subject.hold(*stalled, EndInput(), Collect(), Fin(), AwaitExit())


@typed_clause(MUST, share=0.1)
@given(size=st.integers(2 * FLOOD_BYTES, 3 * FLOOD_BYTES))
@example(size=2 * FLOOD_BYTES)
def test_both_ways(subject: ClientTrial, size: int) -> None:
    """A client that sends reads as well: a server that reads no more than it can answer keeps nobody waiting."""
    subject.hold(TypeMuch(size), EndInput(), Converse(), Fin(), AwaitExit())


@typed_clause(MUST, share=0.2)
@given(size=st.integers(1, FLOOD_BYTES))
@example(size=FLOOD_BYTES)
def test_large_reply(subject: ClientTrial, size: int) -> None:
    """A large reply is delivered whole."""
    subject.hold(Type(b"more\n"), Hear(), SayMuch(size), EndInput(), Collect(), Fin(), AwaitExit())


@typed_clause(MUST, share=0.2)
@given(data=st.permutations(list(EVERY_BYTE)).map(bytes), piece_bytes=st.integers(0, 64))
@example(data=EVERY_BYTE, piece_bytes=0)
def test_every_byte(subject: ClientTrial, data: bytes, piece_bytes: int) -> None:
    """Every byte is delivered as it is, whatever it means as text."""
    subject.hold(Type(b"more\n"), Hear(), Say(data, piece_bytes), EndInput(), Collect(), Fin(), AwaitExit())


@typed_clause(MUST, share=0.1)
@given(size=st.integers(FLOOD_BYTES // 2, FLOOD_BYTES))
@example(size=FLOOD_BYTES)
def test_blocked_output(subject: ClientTrial, size: int) -> None:
    """When nobody takes its output for a while, nothing of it is lost."""
    blocked = (LeaveUnread(), Pour(size), TakeOutput())
    subject.hold(Type(b"more\n"), Hear(), *blocked, EndInput(), Collect(), Fin(), AwaitExit())


@every_clause(MUST)
@given(most_bytes=st.integers(1, 24))
@example(most_bytes=1)
@example(most_bytes=20)
def test_cut_anywhere(subject: ClientTrial, most_bytes: int) -> None:
    """When the server ends (FIN) in the middle of a reply, what came of it is delivered, and the client ends."""
    cut = (Hear(), Answer(most_bytes=most_bytes), Fin())
    subject.hold(subject.typing(Type(b"hello\n")), *cut, subject.typing(EndInput()), AwaitExit())


@typed_clause(MUST, share=0.3)
@given(more=lines, answered=st.booleans())
@example(more=b"more\n", answered=True)
def test_early_fin(subject: ClientTrial, more: bytes, answered: bool) -> None:
    """When the server ends while more is to be typed, what it said is delivered, and the client ends with its input."""
    ended = [Type(b"hello\n"), Hear(), *([Answer()] if answered else []), Fin()]
    subject.hold(*ended, Type(more), EndInput(), AwaitExit())


@typed_clause(MUST, PROCESS, share=0.05)
@given(answered=st.booleans())
def test_rests_after_fin(subject: ClientTrial, answered: bool) -> None:
    """An end of stream stays readable; a client whose input goes on does not spin on it."""
    ended = [Type(b"hello\n"), Hear(), *([Answer()] if answered else []), Fin()]
    subject.hold(*ended, AwaitIdle(), EndInput(), AwaitExit())


@typed_clause(MUST, PROCESS, share=0.05)
@given(said=lines)
def test_rests(subject: ClientTrial, said: bytes) -> None:
    """A client that waits for its input and for the server burns no processor time."""
    subject.hold(Type(said), Hear(), AwaitIdle(), EndInput(), Collect(), Answer(), Fin(), AwaitExit())


@every_clause(MUST, share=0.3)
@given(most_bytes=st.integers(1, 24))
def test_reset(subject: ClientTrial, most_bytes: int) -> None:
    """A connection that is reset in the middle of a reply ends the client, and it makes nothing up."""
    broken = (Hear(), Answer(most_bytes=most_bytes), BreakOff())
    subject.hold(subject.typing(Type(b"hello\n")), *broken, subject.typing(EndInput()), AwaitExit())


@every_clause(SHOULD, share=0.1)
@given(most_bytes=st.integers(1, 24))
def test_tells_reset(subject: ClientTrial, most_bytes: int) -> None:
    """A client whose connection was reset does not end as if all were well: its status is not 0."""
    broken = (Hear(), Answer(most_bytes=most_bytes), AwaitIdle(), BreakOff())
    subject.hold(subject.typing(Type(b"hello\n"), EndInput()), *broken, AwaitExit(NOT_ZERO))


@every_clause(MUST)
def test_refused(subject: ClientTrial) -> None:
    """A client that is refused ends, and its status is not 0."""
    subject.hold(Refuse(), subject.typing(Type(b"hello\n"), EndInput()), AwaitExit(NOT_ZERO))


@every_clause(MUST, SOCKETS)
def test_slow_connect(subject: ClientTrial) -> None:
    """A connection that takes a second to come about is waited for, and used."""
    subject.hold(KeepWaiting(), subject.typing(Type(b"hello\n"), EndInput()), Converse(), Fin(), AwaitExit())


@every_clause(SHOULD, share=0.1)
@given(said=lines)
def test_ends_well(subject: ClientTrial, said: bytes) -> None:
    """After a conversation that came to its end on both sides the client ends with status 0."""
    subject.hold(subject.typing(Type(said), EndInput()), Converse(), Fin(), AwaitExit(ZERO))


@typed_clause(SHOULD, PROCESS)
def test_bounded_output(subject: ClientTrial) -> None:
    """Where nobody takes its output the client stops reading: its memory stays bounded, and nothing is lost."""
    blocked = (LeaveUnread(), Pour(GLUT_BYTES), TakeOutput())
    subject.hold(Type(b"more\n"), Hear(), *blocked, EndInput(), Collect(), Fin(), AwaitExit())


@typed_clause(SHOULD, PROCESS)
def test_bounded_input(subject: ClientTrial) -> None:
    """Where the server does not read the client stops taking its input: its memory stays bounded."""
    subject.hold(ReadNothing(), Stuff(GLUT_BYTES), ReadOn(), EndInput(), Collect(), Fin(), AwaitExit())
