"""The sequence picture: what is told, how briefly, and that it is whole."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from html_runs import event, exchange, failure

from conformance.report.failure import Failure
from conformance.report.sequence import MOST_ROWS, OTHERS, SERVER, Mark, Story, Way, in_words, seconds_text, story_of
from conformance.report.sequence_svg import draw

SVG = {"svg": "http://www.w3.org/2000/svg"}


def told(*events: dict[str, Any], **fields: Any) -> Story:
    quiet: dict[str, Any] = {"trouble": None, "stopped_at": None, "difference": None}
    return story_of(failure(timeline=list(events), **quiet | fields))


def labels(story: Story) -> list[str]:
    return [row.label for row in story.rows]


def drawn(of: Failure) -> ET.Element:
    return ET.fromstring(draw(story_of(of), "f1"))


def by_class(picture: ET.Element, style: str) -> list[ET.Element]:
    return [each for each in picture.iter() if style in each.get("class", "").split()]


def test_an_exchange() -> None:
    story = told(
        event(0, 1, "connect"),
        event(1e-6, 1, "connected"),
        event(2e-6, 1, "send", 8192),
        event(3e-6, 1, "half-close"),
        event(4e-6, 1, "receive", 834),
        event(5e-6, 1, "receive", 834),
        event(6e-6, 1, "receive", 20),
        event(7e-6, 1, "FIN"),
    )
    assert story.lanes == {1: "client 1"}
    assert [(row.way, row.mark, row.label) for row in story.rows] == [
        (Way.TO_SERVER, Mark.OPEN, "connect"),
        (Way.TO_SERVER, Mark.DATA, "send 8,192 B"),
        (Way.TO_SERVER, Mark.END, "half-close (FIN)"),
        (Way.TO_CLIENT, Mark.DATA, "reply 1,688 B in 3 pieces"),
        (Way.TO_CLIENT, Mark.END, "FIN"),
    ]


@pytest.mark.parametrize(
    ("what", "way", "label"),
    [
        ("reset", Way.TO_SERVER, "reset (RST)"),
        ("reset: ECONNRESET", Way.TO_CLIENT, "RST (ECONNRESET)"),
        ("connect failed: ECONNREFUSED", Way.TO_CLIENT, "connect failed (ECONNREFUSED)"),
        ("not sent: EPIPE", Way.ALONE, "not sent (EPIPE)"),
        ("urgent", Way.TO_SERVER, "urgent byte 1 B"),
        ("urgent byte finds no room", Way.ALONE, "urgent byte finds no room"),
    ],
)
def test_what_the_words_mean(what: str, way: Way, label: str) -> None:
    (row,) = told(event(0, 1, what, 1 if what == "urgent" else 0)).rows
    assert (row.way, row.label) == (way, label)


def test_equal_sizes_are_told_as_such() -> None:
    story = told(*(event(i, 1, "receive", 834) for i in range(23)))
    assert labels(story) == ["reply 834 B \u00d7 23"]


def test_what_repeats_in_turn_is_told_once() -> None:
    rounds = [event(i + n / 3, 1, what, size) for i in range(20) for n, (what, size) in enumerate(ROUND)]
    story = told(event(0, 1, "connect"), *rounds, event(99, 1, "close"))
    assert labels(story) == ["connect", "send 16 B \u00d7 20", "reply 35 B \u00d7 20", "close"]


ROUND = (("send", 16), ("receive", 35))


def test_clients_that_are_many_share_a_lane_but_the_one_that_it_is_about() -> None:
    events = [event(i, i, "connect") for i in range(1, 81)]
    about = {"stopped_at": 0, "steps": [{"do": "await", "client": 70}], "trouble": "silence"}
    story = told(*events, **about, ended="client 70: silence for 10 s, after 0 bytes of answer")
    assert story.lanes == {1: "client 1", 2: "client 2", 3: "client 3", 70: "client 70", OTHERS: "76 others"}
    assert labels(story)[3:] == ["connect \u00d7 66", "connect", "connect \u00d7 10", "silence for 10 s"]
    assert (story.rows[-1].lane, story.rows[-1].mark) == (70, Mark.SILENCE)


def test_the_middle_of_a_long_story_is_left_out() -> None:
    words = ("send", "stall", "resume", "urgent", "half-close")
    story = told(*(event(i, 1, words[i * i * 7 // 3 % 5], i) for i in range(500)), trouble="silence")
    assert len(story.rows) == MOST_ROWS
    gaps = [row for row in story.rows if row.way is Way.LEFT_OUT]
    assert len(gaps) == 1
    assert gaps[0].label.endswith(" more events")


def test_what_is_done_to_the_server_and_its_end() -> None:
    steps = ("freeze", "await quiet", "thaw", "the server is gone", "start again")
    story = told(*(event(i, SERVER, what) for i, what in enumerate(steps)))
    assert [row.frozen for row in story.rows] == [True, True, False, False, False]
    assert [row.gone for row in story.rows] == [False, False, False, True, False]
    assert story.rows[3].mark is Mark.DEATH


def test_a_client_that_is_gone_is_not_stalled() -> None:
    story = told(event(0, 1, "stall"), event(1, 2, "stall"), event(2, 1, "reset"), event(3, 2, "resume"))
    assert [row.stalled for row in story.rows] == [{1}, {1, 2}, {2}, set()]


def test_a_step_on_the_server_that_could_not_be_done_is_the_last_row() -> None:
    story = told(event(0, 1, "connect"), stopped_at=0, steps=[{"do": "await quiet"}], trouble="not quiet")
    assert (story.rows[-1].lane, story.rows[-1].mark, story.rows[-1].label) == (SERVER, Mark.FAULT, "not quiet")


def test_nothing_that_is_known() -> None:
    assert told() == Story({}, [])


def test_the_picture_is_whole_and_says_the_same_in_words() -> None:
    picture = drawn(failure())
    assert picture.get("role") == "img"
    ids = {each.get("id") for each in picture}
    assert set((picture.get("aria-labelledby") or "").split()) <= ids
    description = next(each.text for each in picture if each.tag == "desc")
    assert description == in_words(story_of(failure()))
    assert "1.01 ms, client 1: send 8,192 B" in (description or "")
    assert "server to client 1: reply" in (description or "")
    assert [each.text for each in by_class(picture, "who")] == ["client 1", "server"]


def test_frozen_and_stalled_are_bands_silence_is_dashed_and_death_a_cross() -> None:
    events = [
        event(0, 1, "connect"),
        event(1, 1, "stall"),
        event(2, SERVER, "freeze"),
        event(3, 1, "resume"),
        event(4, SERVER, "thaw"),
        event(5, SERVER, "the server is gone"),
    ]
    picture = drawn(failure(timeline=events, trouble="silence", ended="client 1: silence for 10 s, after 0 bytes"))
    (frozen,), (stalled,) = by_class(picture, "frozen"), by_class(picture, "stalled")
    assert frozen.get("height") == stalled.get("height") == str(2 * 28)
    assert len(by_class(picture, "silence")) == 2  # the line and its label
    assert len(by_class(picture, "cross")) == 1


def test_it_stays_within_its_bounds() -> None:
    picture = drawn(failure(timeline=exchange(40, 60)))
    assert int(picture.get("height") or 0) < 900
    assert int(picture.get("width") or 0) < 1000
    for each in picture.iter():
        for name in ("x", "y", "cx", "cy"):
            assert int(each.get(name) or 0) <= 900


@pytest.mark.parametrize("text", ["<script>", "\"'>", "]]>", "\x1b[31m\x00", "z" * 10_000])
def test_what_is_said_in_it_is_text(text: str) -> None:
    events = [event(0, 1, "connect"), event(1, 1, text), event(2, SERVER, text), event(3, 1, f"reset: {text}")]
    picture = draw(story_of(failure(timeline=events, trouble=text)), "f1")
    root = ET.fromstring(picture)
    assert {each.tag for each in root.iter()} <= {"svg", "title", "desc", "text", "path", "circle", "rect"}
    assert len(picture) < 5000


@pytest.mark.parametrize(
    ("at_s", "text"),
    [(0.0, "0"), (0.0000004, "0"), (58e-6, "58 \u00b5s"), (0.0012, "1.2 ms"), (0.9999, "1,000 ms"), (10.04, "10 s")],
)
def test_times(at_s: float, text: str) -> None:
    assert seconds_text(at_s) == text
