"""How an answer is cut into pieces changes neither the verdict nor the order of the work."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle_exchanges import PREFIX, fed, replies, reply, right_answer, single_bytes, verdict

from conformance.oracle import Profile
from conformance.oracle.reply import OPENING, ReplyReader

PROFILES = list(Profile)
RECEIVED = Profile.RECEIVED
SENT = b"one'two\"three\\\n\x00\xfffour" * 2
CHUNKS = [SENT[at : at + 9] for at in range(0, len(SENT), 9)]
ANSWERS = {
    "right": replies(*CHUNKS),
    "unfinished": replies(*CHUNKS)[:-3],
    "lost": replies(CHUNKS[0], *CHUNKS[2:]),
    "doubled": replies(CHUNKS[0], *CHUNKS),
    "swapped": replies(CHUNKS[1], CHUNKS[0], *CHUNKS[2:]),
    "foreign": replies(b"zzzz", *CHUNKS),
    "broken-off": reply(CHUNKS[0])[:-2] + replies(*CHUNKS[1:]),
    "wrong-quote": PREFIX + rb"b'one\'two'" + replies(SENT[7:]),
    "bare-newline": replies(SENT[:14]) + PREFIX + b"b'\n'",
    "upper-case-hex": PREFIX + rb"""b'one\'two"three\\\n\x00\xFFfour'""",
    "misspelt-prefix": reply(CHUNKS[0]) + b"Server recieved b'x'",
    "empty": reply(CHUNKS[0]) + PREFIX + b"b''",
    "trailing-newline": replies(*CHUNKS) + b"\n",
    "unasked": replies(*CHUNKS) + PREFIX,
    "echoed": SENT,
}


@pytest.mark.parametrize("name", sorted(ANSWERS))
@pytest.mark.parametrize("profile", PROFILES)
def test_verdict_is_the_same_wherever_the_answer_is_cut(profile: Profile, name: str) -> None:
    answered = ANSWERS[name]
    whole = verdict(profile, SENT, [answered])
    assert (whole is None) == (name == ("right" if profile is RECEIVED else "echoed"))
    assert verdict(profile, SENT, single_bytes(answered)) == whole
    for cut in range(len(answered) + 1):
        assert verdict(profile, SENT, [answered[:cut], answered[cut:]]) == whole


@given(answered=st.sampled_from(sorted(ANSWERS.values())), cuts=st.lists(st.integers(0, 300)))
def test_verdict_is_the_same_in_any_pieces(answered: bytes, cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(answered)]
    pieces = [answered[start:stop] for start, stop in itertools.pairwise(bounds)]
    assert verdict(RECEIVED, SENT, pieces) == verdict(RECEIVED, SENT, [answered])


@pytest.mark.parametrize("content", [b"a" * 4000, b"\xff" * 4000, b"'\"" * 2000])
def test_no_more_than_an_opening_is_read_again(content: bytes) -> None:
    reader = ReplyReader(limit=len(content))
    size = 0
    for piece in single_bytes(reply(content)):
        size += sum(size for _, size in reader.bodies(piece))
        assert len(reader.held) <= len(OPENING)
    assert size == len(content)
    assert reader.is_between


def seconds_to_judge(profile: Profile, size: int, *, wrong: bool) -> float:
    sent = (b"it's \xff\n" * size)[:size]
    answered = right_answer(profile, [b"wrong" * 100] if wrong else [sent]) + right_answer(profile, [sent]) * wrong
    pieces = single_bytes(answered)
    start = time.process_time()
    fault = verdict(profile, sent, pieces, limit=size)
    spent = time.process_time() - start
    assert (fault is not None) == wrong
    return spent


@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize("profile", PROFILES)
def test_time_grows_as_the_answer_does(profile: Profile, wrong: bool) -> None:
    small = min(seconds_to_judge(profile, 4_000, wrong=wrong) for _ in range(3))
    large = seconds_to_judge(profile, 64_000, wrong=wrong)
    # Sixteen times as much; work in the square of it would take 256 times as long.
    assert large < 80 * small + 0.05


@pytest.mark.parametrize("profile", PROFILES)
def test_a_flood_after_the_first_fault_is_not_kept(profile: Profile) -> None:
    stream = fed(profile, b"hello", [b"wrong"])
    for _ in range(100):
        stream.answered(bytes(100_000))
    departure = stream._departure
    assert departure is not None
    assert len(departure.kept) == 1 << 16
    assert stream.finish() == verdict(profile, b"hello", [b"wrong" + bytes(10_000_000)])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("period", [b"a", b"ab", b"a" * 63 + b"b"])
def test_periodic_contents_are_searched_in_bounded_time(profile: Profile, period: bytes) -> None:
    sent = (period * 300_000)[:300_000]
    answered = right_answer(profile, [sent[at : at + 1000] for at in range(0, 150_000, 1000)] + [b"a" * 500 + b"?"])
    start = time.process_time()
    assert verdict(profile, sent, [answered]) is not None
    assert time.process_time() - start < 5
