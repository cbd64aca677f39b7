"""The parts of the interactive client that know no descriptor: the line that is typed, and what may be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.line_editor import LONGEST_BYTES, LineEditor, tail
from clients.terminal import LINE_BYTES, plain

KEYS = st.lists(
    st.sampled_from([b"a", b" ", b"\n", b"\r", b"\x7f", b"\x17", b"\x15", b"\x1b", b"\x1b[A", b"[", b"O", b"\xc3\xa9"])
).map(b"".join)


def typed(*keys: bytes) -> tuple[list[bytes], bytes, bool]:
    editor = LineEditor()
    sent = [line for each in keys for line in editor.typed(each)]
    return sent, editor.line, editor.ended


@pytest.mark.parametrize(
    ("keys", "sent", "line"),
    [
        (b"ab\ncd", [b"ab\n"], b"cd"),
        (b"ab\r", [b"ab\n"], b""),
        (b"abc\x7f\x08d", [], b"ad"),
        (b"\x7f", [], b""),
        ("aé\x7f".encode(), [], b"a"),
        (b"a\xe9\x7f", [], b"a"),
        (b"a\xa9\x7f", [], b"a"),
        (b"one two \x17", [], b"one "),
        (b"one two\x17\x17\x17", [], b""),
        (b"one two\x15three", [], b"three"),
        (b"a\x1b[1;5Cb\x1bOHc\x1bfd", [], b"abcd"),
        (b"a\x1b\nb", [b"a\n"], b"b"),
        (b"a\x00\t\x0bb", [], b"ab"),
        (b"ab\x04c", [b"ab"], b"c"),
    ],
)
def test_keys(keys: bytes, sent: list[bytes], line: bytes) -> None:
    assert typed(keys) == (sent, line, False)


def test_the_end_of_input_is_an_empty_line_s() -> None:
    assert typed(b"ab\x04\x04cd\n") == ([b"ab"], b"", True)


@given(KEYS, st.data())
def test_keys_may_come_in_any_pieces(keys: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(keys)))
    assert typed(keys[:at], keys[at:]) == typed(keys) == typed(*(keys[i : i + 1] for i in range(len(keys))))


def test_a_line_is_bounded() -> None:
    assert typed(b"x" * (LONGEST_BYTES + 100) + b"\n")[0] == [b"x" * LONGEST_BYTES + b"\n"]
    editor = LineEditor()
    editor.typed(b"\x1b[" + b"0" * 100_000)
    assert len(editor._begun) < 100


@pytest.mark.parametrize(
    ("line", "columns", "shown"),
    [
        (b"abc", 80, "abc"),
        (b"abcdef", 3, "def"),
        ("aé漢".encode(), 4, "é漢"),
        (b"a\xe9b", 80, "a?b"),
        ("a\u202eb".encode(), 80, "a?b"),
        (b"abc", 0, ""),
    ],
)
def test_a_line_is_shown_as_far_as_it_fits(line: bytes, columns: int, shown: str) -> None:
    assert tail(line, columns).decode() == shown


@given(st.binary(min_size=1))
def test_what_a_server_says_is_lines_of_printable_ascii(said: bytes) -> None:
    shown = plain(said)
    assert shown.endswith(b"\n")
    assert all(line.isascii() and line.decode().isprintable() for line in shown.split(b"\n"))
    assert shown.count(b"\n") == said.removesuffix(b"\n").count(b"\n") + 1


def test_the_lines_of_a_server_are_bounded() -> None:
    lines = plain(b"\0" * (2 * LINE_BYTES + 1)).splitlines()
    assert [len(line) for line in lines] == [4 * LINE_BYTES, 4 * LINE_BYTES, 4]
