"""Which kind a fault is of, for contents in which every stretch tells where it belongs."""

from collections.abc import Callable

import pytest
from oracle_exchanges import PREFIX, replies, reply, right_answer

from conformance.oracle import Fault, FaultKind, Profile, answers, judge

PROFILES = list(Profile)
RECEIVED, ECHO = Profile.RECEIVED, Profile.ECHO
OPEN = len(PREFIX) + 2


def coded(start: int, stop: int) -> bytes:
    """Return position-coded content: each stretch of four bytes occurs once."""
    return b"".join(b"%03d." % at for at in range(start, stop))


def of_size(size: int) -> list[bytes]:
    content = coded(0, 5 * size)
    return [content[at : at + 4 * size] for at in range(0, len(content), 4 * size)]


DISORDERS: dict[str, tuple[FaultKind, list[int], int]] = {
    "first-lost": (FaultKind.LOST, [1, 2, 3, 4], 0),
    "middle-lost": (FaultKind.LOST, [0, 1, 3, 4], 2),
    "two-lost": (FaultKind.LOST, [0, 2, 4], 1),
    "last-lost": (FaultKind.LOST, [0, 1, 2, 3], 4),
    "all-lost": (FaultKind.LOST, [], 0),
    "doubled": (FaultKind.DOUBLED, [0, 1, 1, 2, 3, 4], 2),
    "last-doubled": (FaultKind.DOUBLED, [0, 1, 2, 3, 4, 4], 5),
    "older-doubled": (FaultKind.DOUBLED, [0, 1, 2, 0, 3, 4], 3),
    "all-doubled": (FaultKind.DOUBLED, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4], 5),
    "first-two-swapped": (FaultKind.SWAPPED, [1, 0, 2, 3, 4], 0),
    "middle-two-swapped": (FaultKind.SWAPPED, [0, 2, 1, 3, 4], 1),
    "last-two-swapped": (FaultKind.SWAPPED, [0, 1, 2, 4, 3], 3),
    "overtaken-by-all": (FaultKind.SWAPPED, [0, 2, 3, 4, 1], 1),
}


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("name", sorted(DISORDERS))
@pytest.mark.parametrize("profile", PROFILES)
def test_disorder_is_told_apart(profile: Profile, name: str, size: int) -> None:
    kind, order, wrong = DISORDERS[name]
    chunks = of_size(size)
    fault = judge(profile, b"".join(chunks), right_answer(profile, [chunks[at] for at in order]))
    assert fault is not None
    assert fault.kind is kind
    due = 4 * size * wrong
    # Neighbours may begin alike, and these bytes are right wherever they come from.
    assert due <= fault.sent_offset < due + 4


@pytest.mark.parametrize("name", sorted(DISORDERS))
@pytest.mark.parametrize("profile", PROFILES)
def test_disorder_of_single_bytes(profile: Profile, name: str) -> None:
    kind, order, wrong = DISORDERS[name]
    fault = judge(profile, b"01234", right_answer(profile, [b"01234"[at : at + 1] for at in order]))
    assert fault is not None
    assert (fault.kind, fault.sent_offset) == (kind, wrong)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("foreign", [b"ZZZZ", b"\xff" * 2000, b"9.8.7.6.5.4.3.2.1."])
def test_bytes_of_another_connection_are_foreign(profile: Profile, foreign: bytes) -> None:
    chunks = of_size(3)
    pieces = [foreign[at : at + 1024] for at in range(0, len(foreign), 1024)]
    fault = judge(profile, b"".join(chunks), right_answer(profile, [*chunks[:2], *pieces, *chunks[2:]]))
    assert fault is not None
    assert (fault.kind, fault.sent_offset) == (FaultKind.FOREIGN, 24)


@pytest.mark.parametrize("profile", PROFILES)
def test_one_byte_changed_is_foreign(profile: Profile) -> None:
    sent = bytes(range(256))
    fault = judge(profile, sent, right_answer(profile, [sent[:100] + b"\x07" + sent[101:]]))
    assert fault is not None
    assert (fault.kind, fault.sent_offset) == (FaultKind.FOREIGN, 100)


@pytest.mark.parametrize("profile", PROFILES)
def test_replacement_character_is_named(profile: Profile) -> None:
    fault = judge(profile, b"a\xc3b", right_answer(profile, [b"a\xef\xbf\xbdb"]))
    assert fault is not None
    assert fault.kind is FaultKind.FOREIGN
    assert "U+FFFD" in fault.detail


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("said", [b"Welcome\r\n", reply(b"hello"), PREFIX + b"b'"])
def test_answer_before_anything_was_sent_is_foreign(profile: Profile, said: bytes) -> None:
    fault = judge(profile, b"", said)
    assert fault is not None
    assert (fault.kind, fault.answer_offset, fault.sent_offset) == (FaultKind.FOREIGN, 0, 0)
    assert (fault.expected, fault.actual) == (b"", said)
    assert "before anything was sent" in fault.detail


