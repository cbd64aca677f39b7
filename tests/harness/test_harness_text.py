"""Hostile text made plain."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.harness.text import SHOWN_CHARACTERS, plain, seconds

PRINTABLE = re.compile(r"[ -~]*")
LONGEST = 4 * SHOWN_CHARACTERS + len("... (1,000,000 bytes)")
SEQUENCES = [b"\x1b[2J", b"\x1b]0;title\x07", b"\x1b[?1049h", b"\x9b31m", "\u202e".encode(), b"\r", b"\b", b"\0"]


@pytest.mark.parametrize("value", [*range(0x20), 0x5C, *range(0x7F, 0x100)])
def test_every_byte_that_is_not_plain_is_escaped(value: int) -> None:
    assert plain(bytes([value])) == ("\\\\" if value == 0x5C else f"\\x{value:02x}")


def test_every_plain_byte_stands_for_itself() -> None:
    every = bytes(set(range(0x20, 0x7F)) - {0x5C})
    assert plain(every) == every.decode("ascii")


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_escape_sequences_do_nothing(sequence: bytes) -> None:
    assert PRINTABLE.fullmatch(plain(b"a" + sequence + b"b"))
    assert PRINTABLE.fullmatch(plain(sequence.decode("latin-1")))


@given(said=st.binary(max_size=400) | st.text(max_size=400) | st.text("\ud800\udfff", max_size=9))
def test_what_is_shown_is_printable_and_short(said: bytes | str) -> None:
    shown = plain(said)
    assert PRINTABLE.fullmatch(shown)
    assert len(shown) <= LONGEST


@given(said=st.binary(max_size=SHOWN_CHARACTERS), other=st.binary(max_size=SHOWN_CHARACTERS))
def test_different_short_words_look_different(said: bytes, other: bytes) -> None:
    assert (plain(said) == plain(other)) == (said == other)


def test_what_is_cut_says_how_long_it_was() -> None:
    assert plain(b"x" * 5000, most=3) == "xxx... (5,000 bytes)"


@pytest.mark.parametrize(("value_s", "said"), [(0.0, "0 ms"), (0.25, "250 ms"), (1.0, "1 s"), (12.345, "12.3 s")])
def test_durations(value_s: float, said: str) -> None:
    assert seconds(value_s) == said
