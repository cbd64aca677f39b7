"""The reproducers' own judges say the same as the suite's oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.oracle import Profile, answers
from conformance.report.reproducing import echo, received

if TYPE_CHECKING:
    from conformance.oracle import AnswerStream

chunks = st.lists(
    st.binary(min_size=1, max_size=30) | st.sampled_from([b"'", b'"', b"'\"", b"\\", b"'" * 9]), max_size=5
)
Judge = received.Answers | echo.Answers


def replies(said: list[bytes]) -> bytes:
    return b"".join(b"Server received %a" % chunk for chunk in said)


def heard(judge: Judge, oracle: AnswerStream, sent: bytes, answered: bytes, pieces: list[int]) -> None:
    judge.sent += sent
    oracle.sent(sent)
    at = 0
    for size in [*pieces, len(answered)]:
        if piece := answered[at : at + size]:
            judge.hear(piece)
            oracle.answered(piece)
            # Of a reply that nobody asked for the oracle waits for the end, to tell what it is.
            nothing_is_due = oracle.answered_bytes == len(sent)
            assert judge.wrong is None or oracle.fault is not None or nothing_is_due
        at += size
    assert judge.settled == (oracle.finish() is None)


pieces = st.lists(st.integers(1, 40), max_size=8)


@given(said=chunks, pieces=pieces)
def test_right_answers(said: list[bytes], pieces: list[int]) -> None:
    judge = received.Answers()
    heard(judge, answers(Profile.RECEIVED, 10**6), b"".join(said), replies(said), pieces)
    assert judge.settled


@given(said=chunks, pieces=pieces, at=st.integers(0, 200), instead=st.binary(max_size=3), dropped=st.integers(0, 3))
def test_answers_with_a_flaw(said: list[bytes], pieces: list[int], at: int, instead: bytes, dropped: int) -> None:
    text = replies(said)
    flawed = text[:at] + instead + text[at + dropped :]
    heard(received.Answers(), answers(Profile.RECEIVED, 10**6), b"".join(said), flawed, pieces)


@given(sent=st.binary(max_size=60), answered=st.binary(max_size=60), right=st.integers(0, 60), pieces=pieces)
def test_echoes(sent: bytes, answered: bytes, right: int, pieces: list[int]) -> None:
    heard(echo.Answers(), answers(Profile.ECHO), sent, sent[:right] + answered, pieces)


@pytest.mark.parametrize(
    "text", [b"Server received b'\\x4", b"Server rec", b"Server received b'a", b"Server received b"]
)
def test_what_is_half_said_is_not_settled(text: bytes) -> None:
    judge = received.Answers()
    judge.sent += b"a" if b"\\" not in text else b"\x4f"
    judge.hear(text)
    assert not judge.settled


def test_the_chunk_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received, "CHUNK_LIMIT", 4)
    judge = received.Answers()
    judge.sent += b"hello"
    judge.hear(replies([b"hello"]))
    assert judge.wrong is not None
    assert "at most 4 bytes" in judge.wrong[0]


@pytest.mark.parametrize(
    ("text", "due", "came"),
    [
        (b"Server received b'hello'Server received b'world!", "b', w'", "b'world!'"),
        (b"Server received b'hello'HTTP/1.1", 'b"Server received b\', world"', "b'HTTP/1.1'"),
        (b'Server received b"hello"', "b'hello'", "b'Server received b\"hello\"'"),
    ],
)
def test_a_flaw_is_told_from_where_it_begins(text: bytes, due: str, came: str) -> None:
    judge = received.Answers()
    judge.sent += b"hello, world"
    judge.hear(text)
    assert judge.wrong is not None
    assert judge.wrong[0].startswith(due[:-1])
    assert judge.wrong[1] == came


def test_an_echo_s_flaw_is_told_from_where_it_begins() -> None:
    judge = echo.Answers()
    judge.sent += b"hello, world"
    judge.hear(b"hello")
    judge.hear(b", you")
    assert judge.wrong == ("b'wor', at byte 7 of it", "b'you'")


@pytest.mark.parametrize("judge", [received.Answers(), echo.Answers()], ids=["received", "echo"])
def test_after_a_wrong_answer_nothing_more_is_kept(judge: Judge) -> None:
    judge.sent += b"x"
    judge.hear(b"wrong")
    told = judge.wrong
    kept = {name: value for name, value in vars(judge).items() if isinstance(value, bytes | bytearray)}
    judge.hear(b"more" * 1000)
    assert judge.wrong == told is not None
    assert {name: getattr(judge, name) for name in kept} == kept
