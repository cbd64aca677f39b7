"""Cases as data: what is written can be read again, and is the same."""

from __future__ import annotations

import json
import resource
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.harness import script as s
from conformance.harness.as_data import (
    MOST_BYTES,
    bytes_from_data,
    bytes_to_data,
    case_from_data,
    case_to_data,
    timeline_to_data,
)
from conformance.harness.tape import tape, wide_tape
from conformance.harness.transcript import Transcript

ROOM_BYTES = 4 << 30

CASE = s.script(
    s.Connect(1, narrow=True),
    s.Connect(2, if_room=True, promised=False),
    s.Send(1, wide_tape(1, 5000, 7)),
    s.Ping(2, b"a'\\\x00"),
    s.Insist(3, b"x" * 5000),
    s.Glut(1, 1 << 20),
    s.AwaitLevelMemory(10, 2000),
    s.Crowd(1100),
    s.Freeze(),
    s.HalfClose(1),
    s.Thaw(),
    s.AwaitEnd(1),
    s.Exhaust(2),
)


def test_a_case_survives_json() -> None:
    assert case_from_data(json.loads(json.dumps(case_to_data(CASE)))) == CASE


def test_only_what_is_told_is_written() -> None:
    assert case_to_data(s.script(s.Connect(1), s.Connect(2, narrow=True))) == [
        {"do": "connect", "client": 1},
        {"do": "connect", "client": 2, "narrow": True},
    ]


@given(st.binary(max_size=200))
def test_any_bytes_survive(data: bytes) -> None:
    assert bytes_from_data(bytes_to_data(data)) == data


@given(client=st.integers(0, 999), size=st.integers(0, 40000), start=st.integers(0, 40000), wide=st.booleans())
def test_a_tape_is_told_by_its_making(client: int, size: int, start: int, wide: bool) -> None:
    data = (wide_tape if wide else tape)(client, size, start)
    told = bytes_to_data(data)
    assert bytes_from_data(told) == data
    assert size < 25 or told == {"wide-tape" if wide else "tape": [client, size, start]}


def test_a_repetition_is_told_by_its_making() -> None:
    assert bytes_to_data(b"ab" * 5000) == {"repeat": ["b'ab'", 5000]}


@pytest.mark.parametrize(
    "data",
    [
        {"do": "dance"},
        {"client": 1},
        {"do": "send", "client": 1},
        {"do": "send", "client": 1, "data": {"film": [1]}},
        5,
        [5],
        {5: 5, "do": "freeze"},
    ],
)
def test_what_is_no_step_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match=r"is no step of a case|does not stand for bytes"):
        case_from_data([data])


@pytest.mark.parametrize("data", ["b'", "'text'", 5, None, {}, {"tape": "x"}, {"repeat": ["__import__('os')", 2]}])
def test_what_is_no_bytes_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="does not stand for bytes"):
        bytes_from_data(data)


@pytest.mark.parametrize(
    "data",
    [
        {"repeat": ["b'x'", 10**11]},
        {"repeat": ["b'x'", 10**30]},
        {"repeat": ["b'x'", -1]},
        {"repeat": ["10000000000", 1]},
        {"tape": [1, 10**10, 0]},
        {"wide-tape": [1, 1, -1]},
        {"tape": [10**3000, 10000, 0]},
        {"tape": [1, True, 0]},
        "(" * 100_000,
    ],
)
def test_what_would_be_no_bytes_that_a_case_has_is_never_made(data: object) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (ROOM_BYTES, before[1]))
    try:
        with pytest.raises(ValueError, match="does not stand for bytes, of which a case has 67,108,864 at most") as bad:
            bytes_from_data(data)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert len(str(bad.value)) < 400


def test_all_of_a_case_s_bytes_are_bounded() -> None:
    step = {"do": "send", "client": 1, "data": {"repeat": ["b'x'", MOST_BYTES // 2]}}
    assert len(case_from_data([step, step])) == 2
    with pytest.raises(ValueError, match="does not stand for bytes"):
        case_from_data([step, step, step | {"data": "b'x'"}])


def test_nothing_has_no_timeline() -> None:
    assert timeline_to_data(Transcript(CASE)) == []
