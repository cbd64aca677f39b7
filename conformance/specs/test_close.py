"""A clean close on an empty recv.

Source: the tutorial's servers (`else: ... s.close()`); RFC 9293, 3.6: a half-closed connection goes on in the other
direction; RFC 1122, 4.2.2.13: closing with data unread resets.
"""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from conformance.clauses import FREEZE, MUST, SOCKETS, clause
from conformance.harness.script import AwaitEnd, AwaitReleased, Close, Connect, HalfClose, Resume, Send, script
from conformance.harness.tape import tape, wide_tape
from conformance.harness.trial import Trial
from conformance.specs.moves import (
    NEW,
    OLD,
    arrive,
    chunks,
    drain,
    exchange,
    frozen,
    hello,
    holds_bytes,
    leave,
    owing,
    send,
    small_chunks,
    surplus,
    unaffected,
)

CHURN = 200


@clause(MUST, share=0.2)
@given(spoken=st.booleans())
def test_eof(subject: Trial, spoken: bool) -> None:
    """A half-close with nothing owed is answered by FIN, not by a reset."""
    subject.hold(arrive(1) if spoken else Connect(1), leave(1))


@clause(MUST)
@given(sizes=chunks, narrow=st.booleans())
@example(sizes=[], narrow=True)
def test_drains_before_fin(subject: Trial, sizes: list[int], narrow: bool) -> None:
    """After a half-close every reply owed arrives, then FIN."""
    # More than a narrow connection holds is owed when its FIN arrives, however quick the server is.
    more = [Send(1, wide_tape(1, holds_bytes(subject)))] if narrow else []
    subject.hold(Connect(1, narrow), *more, send(1, sizes), drain(1))


@clause(MUST, share=0.5)
@given(surplus_bytes=surplus)
def test_drains_stalled(subject: Trial, surplus_bytes: int) -> None:
    """The same when the output is blocked by a reader that stalls: it gets all of it once it reads on, then FIN."""
    subject.hold(owing(subject, 1, surplus_bytes), HalfClose(1), arrive(2), Resume(1), AwaitEnd(1), leave(2))


@clause(MUST, FREEZE)
@given(sizes=chunks, spoken=st.booleans())
@example(sizes=[5], spoken=True)
@example(sizes=[5000], spoken=True)
def test_coalesced(subject: Trial, sizes: list[int], spoken: bool) -> None:
    """Data and FIN that the server finds in one batch: the data is answered, then comes FIN."""
    subject.hold(arrive(1) if spoken else Connect(1), frozen(send(1, sizes), HalfClose(1)), AwaitEnd(1))


@clause(MUST, FREEZE)
@given(sizes=chunks)
@example(sizes=[5])
def test_at_accept(subject: Trial, sizes: list[int]) -> None:
    """Connection, data and FIN that were all there before the server accepted are served like any other."""
    subject.hold(frozen(Connect(1), send(1, sizes), HalfClose(1)), AwaitEnd(1))


@clause(MUST, FREEZE, share=0.2)
@given(number=st.integers(1, 4))
def test_connect_close(subject: Trial, number: int) -> None:
    """A client that is gone before the server accepted it does no harm."""
    passing = (script(Connect(client), Close(client)) for client in range(1, number + 1))
    subject.hold(unaffected(frozen(*passing)))


@clause(MUST)
@given(sizes=small_chunks)
def test_full_close(subject: Trial, sizes: list[int]) -> None:
    """A client that closes with replies unread does no harm to others."""
    subject.hold(unaffected(Connect(1), send(1, sizes), Close(1)))


@clause(MUST, SOCKETS, share=0.3)
@given(number=st.integers(1, 5), full=st.booleans())
def test_releases(subject: Trial, number: int, full: bool) -> None:
    """When a connection is over its socket is gone from the server, whoever came before and after it."""
    clients = range(1, number + 1)
    endings = [Close(client) if full else leave(client) for client in clients]
    subject.hold(arrive(OLD, *clients, NEW), *endings, hello(OLD), AwaitReleased(), leave(NEW, OLD))


@clause(MUST, share=0.5)
@given(order=st.permutations(range(1, 5)))
@example(order=[2, 1, 4, 3])
def test_closes_only_that_one(subject: Trial, order: list[int]) -> None:
    """When one connection ends its neighbours go on."""
    endings = (script(leave(client), *map(hello, order[at + 1 :])) for at, client in enumerate(order))
    subject.hold(arrive(*sorted(order)), *endings)


@clause(MUST, share=0.02)
@given(size=st.integers(1, 30))
def test_churn(subject: Trial, size: int) -> None:
    """Hundreds of connections, one after the other, are each served with what is their own."""
    subject.hold(*(exchange(client, [tape(client, size)]) for client in range(1, subject.afford(CHURN) + 1)))
