"""The protocol without sockets: every order of chunks and sends."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_process import answer_to, chunks_answered

from reference_servers.connection import Connection

CHUNKS = st.binary(min_size=1, max_size=1024)
HIGH, LOW = Connection.HIGH_WATER_BYTES, Connection.LOW_WATER_BYTES
LONGEST_ANSWER_BYTES = len(answer_to(b"\xff" * 1024))


def send(connection: Connection, count: int) -> bytes:
    taken = bytes(connection.owed[:count])
    connection.sent(len(taken))
    return taken


@given(CHUNKS)
def test_a_chunk_is_answered_as_python_writes_it(chunk: bytes) -> None:
    connection = Connection()
    connection.receive(chunk)
    assert connection.owed == answer_to(chunk)


@given(st.lists(CHUNKS | st.integers(0, 5000)))
def test_every_order_of_chunks_and_sends_answers_all_in_order(steps: list[bytes | int]) -> None:
    connection, out = Connection(), b""
    for step in steps:
        if isinstance(step, bytes):
            connection.receive(step)
        else:
            out += send(connection, step)
    out += send(connection, len(connection.owed))
    assert out == b"".join(answer_to(step) for step in steps if isinstance(step, bytes))


@given(st.lists(CHUNKS, max_size=5), st.lists(st.integers(1, 2000), max_size=20))
def test_what_is_owed_at_the_end_goes_out_before_it_is_finished(chunks: list[bytes], counts: list[int]) -> None:
    connection, out = Connection(), b""
    for chunk in chunks:
        connection.receive(chunk)
    connection.receive(b"")
    for count in counts:
        assert connection.finished == (not connection.owed)
        out += send(connection, count)
    out += send(connection, len(connection.owed))
    assert connection.finished
    assert chunks_answered(out) == chunks


@given(st.lists(st.binary(max_size=1024) | st.integers(0, 1 << 17), max_size=200))
def test_a_driver_that_obeys_it_always_has_something_to_wait_for(steps: list[bytes | int]) -> None:
    connection = Connection()
    for step in steps:
        if not isinstance(step, bytes):
            send(connection, step)
        elif connection.wants_read:
            connection.receive(step)
        assert connection.finished or connection.wants_read or connection.wants_write
        assert len(connection.owed) <= HIGH + LONGEST_ANSWER_BYTES


def filled_above_high_water() -> Connection:
    connection = Connection()
    while connection.wants_read:
        connection.receive(b"\xff" * 1024)
    return connection


def test_output_is_bounded_between_the_water_marks() -> None:
    connection = filled_above_high_water()
    assert HIGH < len(connection.owed) <= HIGH + LONGEST_ANSWER_BYTES
    connection.sent(len(connection.owed) - LOW - 1)
    assert not connection.wants_read
    connection.sent(1)
    assert connection.wants_read


def test_draining_after_the_end_wants_no_input() -> None:
    connection = filled_above_high_water()
    connection.receive(b"")
    connection.sent(len(connection.owed))
    assert connection.finished
    assert not connection.wants_read


def test_a_chunk_after_the_end_is_the_drivers_fault() -> None:
    connection = Connection()
    connection.receive(b"")
    for chunk in (b"", b"late"):
        with pytest.raises(RuntimeError, match="after the end"):
            connection.receive(chunk)


@pytest.mark.parametrize("count", [-1, 24])
def test_an_impossible_count_is_the_drivers_fault(count: int) -> None:
    connection = Connection()
    connection.receive(b"fine")
    assert len(connection.owed) == 23
    with pytest.raises(ValueError, match="23 owed"):
        connection.sent(count)
    assert connection.owed == answer_to(b"fine")


def test_partial_sends_cost_one_pass_over_the_backlog() -> None:
    """Eight megabytes a byte-sized step at a time; moved as a whole each time, it would be terabytes."""
    connection = Connection()
    connection.owed += b"x" * (8 << 20)
    before = time.process_time()
    for _ in range(1 << 16):
        connection.sent(128)
    assert not connection.owed
    assert time.process_time() - before < 5
