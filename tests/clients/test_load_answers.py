"""Every answer that a correct server may give is taken, and no other."""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.load.connection import Connection, Lost
from clients.load.messages import Message, messages_of, reply_to

PROFILES = st.sampled_from(["received", "echo"])
CUTS = st.lists(st.integers(1, 64), min_size=1, max_size=40)


@contextlib.contextmanager
def connected(
    messages: list[Message], profile: str, chunk_limit_bytes: int = 64
) -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield Connection(ours, messages, profile, chunk_limit_bytes), theirs


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    lengths = itertools.cycle(cuts)
    at = 0
    while at < len(data):
        piece = data[at : at + next(lengths)]
        at += len(piece)
        yield piece


def answer_to(sent: bytes, chunks: list[int], profile: str) -> bytes:
    """What a server says that takes chunks of these sizes."""
    return b"".join(reply_to(chunk) if profile == "received" else chunk for chunk in pieces(sent, chunks))


@given(
    contents=st.lists(st.binary(min_size=1, max_size=100), min_size=1, max_size=6),
    chunks=CUTS,
    arriving=CUTS,
    profile=PROFILES,
)
def test_any_chunks_in_any_pieces(contents: list[bytes], chunks: list[int], arriving: list[int], profile: str) -> None:
    messages = [
        Message(each, each if profile == "echo" else reply_to(each) if len(each) <= 64 else None) for each in contents
    ]
    with connected(messages, profile) as (connection, server):
        connection.push(range(len(messages)))
        sent = server.recv(65536)
        assert sent == b"".join(contents)
        answered: list[int] = []
        for piece in pieces(answer_to(sent, chunks, profile), arriving):
            server.send(piece)
            answered += connection.hear()
        assert answered == list(range(len(messages)))
        assert not connection.under_way


@given(data=st.data(), chunks=CUTS, profile=PROFILES)
def test_one_byte_that_is_wrong(data: st.DataObject, chunks: list[int], profile: str) -> None:
    messages = messages_of(40, profile, 64)
    with connected(messages, profile) as (connection, server):
        connection.push(range(3))
        answer = bytearray(answer_to(server.recv(65536), chunks, profile))
        at = data.draw(st.integers(0, len(answer) - 1))
        answer[at] ^= data.draw(st.integers(1, 255))
        server.send(answer)
        try:
            answered = connection.hear()
        except Lost:
            return
        assert len(answered) < 3  # without its closing quote, a literal may still go on


@pytest.mark.parametrize(
    "answer",
    [b"x", b"Server received b'' ", reply_to(b"a" * 65), b'Server received b"abc"', b"Server received b'\\x61bc'"],
    ids=["no-prefix", "empty-chunk", "beyond-the-chunk-limit", "other-quotes", "other-escapes"],
)
def test_no_answer(answer: bytes) -> None:
    with connected([Message(b"abc" * 30, None)], "received") as (connection, server):
        connection.push([0])
        server.send(answer)
        with pytest.raises(Lost, match="wrong answer"):
            connection.hear()


def test_more_than_was_asked_for() -> None:
    with connected(messages_of(8, "echo", 64), "echo") as (connection, server):
        connection.push([0])
        server.send(server.recv(64) + b"a")
        with pytest.raises(Lost, match="wrong answer"):
            connection.hear()


def test_a_literal_without_end_is_bounded() -> None:
    with connected(messages_of(64, "received", 64), "received") as (connection, server):
        connection.push([0])
        server.send(b"Server received b'" + b"a" * 64 * 4 + b"aaa")
        with pytest.raises(Lost, match="wrong answer"):
            connection.hear()


def test_what_the_kernel_does_not_take_is_kept() -> None:
    messages = messages_of(1 << 20, "echo", 64)
    with connected(messages, "echo") as (connection, server):
        connection.push([0])
        assert connection.unsent
        arrived = 0
        while arrived < 1 << 20:
            arrived += len(server.recv(1 << 20))
            if connection.unsent:
                connection.push([])
        assert not connection.unsent


def test_what_was_right_before_a_wrong_answer_is_told() -> None:
    with connected(messages_of(5, "received", 64), "received") as (connection, server):
        connection.push([1, 2, 3])
        right = reply_to(server.recv(5))
        server.sendall(right + reply_to(server.recv(5)) + b"wrong")
        with pytest.raises(Lost, match="wrong answer") as lost:
            connection.hear()
    assert list(lost.value.answered) == [1, 2]
