"""One client is not another's problem.

Source: the tutorial's purpose: many sockets, one thread, none of them in another's way.
"""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from conformance.clauses import FREEZE, MUST, clause
from conformance.harness.script import (
    Await,
    AwaitEnd,
    Connect,
    Flood,
    HalfClose,
    Reset,
    Resume,
    Script,
    Send,
    StemTorrents,
    SwellTorrents,
    Torrents,
    script,
)
from conformance.harness.tape import tape
from conformance.harness.trial import Trial
from conformance.specs.moves import (
    ABUNDANT_BYTES,
    NEW,
    OLD,
    arrive,
    drain,
    frozen,
    hello,
    leave,
    owing,
    send,
    sizes,
    small_sizes,
    surplus,
    unaffected,
)
from conformance.specs.session import play_sessions

READY = 80
TORRENTS = 16  # who serves one until it is empty would have to find each of them so before anybody else has a turn
SLOW_READERS = 16  # more than a pool of threads is likely to have
# A server that forks may hold at forty (socketserver.ForkingMixIn.max_children): no more than this is asked of one.
CONCURRENT = 32
BURST = CONCURRENT - 1  # beside who was there

turns = st.lists(st.tuples(st.integers(1, 4), sizes), min_size=1, max_size=12)


@clause(MUST)
@given(turns=turns, order=st.permutations([1, 2, 3, 4]))
def test_no_crosstalk(subject: Trial, turns: list[tuple[int, int]], order: list[int]) -> None:
    """However several clients' messages interleave, each gets the answers to its own and nothing else."""
    said = dict.fromkeys(order, 0)
    steps = []
    for client, size in turns:
        steps.append(Send(client, tape(client, size, start=said[client])))
        said[client] += size
    subject.hold(*map(Connect, order), *steps, leave(*order))


@clause(MUST, share=0.3)
@given(silent=st.integers(1, 6))
def test_silent_client(subject: Trial, silent: int) -> None:
    """Clients that connect and say nothing keep nobody waiting, and are served when they speak."""
    clients = range(1, silent + 1)
    subject.hold(unaffected(*map(Connect, clients)), *map(hello, clients), leave(*clients))


@clause(MUST, share=0.3)
@given(number=st.integers(1, 3), surplus_bytes=surplus)
@example(number=SLOW_READERS, surplus_bytes=0)
@example(number=1, surplus_bytes=ABUNDANT_BYTES)
def test_slow_reader(subject: Trial, number: int, surplus_bytes: int) -> None:
    """Clients that do not read keep nobody waiting, and get what they are owed when they read."""
    clients = range(1, number + 1)
    stalled = (owing(subject, client, surplus_bytes) for client in clients)
    subject.hold(unaffected(*stalled), *map(Resume, clients), leave(*clients))


@clause(MUST, share=0.05)
@given(number=st.integers(1, 3))
def test_flooding_clients(subject: Trial, number: int) -> None:
    """Clients that send without a pause keep nobody waiting, and are all answered in the end."""

    def served_meanwhile(client: int) -> Script:
        said = Send(client, tape(client, 16))
        return script(frozen(SwellTorrents(), said) if subject.freezes else said, Await(client))

    clients = range(1, number + 1)
    subject.hold(
        arrive(OLD, *clients),
        *map(Flood, clients),
        Torrents(TORRENTS),
        served_meanwhile(OLD),
        arrive(NEW),
        *map(served_meanwhile, (OLD, NEW)),
        StemTorrents(),
        drain(*clients),
        leave(OLD, NEW),
    )


@clause(MUST, FREEZE, share=0.05)
@given(size=small_sizes)
@example(size=8)
def test_many_ready(subject: Trial, size: int) -> None:
    """Eighty connections that are ready in one batch are all served: those that were there, and those that come.

    Of a server that holds fewer than eighty, as many as it holds.
    """
    known = range(101, READY + 101)
    there = (script(Connect(client, if_room=True), hello(client)) for client in known)
    subject.hold(*there, frozen(*(send(client, [size]) for client in known)), leave(*known))
    clients = range(1, READY + 1)
    batch = (script(Connect(client), send(client, [size]), HalfClose(client)) for client in clients)
    subject.hold(frozen(*batch), *map(AwaitEnd, clients))


@clause(MUST, FREEZE, share=0.05)
@given(size=small_sizes)
def test_accept_burst(subject: Trial, size: int) -> None:
    """Thirty-one connections that wait in one batch are all accepted, and who was there is served meanwhile."""
    clients = range(1, BURST + 1)
    batch = (Connect(client) for client in clients)
    served = (script(send(client, [size]), leave(client)) for client in clients)
    subject.hold(arrive(OLD), frozen(*batch, Send(OLD, b"meanwhile")), Await(OLD), *served, leave(OLD))


@clause(MUST, share=0.05)
@given(number=st.just(CONCURRENT))
def test_concurrent_connections(subject: Trial, number: int) -> None:
    """At least thirty-two connections are served at once."""
    clients = range(1, number + 1)
    subject.hold(arrive(*clients), *map(hello, clients), leave(*clients))


@clause(MUST, share=0.3)
@given(rounds=st.integers(1, 3), surplus_bytes=surplus, half_closed=st.booleans())
@example(rounds=2, surplus_bytes=ABUNDANT_BYTES, half_closed=False)
@example(rounds=2, surplus_bytes=0, half_closed=True)
def test_descriptor_reuse(subject: Trial, rounds: int, surplus_bytes: int, half_closed: bool) -> None:
    """A connection that gets the number of one that died sees none of its output and none of its state."""

    def life(client: int) -> Script:
        seen_end = script(HalfClose(client), hello(OLD)) if half_closed else script()
        return script(owing(subject, client, surplus_bytes), seen_end, Reset(client), hello(OLD))

    lives = (script(life(c), arrive(c + 100), hello(c + 100), leave(c + 100)) for c in range(1, rounds + 1))
    subject.hold(arrive(OLD), *lives, leave(OLD))


@clause(MUST, FREEZE, share=0.5)
@given(before=st.integers(1, 3), sizes=st.lists(small_sizes, min_size=2, max_size=2))
@example(before=1, sizes=[5, 7])
def test_stale_event(subject: Trial, before: int, sizes: list[int]) -> None:
    """A reset, data on another connection and a new connection in one batch: each gets what is its own."""
    clients = range(1, before + 1)
    subject.hold(
        arrive(*clients, OLD),
        frozen(*map(Reset, clients), send(OLD, sizes[:1]), Connect(NEW), send(NEW, sizes[1:])),
        Await(OLD),
        Await(NEW),
        leave(OLD, NEW),
    )


@clause(MUST)
def test_sessions(subject: Trial) -> None:
    """Whole sessions of many clients that come, speak, stall, go on, leave or break off go as each client expects."""
    play_sessions(subject)