@pytest.mark.parametrize("profile", PROFILES)
def test_answer_to_what_is_sent_only_later_is_foreign(profile: Profile) -> None:
    stream = answers(profile)
    stream.sent(b"first...")
    stream.answered(right_answer(profile, [b"first...", b"second.."]))
    stream.sent(b"second..")
    fault = stream.finish()
    assert fault is not None
    assert (fault.kind, fault.sent_offset) == (FaultKind.FOREIGN, 8)


def test_reply_to_nothing_is_wrong_from_its_first_byte() -> None:
    good = reply(b"only once")
    fault = judge(RECEIVED, b"only once", good + good)
    assert fault is not None
    assert (fault.kind, fault.answer_offset) == (FaultKind.DOUBLED, len(good))
    assert (fault.expected, fault.actual) == (b"", good)


def test_reply_to_nothing_may_be_cut() -> None:
    good = reply(b"once")
    for end in range(len(good) + 1, len(good) + OPEN + 1):
        fault = judge(RECEIVED, b"once", (good + good)[:end])
        assert fault is not None
        assert (fault.kind, fault.answer_offset) == (FaultKind.FOREIGN, len(good))


def test_reply_that_ends_early_is_unfinished() -> None:
    whole = replies(b"done", b"a\xff'\n")
    done = len(reply(b"done"))
    for end in range(done + 1, len(whole)):
        fault = judge(RECEIVED, b"donea\xff'\n", whole[:end])
        assert fault is not None
        assert fault.kind is FaultKind.UNFINISHED
        assert (fault.answer_offset, fault.actual) == (end, b"")
        assert fault.expected == whole[end:]


def test_stale_tail_of_a_longer_message_is_doubled() -> None:
    fault = judge(RECEIVED, b"a long messageab", replies(b"a long message", b"ablong message"))
    assert fault is not None
    assert (fault.kind, fault.sent_offset) == (FaultKind.DOUBLED, 16)


@pytest.mark.parametrize("missing", range(1, 60))
def test_short_send_that_is_dropped_is_lost(missing: int) -> None:
    chunks = [b"\xff\n'" + coded(0, 20), coded(20, 40), coded(40, 60)]
    first = reply(chunks[0])
    answered = first[:-missing] + replies(*chunks[1:])
    fault = judge(RECEIVED, b"".join(chunks), answered)
    assert fault is not None
    assert fault.kind is FaultKind.LOST
    assert "breaks off" in fault.detail


@pytest.mark.parametrize("escape", [b"\\", b"\\x", b"\\xf"])
def test_short_send_that_cuts_an_escape_is_lost(escape: bytes) -> None:
    answered = PREFIX + b"b'abc" + escape + reply(b"next one")
    fault = judge(RECEIVED, b"abc\xffrestnext one", answered)
    assert fault is not None
    assert (fault.kind, fault.sent_offset, fault.answer_offset) == (FaultKind.LOST, 3, OPEN + 3)


def test_reply_begun_again_is_doubled() -> None:
    chunk = coded(0, 20)
    fault = judge(RECEIVED, chunk, reply(chunk)[:50] + reply(chunk))
    assert fault is not None
    assert (fault.kind, fault.answer_offset) == (FaultKind.DOUBLED, 50)
    assert "breaks off" in fault.detail


@pytest.mark.parametrize("profile", PROFILES)
def test_kind_is_provisional_and_offset_is_not(profile: Profile) -> None:
    chunks = of_size(3)
    stream = answers(profile)
    stream.sent(b"".join(chunks))
    stream.answered(right_answer(profile, [chunks[0], chunks[2]]))
    early = stream.fault
    stream.answered(right_answer(profile, [chunks[1], chunks[3]]))
    late = stream.finish()
    assert early is not None
    assert late is not None
    assert (early.kind, late.kind) == (FaultKind.LOST, FaultKind.SWAPPED)
    assert early.answer_offset == late.answer_offset
    assert stream.fault == late
    assert not stream.settled
    assert stream.answered_bytes == late.sent_offset


def hostile_faults() -> list[Fault | None]:
    noise = bytes(range(256)) * 20
    wrongs: list[Callable[[bytes], bytes]] = [
        lambda data: data,
        lambda data: PREFIX + data,
        lambda data: PREFIX + b"b'" + data,
        lambda data: reply(data[:1000]),
        lambda data: reply(b"\x1b[2J") + data,
    ]
    return [
        judge(profile, sent, wrong(noise)) for profile in PROFILES for wrong in wrongs for sent in (b"", b"\xff" * 900)
    ]


def test_details_are_bounded_printable_ascii() -> None:
    for fault in hostile_faults():
        assert fault is not None
        assert len(fault.detail) <= 200
        assert fault.detail.isascii()
        assert fault.detail.isprintable()
        assert len(fault.expected) <= 64
        assert len(fault.actual) <= 64
