"""Nothing is lost, doubled or swapped: TCP gives a stream of bytes, and the answers keep its order.

Source: RFC 9293, 3.7.4 (the stream has no boundaries); send(2): a send may take less than it is given.
"""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from conformance.clauses import FREEZE, MUST, clause
from conformance.harness.script import Await, Connect, Resume, Send, script
from conformance.harness.tape import tape, taped, wide_tape
from conformance.harness.trial import Trial
from conformance.specs.moves import (
    ABUNDANT_BYTES,
    arrive,
    chunks,
    frozen,
    leave,
    owing,
    send,
    sizes,
    small_chunks,
    small_sizes,
    surplus,
)

contents = st.one_of(sizes.map(lambda size: tape(1, size)), st.binary(min_size=1, max_size=40))


@clause(MUST)
@given(pieces=st.lists(st.tuples(contents, st.booleans()), min_size=1, max_size=6))
@example(pieces=[(tape(1, 3000), False), (tape(1, 5), True), (bytes(range(256)), False)])
def test_any_chunking(subject: Trial, pieces: list[tuple[bytes, bool]]) -> None:
    """Any content, cut into any sends, with or without a pause between them, is answered completely and in order."""
    steps = (script(Send(1, piece), *([Await(1)] if pause else [])) for piece, pause in pieces)
    subject.hold(Connect(1), *steps, leave(1))


@clause(MUST, share=0.5)
@given(surplus_bytes=surplus, lead_bytes=st.integers(0, 1024))
@example(surplus_bytes=0, lead_bytes=0)
@example(surplus_bytes=0, lead_bytes=350)
@example(surplus_bytes=0, lead_bytes=390)
@example(surplus_bytes=0, lead_bytes=430)
@example(surplus_bytes=0, lead_bytes=560)
@example(surplus_bytes=0, lead_bytes=740)
@example(surplus_bytes=0, lead_bytes=920)
@example(surplus_bytes=ABUNDANT_BYTES, lead_bytes=0)
def test_partial_writes(subject: Trial, surplus_bytes: int, lead_bytes: int) -> None:
    """A reader that stalls and goes on gets every byte once and in order, however short the server's sends fell."""
    subject.hold(owing(subject, 1, surplus_bytes, lead_bytes, batch=True), Resume(1), leave(1))


@clause(MUST, share=0.5)
@given(more=small_chunks)
@example(more=[5])
def test_replaced_buffer(subject: Trial, more: list[int]) -> None:
    """New input while output is pending neither replaces that output nor overtakes it."""
    later = (Send(1, wide_tape(1, size, start=100_000)) for size in more)
    subject.hold(owing(subject, 1), *later, arrive(2), Resume(1), Await(1), leave(1, 2))


@clause(MUST, FREEZE)
@given(messages=st.lists(small_sizes, min_size=2, max_size=40), apart=chunks)
@example(messages=[1] * 40, apart=[1])
def test_burst(subject: Trial, messages: list[int], apart: list[int]) -> None:
    """Many messages that the server finds as one batch are all answered, and so is what comes later."""
    stream = taped(1, messages + apart)
    batch, later = stream[: len(messages)], stream[len(messages) :]
    subject.hold(
        Connect(1),
        frozen(*(Send(1, piece) for piece in batch)),
        Await(1),
        *(Send(1, piece) for piece in later),
        leave(1),
    )


@clause(MUST, share=0.02)
@given(odd=st.integers(0, 4096))
def test_long_stream(subject: Trial, odd: int) -> None:
    """A megabyte and more, pumped both ways, comes back complete and in order."""
    subject.hold(Connect(1), send(1, [1024 * subject.afford(1024) + odd]), leave(1))
