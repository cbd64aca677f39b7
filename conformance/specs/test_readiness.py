"""The loop's own book-keeping: what it waits for, and that it waits.

Source: select(2), poll(2), epoll(7); the tutorial's remarks on level- and edge-triggered readiness.
"""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from conformance.clauses import FREEZE, MUST, PROCESS, SHOULD, clause
from conformance.harness.script import (
    Await,
    AwaitEnd,
    AwaitFewWakeups,
    AwaitQuiet,
    Connect,
    HalfClose,
    Reset,
    Resume,
    Send,
    Urgent,
    script,
)
from conformance.harness.tape import tape
from conformance.harness.trial import Trial
from conformance.specs.moves import ABUNDANT_BYTES, arrive, frozen, hello, leave, owing, send, small_sizes, surplus


@clause(MUST, FREEZE)
def test_stop_continue(subject: Trial) -> None:
    """A server that was stopped and continued while idle goes on as if nothing had happened.

    SIGCONT makes epoll_wait(2) return EINTR. Every clause with a frozen batch depends on this one.
    """
    subject.hold(arrive(1), frozen(), hello(1), leave(1), arrive(2), leave(2))


@clause(MUST, share=0.3)
@given(surplus_bytes=surplus)
@example(surplus_bytes=ABUNDANT_BYTES)
def test_interest_restored(subject: Trial, surplus_bytes: int) -> None:
    """When a reader that stalled has taken what it was owed, its connection is read again."""
    subject.hold(owing(subject, 1, surplus_bytes), Resume(1), Await(1), hello(1), hello(1), leave(1))


@clause(MUST, FREEZE)
@given(size=st.integers(1, 20_000))
@example(size=5000)
@example(size=20_000)
def test_edge_drained(subject: Trial, size: int) -> None:
    """More than one chunk in one batch, and nothing after it: all of it is answered."""
    subject.hold(arrive(1), frozen(send(1, [size])), leave(1))


@clause(MUST, FREEZE, share=0.2)
@given(number=st.integers(2, 4), exchanges=st.integers(1, 4))
@example(number=2, exchanges=2)
def test_one_shot_rearmed(subject: Trial, number: int, exchanges: int) -> None:
    """Connections that were ready together and have been served are served again, and again."""
    clients = range(1, number + 1)
    rounds = (script(frozen(*(Send(c, tape(c, 8)) for c in clients)), *map(Await, clients)) for _ in range(exchanges))
    subject.hold(arrive(*clients), *rounds, *map(hello, clients), leave(*clients))


@clause(MUST, FREEZE)
@given(sizes=st.lists(small_sizes, min_size=2, max_size=5))
@example(sizes=[3, 4, 5])
def test_accepts_all(subject: Trial, sizes: list[int]) -> None:
    """Several connections in one batch, and nothing after them: all are accepted and answered."""
    clients = range(1, len(sizes) + 1)
    batch = (script(Connect(client), send(client, [size])) for client, size in zip(clients, sizes, strict=True))
    subject.hold(frozen(*batch), *map(Await, clients), leave(*clients))


@clause(MUST, PROCESS)
def test_quiescent_idle(subject: Trial) -> None:
    """With an idle connection the server comes to rest and burns no processor time."""
    subject.hold(Connect(1), arrive(2), leave(2), AwaitQuiet(), hello(1), leave(1))


@clause(SHOULD, PROCESS)
def test_idle_wakeups(subject: Trial) -> None:
    """With idle connections the server rests: it is woken a hundred times a second at most."""
    subject.hold(Connect(1), arrive(2), AwaitFewWakeups(), hello(1), leave(1, 2))


@clause(MUST, PROCESS)
def test_quiescent_after_exchange(subject: Trial) -> None:
    """After an exchange, with nothing owed, the server comes to rest."""
    subject.hold(arrive(1), AwaitQuiet(), hello(1), leave(1))


@clause(MUST, PROCESS)
def test_quiescent_half_closed(subject: Trial) -> None:
    """With a half-closed connection whose replies are blocked, and after one that is done, the server comes to rest."""
    subject.hold(
        arrive(2),
        leave(2),
        owing(subject, 1, ABUNDANT_BYTES),  # its FIN waits behind what is not read
        HalfClose(1),
        owing(subject, 4),  # and this one's has been seen
        HalfClose(4),
        arrive(3),
        AwaitQuiet(),
        *map(Resume, (1, 4)),
        *map(AwaitEnd, (1, 4)),
        leave(3),
    )


@clause(MUST, PROCESS)
def test_quiescent_after_reset(subject: Trial) -> None:
    """After a reset, of an idle connection and of one with replies owed, the server comes to rest."""
    blocked = script(owing(subject, 2, ABUNDANT_BYTES), AwaitQuiet())
    subject.hold(arrive(1), Reset(1), blocked, Reset(2), arrive(3), AwaitQuiet(), hello(3), leave(3))


@clause(MUST, PROCESS)
def test_quiescent_blocked(subject: Trial) -> None:
    """While a reader stalls and its replies are blocked the server comes to rest, whatever more it is sent.

    So it does when the reader has read on.
    """
    more = Send(1, b"more" * 100)
    blocked = script(owing(subject, 1, ABUNDANT_BYTES), more, AwaitQuiet())
    subject.hold(blocked, arrive(2), AwaitQuiet(), Resume(1), Await(1), AwaitQuiet(), leave(1, 2))


@clause(MUST, PROCESS)
def test_quiescent_after_urgent(subject: Trial) -> None:
    """After an out-of-band byte the server comes to rest."""
    subject.hold(arrive(1), Urgent(1), arrive(2), AwaitQuiet(), hello(2), leave(2))
