"""The judge of datagrams: one answer for each, whole, in any order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.oracle import FaultKind, Profile, answers
from conformance.oracle.datagrams import DatagramAnswers, received_content, received_reply

PROFILES = list(Profile)
datagrams = st.lists(st.binary(max_size=20), max_size=6)


def judge_of(profile: Profile) -> DatagramAnswers:
    return answers(profile).datagrams()


def reply(profile: Profile, data: bytes) -> bytes:
    """Return what is due, written without the oracle's code."""
    return data if profile is Profile.ECHO else b"Server received " + repr(data).encode()


@pytest.mark.parametrize("profile", PROFILES)
@given(sent=datagrams, order=st.randoms(use_true_random=False))
def test_right_answers_are_right_in_any_order(profile: Profile, sent: list[bytes], order: object) -> None:
    judge = judge_of(profile)
    for data in sent:
        judge.sent(data)
    due = [reply(profile, data) for data in sent]
    order.shuffle(due)  # type: ignore[attr-defined]
    for place, answer in enumerate(due):
        assert not judge.settled
        judge.answered(answer)
        assert (judge.fault, judge.answered_datagrams) == (None, place + 1)
    assert judge.settled
    assert judge.finish() is None
    assert judge.answered_bytes == sum(map(len, sent))


@given(data=st.binary(max_size=60))
def test_the_literal_is_read_as_python_writes_it(data: bytes) -> None:
    assert received_reply(data) == reply(Profile.RECEIVED, data)
    assert received_content(received_reply(data)) == data


@given(answer=st.binary(max_size=40))
def test_nothing_that_is_said_raises(answer: bytes) -> None:
    content = received_content(answer)
    assert content is None or received_reply(content) == answer


ONE, TWO = b"one", b"twotwo"
WRONG = {
    "twice": ([ONE], [reply(Profile.RECEIVED, ONE)] * 2, FaultKind.DOUBLED),
    "another's": ([ONE], [reply(Profile.RECEIVED, b"zzz")], FaultKind.FOREIGN),
    "cut": ([TWO], [reply(Profile.RECEIVED, b"two")], FaultKind.LOST),
    "torn": ([ONE], [b"Server received ", b"b'one'"], FaultKind.MALFORMED),
    "nothing in it": ([ONE], [b""], FaultKind.MALFORMED),
    "the other quote": ([ONE], [b'Server received b"one"'], FaultKind.MALFORMED),
    "unasked": ([], [reply(Profile.RECEIVED, ONE)], FaultKind.FOREIGN),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told(name: str) -> None:
    sent, came, kind = WRONG[name]
    judge = judge_of(Profile.RECEIVED)
    for data in sent:
        judge.sent(data)
    for answer in came:
        judge.answered(answer)
    assert judge.fault is not None
    assert judge.fault.kind is kind
    assert not judge.settled
    assert judge.finish() == judge.fault
    assert judge.fault.detail.isascii()
    assert len(judge.fault.detail) <= 200


def test_an_echo_cut_short_is_told() -> None:
    judge = judge_of(Profile.ECHO)
    judge.sent(b"abcdef")
    judge.answered(b"abc")
    fault = judge.fault
    assert fault is not None
    assert (fault.kind, fault.answer_offset, fault.expected, fault.actual) == (FaultKind.LOST, 3, b"def", b"")


def test_what_is_missing_is_a_fault_at_the_end() -> None:
    judge = judge_of(Profile.RECEIVED)
    judge.sent(ONE)
    judge.sent(ONE)
    judge.answered(reply(Profile.RECEIVED, ONE))
    assert judge.fault is None
    fault = judge.finish()
    assert fault is not None
    assert (fault.kind, fault.detail) == (FaultKind.LOST, "1 of 2 datagrams went unanswered")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("part", [0, 3, 6])
def test_what_is_promised_nothing_may_be_answered_in_part_and_once(profile: Profile, part: int) -> None:
    judge = judge_of(profile)
    judge.sent(TWO, promised=False)
    assert judge.settled
    judge.answered(reply(profile, TWO[:part]))
    assert judge.fault is None
    judge.answered(reply(profile, TWO[:part]))
    assert judge.fault is not None
