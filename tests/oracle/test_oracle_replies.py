"""Right answers: nothing is ever found wrong with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle_exchanges import PREFIX, fed, replies, reply, right_answer, single_bytes

from conformance.oracle import Profile, answers, judge

PROFILES = list(Profile)
RECEIVED = Profile.RECEIVED
chunks = st.lists(st.binary(min_size=1, max_size=64) | st.text("'\"\\x", min_size=1).map(str.encode), max_size=8)


@pytest.mark.parametrize("context", [b"", b"a", b"'", b'"', b"'\"", b"\\"])
def test_every_byte_alone_and_in_context(context: bytes) -> None:
    for byte in range(256):
        chunk = context + bytes([byte]) + context
        assert judge(RECEIVED, chunk, reply(chunk)) is None


def test_all_bytes_together_and_each_apart() -> None:
    everything = bytes(range(256))
    assert judge(RECEIVED, everything, reply(everything)) is None
    assert judge(RECEIVED, everything, replies(*single_bytes(everything))) is None


@pytest.mark.parametrize("first", [b"plain", b"'", b'"', b"'\""])
@pytest.mark.parametrize("second", [b"plain", b"'", b'"', b"'\""])
def test_quotes_are_chosen_chunk_by_chunk(first: bytes, second: bytes) -> None:
    assert judge(RECEIVED, first + second, replies(first, second)) is None
    assert judge(RECEIVED, first + second, reply(first + second)) is None


@pytest.mark.parametrize(
    "payload",
    [
        reply(b"hello"),
        reply(b"it's"),
        reply(reply(b"it's")),
        PREFIX,
        PREFIX + b"b'",
        b"'" + PREFIX + b'b"',
        reply(b"x") * 3,
    ],
)
@pytest.mark.parametrize("size", [1, 7, 17, 1024])
def test_payloads_in_the_form_of_replies(payload: bytes, size: int) -> None:
    pieces = [payload[at : at + size] for at in range(0, len(payload), size)]
    assert judge(RECEIVED, payload, replies(*pieces)) is None


@pytest.mark.parametrize("sizes", [(1024,), (1024, 1024), (1, 1023, 1024), (1024, 1)])
def test_chunks_up_to_the_limit(sizes: tuple[int, ...]) -> None:
    pieces = [bytes([0xFC + at]) * size for at, size in enumerate(sizes)]
    assert judge(RECEIVED, b"".join(pieces), replies(*pieces)) is None


@pytest.mark.parametrize("profile", PROFILES)
@given(pieces=chunks)
def test_any_chunks_settle(profile: Profile, pieces: list[bytes]) -> None:
    sent = b"".join(pieces)
    stream = fed(profile, sent, [right_answer(profile, pieces)])
    assert stream.settled
    assert stream.fault is None
    assert stream.answered_bytes == len(sent)
    assert stream.finish() is None
    assert stream.settled


@pytest.mark.parametrize("profile", PROFILES)
@given(pieces=chunks)
def test_answers_settle_message_by_message(profile: Profile, pieces: list[bytes]) -> None:
    stream = answers(profile)
    done = 0
    for piece in pieces:
        stream.sent(piece)
        assert not stream.settled
        for byte in single_bytes(right_answer(profile, [piece])):
            assert not stream.settled
            stream.answered(byte)
        done += len(piece)
        assert stream.settled
        assert stream.answered_bytes == done
    assert stream.finish() is None


@pytest.mark.parametrize("profile", PROFILES)
@given(pieces=chunks)
def test_no_right_answer_exceeds_the_ceiling(profile: Profile, pieces: list[bytes]) -> None:
    stream = fed(profile, b"".join(pieces), [])
    assert len(right_answer(profile, pieces)) <= stream.ceiling_bytes


def test_ceiling_is_reached_by_escaped_bytes_read_one_by_one() -> None:
    sent = b"\xff" * 5
    assert len(replies(*single_bytes(sent))) == fed(RECEIVED, sent, []).ceiling_bytes


@pytest.mark.parametrize("profile", PROFILES)
def test_nothing_sent_and_nothing_answered_is_settled(profile: Profile) -> None:
    stream = answers(profile)
    stream.answered(b"")
    assert stream.settled
    assert stream.finish() is None


def test_limit_is_positive() -> None:
    with pytest.raises(ValueError, match="at least 1 byte"):
        answers(RECEIVED, 0)
