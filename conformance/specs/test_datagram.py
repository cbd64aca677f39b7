"""Datagrams beside streams, for a server that answers both.

Source: RFC 768: a datagram is whole or not there at all, and may be empty; RFC 862: "the data from it is sent back in
an answering datagram"; RFC 1122, 4.1.3: replies come from the address that was asked, and ICMP errors are passed up;
udp(7), recvfrom(2): one call takes one datagram, and cuts what is longer than the buffer.

Datagrams may be lost. Silence is held against a server only where the kernel dropped none.
"""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from conformance.clauses import FREEZE, MUST, PROCESS, SHOULD, UDP, clause
from conformance.harness.script import (
    Ask,
    Await,
    AwaitDatagrams,
    AwaitQuiet,
    Connect,
    Datagram,
    Script,
    Send,
    Step,
    Vanish,
    script,
)
from conformance.harness.tape import tape, taped
from conformance.harness.trial import Trial
from conformance.specs.moves import NEW, OLD, arrive, frozen, hello, leave, owing

SENDER, LATER = 810, 811
BATCH = 10
# Less than any buffer holds, and more than any server takes at once.
LONG_BYTES = 9000
# Each byte of it takes four of a literal: more than a datagram can hold.
UNSENDABLE = b"\xff" * 60000
MOST_WHOLE_BYTES = 8000

contents = st.one_of(st.binary(min_size=1, max_size=300), st.sampled_from([b"'", b"\"'", b" ", b"\n", b"\0", b"x\r\n"]))
small_sizes = st.integers(1, 40)


def query(sender: int) -> Step:
    """A round trip."""
    return Ask(sender, tape(sender, 16))


def served(*steps: Step | Script) -> Script:
    """A sender that was there before is answered before and after these, and a new one after; and so is a stream."""
    return script(query(SENDER), *steps, query(SENDER), query(LATER), arrive(NEW), leave(NEW))


def together(subject: Trial, *steps: Step | Script) -> Script:
    """These as one batch, where the server can be stopped."""
    return frozen(*steps) if subject.freezes else script(*steps)


@clause(MUST, UDP, share=0.5)
@given(said=st.lists(contents, min_size=1, max_size=5))
@example(said=[b"x\n"])
def test_answered(subject: Trial, said: list[bytes]) -> None:
    """Each datagram is answered by one datagram, as a chunk of the same bytes is on a stream, whatever the bytes."""
    subject.hold(*(Ask(1, data) for data in said), query(LATER))


@clause(MUST, UDP, share=0.1)
@given(before=st.integers(0, 2), times=st.integers(1, 3))
def test_empty(subject: Trial, before: int, times: int) -> None:
    """An empty datagram is answered like any other, and is the end of nothing."""
    subject.hold(served(*(Ask(1, data) for data in taped(1, [5] * before)), *[Ask(1, b"")] * times, query(1)))


@clause(MUST, UDP, share=0.2)
@given(data=st.data())
def test_whole(subject: Trial, data: st.DataObject) -> None:
    """A datagram of as many bytes as the server takes at once is answered whole."""
    limit = min(subject.bench.target.chunk_limit_bytes, MOST_WHOLE_BYTES)
    size = data.draw(st.sampled_from(sorted({limit, limit - 1, max(1, limit // 2 + 1)} - {0})))
    subject.hold(Ask(1, tape(1, size)), Ask(1, tape(1, 5, size)))


@clause(MUST, UDP, share=0.1)
@given(more=st.integers(1, LONG_BYTES), times=st.integers(1, 2))
@example(more=4000, times=1)
def test_oversized(subject: Trial, more: int, times: int) -> None:
    """A datagram longer than the server takes at once harms none that comes after it. It may be answered in part."""
    size = min(subject.bench.target.chunk_limit_bytes, MOST_WHOLE_BYTES) + more
    long = [Datagram(1, data, promised=False) for data in taped(1, [size] * times)]
    subject.hold(served(*long, Ask(2, tape(2, 5)), Ask(1, tape(1, 5, size * times))))


@clause(MUST, UDP)
def test_unsendable(subject: Trial) -> None:
    """A datagram whose answer is too long for one harms none that comes after it."""
    subject.hold(served(Datagram(1, UNSENDABLE, promised=False), Ask(1, tape(1, 5))))


@clause(MUST, UDP, share=0.1)
@given(turns=st.lists(st.integers(1, 3), min_size=2, max_size=6))
@example(turns=[1, 2])
def test_own_sender(subject: Trial, turns: list[int]) -> None:
    """Each answer goes to the sender of its datagram, and to nobody else, however the datagrams alternate."""
    said = [Datagram(sender, tape(sender, 12, 12 * place)) for place, sender in enumerate(turns)]
    subject.hold(served(together(subject, *said), *map(AwaitDatagrams, sorted(set(turns)))))


@clause(SHOULD, UDP, FREEZE, share=0.05)
@given(sizes=st.lists(small_sizes, min_size=2, max_size=BATCH))
@example(sizes=[16] * BATCH)
def test_batch(subject: Trial, sizes: list[int]) -> None:
    """Datagrams that the server finds in one batch, up to ten, are all answered, with nothing coming after them."""
    subject.hold(query(SENDER), frozen(*(Datagram(1, data) for data in taped(1, sizes))), AwaitDatagrams(1))


@clause(MUST, UDP, share=0.05)
@given(times=st.integers(1, 3))
def test_vanished_sender(subject: Trial, times: int) -> None:
    """A sender that has gone before it is answered, so that the answer is refused (ICMP), does no harm to others."""
    gone = script(*(step for n in range(1, times + 1) for step in (Datagram(n, tape(n, 5)), Vanish(n))))
    subject.hold(served(together(subject, gone)))


@clause(MUST, UDP, share=0.05)
@given(sizes=st.lists(small_sizes, min_size=1, max_size=4))
def test_streams_go_on(subject: Trial, sizes: list[int]) -> None:
    """Connections are served beside datagrams, also where the server finds both in one batch."""
    said = [Datagram(1, data, promised=False) for data in taped(1, sizes)]
    batch = together(subject, *said, Send(OLD, tape(OLD, 20, 16)))
    subject.hold(arrive(OLD), batch, Await(OLD), hello(OLD), arrive(NEW), leave(OLD, NEW))


@clause(MUST, UDP, share=0.05)
@given(sizes=st.lists(small_sizes, min_size=1, max_size=4))
def test_datagrams_go_on(subject: Trial, sizes: list[int]) -> None:
    """Datagrams are answered beside connections: silent ones, one that does not read, and one that speaks."""
    said = [Datagram(1, data) for data in taped(1, sizes)]
    beside = script(arrive(OLD), Connect(3), owing(subject, 4))
    batch = together(subject, Send(OLD, tape(OLD, 20, 16)), *said)
    subject.hold(beside, query(SENDER), batch, AwaitDatagrams(1), Await(OLD), query(SENDER), leave(OLD))


@clause(MUST, UDP, PROCESS)
def test_quiescent(subject: Trial) -> None:
    """After datagrams, an empty one and one whose sender has gone among them, the server burns no processor time."""
    gone = together(subject, Datagram(1, tape(1, 5)), Vanish(1))
    empty = Datagram(SENDER, b"", promised=False)  # that it is answered is another clause's matter
    subject.hold(query(SENDER), empty, gone, query(SENDER), AwaitQuiet())
