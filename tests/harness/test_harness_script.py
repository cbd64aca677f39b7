"""Scripts and tapes: values that can be compared, printed and cut."""

from __future__ import annotations

from ast import literal_eval

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.harness import script as s
from conformance.harness.tape import TOKEN_BYTES, TOKENS_A_BLOCK, cut, tape, taped, wide_tape
from conformance.report.reproducing import tape as reproducing

RENDERED = [
    (s.Connect(1), "connect 1"),
    (s.Connect(1, narrow=True), "connect 1 with a narrow window"),
    (s.Send(2, b"it's\n"), 'send 2 b"it\'s\\n"'),
    (s.Ping(2, b"\xff"), "ping 2 b'\\xff'"),
    (s.Await(3), "await 3"),
    (s.Flood(3), "flood 3"),
    (s.HalfClose(3), "half-close 3"),
    (s.AwaitEnd(3), "await end 3"),
    (s.Close(3), "close 3"),
    (s.Reset(3), "reset 3"),
    (s.Urgent(3), "urgent 3"),
    (s.Stall(3), "stall 3"),
    (s.Resume(3), "resume 3"),
    (s.AwaitBlocked(3), "await blocked 3"),
    (s.Freeze(), "freeze"),
    (s.Thaw(), "thaw"),
    (s.AwaitQuiet(), "await quiet"),
    (s.AwaitReleased(), "await released"),
    (s.Connect(1, if_room=True), "connect 1, if there is room"),
    (s.Connect(1, promised=False), "connect 1, promised nothing"),
    (s.Queue(1), "queue 1"),
    (s.Insist(1, b"hi"), "connect 1 and ping b'hi', again if it is turned away"),
    (s.Glut(1, 1 << 20), "glut 1 with up to 1,048,576 bytes"),
    (s.Datagram(1, b"hi"), "datagram 1 b'hi'"),
    (s.Datagram(1, b"", promised=False), "datagram 1 b'', promised nothing"),
    (s.Ask(1, b"hi"), "ask 1 b'hi'"),
    (s.AwaitDatagrams(1), "await datagrams 1"),
    (s.Vanish(1), "vanish 1"),
    (s.Crowd(1100), "1,100 more connect"),
    (s.CrowdSpeaks(), "crowd speaks"),
    (s.CrowdLeaves(), "crowd leaves"),
    (s.Torrents(2), "2 torrents begin"),
    (s.SwellTorrents(), "swell torrents"),
    (s.StemTorrents(), "stem torrents"),
    (s.AwaitFewWakeups(), "await few wakeups"),
    (s.AwaitReaped(), "await reaped"),
    (s.AwaitLevelMemory(400, 4096), "400 times connect, exchange 4,096 bytes and leave, until memory is level"),
    (s.Exhaust(1), "exhaust descriptors, 1 to spare"),
    (s.Release(), "release"),
    (s.LeaveOutputUnread(), "leave output unread"),
    (s.AwaitAnnounced(), "await announced"),
    (s.Terminate(), "terminate"),
    (s.StartAgain(), "start again"),
]

sizes = st.integers(0, 3 * TOKENS_A_BLOCK * TOKEN_BYTES)


@pytest.mark.parametrize(("step", "line"), RENDERED, ids=[line.partition(" b")[0] for _, line in RENDERED])
def test_a_step_reads_as_a_line(step: s.Step, line: str) -> None:
    assert str(step) == line


def test_every_step_is_rendered_here() -> None:
    kinds = {kind for kind in vars(s).values() if isinstance(kind, type) and issubclass(kind, s.Step)}
    assert {type(step) for step, _ in RENDERED} == kinds - {s.Step, s.ClientStep}


def test_long_bytes_are_shown_in_part() -> None:
    assert s.shown(b"x" * s.SHOWN_BYTES) == repr(b"x" * s.SHOWN_BYTES)
    assert s.shown(b"x" * 1500) == f"{b'x' * s.SHOWN_BYTES!r}... (1,500 bytes)"


def test_a_script_is_flat_equal_by_value_and_hashable() -> None:
    parts = s.script(s.Connect(2), s.script(s.Send(2, b"a"), s.script(s.Freeze())), s.Connect(1))
    whole = s.Script((s.Connect(2), s.Send(2, b"a"), s.Freeze(), s.Connect(1)))
    assert parts == whole
    assert {parts: "found"}[whole] == "found"
    assert parts != s.script(s.Connect(2), s.Send(2, b"b"), s.Freeze(), s.Connect(1))
    assert (len(parts), list(parts), parts.clients) == (4, list(whole.steps), [1, 2])
    assert str(parts) == "connect 2\nsend 2 b'a'\nfreeze\nconnect 1"


def test_a_tape_names_its_client_and_counts() -> None:
    assert tape(7, 2 * TOKEN_BYTES) == b"007.000000;007.000001;"


def test_a_tape_has_a_million_tokens_and_begins_again() -> None:
    size = 1_000_000 * TOKEN_BYTES
    assert tape(7, 2 * TOKEN_BYTES, size - TOKEN_BYTES) == b"007.999999;007.000000;"
    assert tape(7, 5000, 2 * size) == tape(7, 5000)


@pytest.mark.parametrize("start", [0, 5, 1_000_000 * TOKEN_BYTES - 25])
def test_the_tape_of_a_reproducer_is_the_same(start: int) -> None:
    assert reproducing.tape(7, 40, start) == tape(7, 40, start)
    assert reproducing.wide_tape(7, 40, start) == wide_tape(7, 40, start)


@given(start=sizes, size=sizes)
def test_a_piece_of_tape_is_that_place_of_the_whole(start: int, size: int) -> None:
    assert tape(3, size, start) == tape(3, start + size)[start:]


@given(start=sizes)
def test_a_tape_tells_its_place(start: int) -> None:
    aligned = start - start % TOKEN_BYTES
    client, number = tape(12, TOKEN_BYTES, aligned).rstrip(b";").split(b".")
    assert (int(client), int(number)) == (12, aligned // TOKEN_BYTES)


def test_a_wide_tape_needs_four_bytes_of_answer_for_each() -> None:
    wide = wide_tape(1, 5000)
    assert len(repr(wide)) == len("b''") + 4 * 5000
    assert literal_eval(repr(wide)) == wide
    assert wide[100:200] == wide_tape(1, 100, 100)


@given(data=st.binary(max_size=60), cuts=st.lists(st.integers(0, 20), max_size=6))
def test_cut_keeps_order_and_drops_the_rest(data: bytes, cuts: list[int]) -> None:
    pieces = cut(data, cuts)
    assert b"".join(pieces) == data[: sum(cuts)]
    assert len(pieces) == len(cuts)
    assert all(len(piece) <= size for piece, size in zip(pieces, cuts, strict=True))


def test_taped_pieces_follow_one_another() -> None:
    assert taped(1, [3, 1, 5000]) == [tape(1, 3), tape(1, 1, 3), tape(1, 5000, 4)]
