"""Errored sockets are removed, and nobody else notices.

Source: the tutorial's servers (`for s in exceptional: ... s.close()`); RFC 9293, 3.5.3: a reset ends a connection at
once; recv(2), send(2): ECONNRESET, EPIPE.
"""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from conformance.clauses import FREEZE, MUST, SOCKETS, clause
from conformance.harness.script import AwaitReleased, Close, Connect, HalfClose, Reset, Script, Send, Urgent, script
from conformance.harness.tape import taped
from conformance.harness.trial import Trial
from conformance.specs.moves import (
    ABUNDANT_BYTES,
    NEW,
    OLD,
    arrive,
    chunks,
    frozen,
    hello,
    leave,
    owing,
    send,
    small_chunks,
    surplus,
    unaffected,
)

STORM = 30
REPEATED = 50

# Clients and what they owe beyond what a connection holds: to the last the server may have stopped listening.
BLOCKED = [(101, 0), (102, 0), (103, 0), (104, ABUNDANT_BYTES)]

numbers = st.integers(1, 4)


@clause(MUST, share=0.2)
@given(number=numbers)
def test_reset_idle(subject: Trial, number: int) -> None:
    """A client that resets an idle connection does no harm to others."""
    clients = range(1, number + 1)
    subject.hold(unaffected(arrive(*clients), *map(Reset, clients)))


@clause(MUST, FREEZE)
@given(sizes=chunks)
@example(sizes=[5])
def test_reset_with_input(subject: Trial, sizes: list[int]) -> None:
    """A reset behind data that the server has not read yet does no harm to others."""
    subject.hold(unaffected(arrive(1), frozen(send(1, sizes), Reset(1))))


@clause(MUST, share=0.3)
@given(surplus_bytes=surplus)
def test_reset_with_output_owed(subject: Trial, surplus_bytes: int) -> None:
    """A reset while replies are owed and blocked does no harm to others."""
    subject.hold(unaffected(owing(subject, 1, surplus_bytes), Reset(1)))


@clause(MUST, FREEZE, share=0.3)
@given(number=numbers, sizes=st.just([]) | small_chunks)
@example(number=1, sizes=[])
def test_reset_before_accept(subject: Trial, number: int, sizes: list[int]) -> None:
    """A connection that was reset before the server accepted it does no harm to others."""
    passing = (script(Connect(client), send(client, sizes), Reset(client)) for client in range(1, number + 1))
    subject.hold(unaffected(frozen(*passing)))


@clause(MUST, FREEZE, share=0.1)
@given(spoken=st.integers(0, STORM))
def test_reset_storm(subject: Trial, spoken: int) -> None:
    """Thirty resets in one batch, some behind unread data, do no harm to others."""
    clients = range(1, STORM + 1)
    resets = (_reset_with(client, [7] if client <= spoken else []) for client in clients)
    subject.hold(unaffected(arrive(*clients), frozen(*resets)))


@clause(MUST, FREEZE, share=0.5)
@given(sizes=st.lists(st.integers(1024, 2048), min_size=3, max_size=6))
@example(sizes=[1024, 1024, 1024])
def test_broken_pipe(subject: Trial, sizes: list[int]) -> None:
    """A client that closes with several chunks unread by the server does no harm to others.

    The first reply is answered by a reset, and so a later send fails with EPIPE (and raises SIGPIPE).
    """
    subject.hold(unaffected(arrive(1), frozen(send(1, sizes), Close(1))))


@clause(MUST, share=0.2)
@given(sizes=st.just([]) | small_chunks)
def test_urgent_data(subject: Trial, sizes: list[int]) -> None:
    """An out-of-band byte does no harm to others; that one connection may be closed or kept."""
    subject.hold(unaffected(arrive(1), send(1, sizes), Urgent(1)))


@clause(MUST, SOCKETS, share=0.05)
@given(sizes=small_chunks)
@example(sizes=[])
def test_releases(subject: Trial, sizes: list[int]) -> None:
    """When a connection was reset its socket is gone from the server, whatever it was owed; of many, none is left."""
    spoken = (script(arrive(client), _reset_with(client, sizes)) for client in range(1, REPEATED + 1))
    blocked = (script(owing(subject, client, more), Reset(client)) for client, more in BLOCKED)
    half_closed = (script(owing(subject, client), HalfClose(client), Reset(client)) for client in range(201, 205))
    unaccepted = (script(Connect(client), Reset(client)) for client in range(301, 305))
    before_accept = frozen(*unaccepted) if subject.freezes else script()
    subject.hold(
        arrive(OLD),
        *spoken,
        *blocked,
        *half_closed,
        before_accept,
        hello(OLD),
        arrive(NEW),
        AwaitReleased(),
        leave(OLD, NEW),
    )


def _reset_with(client: int, sizes: list[int]) -> Script:
    return script(*(Send(client, piece) for piece in taped(client, sizes)), Reset(client))
