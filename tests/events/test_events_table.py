"""Each event is provoked on a real descriptor; docs/events.md is what this kernel says, and its general words hold."""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("epoll and RDHUP are Linux's", allow_module_level=True)

import select

from event_table.interfaces import ASKED, EVENTS, NOTHING, Reports, look
from event_table.page import SITUATIONS
from event_table.situation import Situation

ROOT = Path(__file__).parents[2]
WITHIN_S = 120

# What poll(2) says, and what it says when asked for nothing. The column of epoll is the same but for the last three.
POLL = {
    "new_socket": ("OUT HUP", "HUP"),
    "nobody_waits": (NOTHING, NOTHING),
    "somebody_waits": ("IN", NOTHING),
    "who_waited_is_gone": ("IN", NOTHING),
    "connect_under_way": (NOTHING, NOTHING),
    "connect_refused": ("IN OUT RDHUP ERR HUP", "ERR HUP"),
    "idle": ("OUT", NOTHING),
    "input_waits": ("IN OUT", NOTHING),
    "part_was_read": ("IN OUT", NOTHING),
    "more_input": ("IN OUT", NOTHING),
    "urgent_byte": ("PRI OUT", NOTHING),
    "fin_received": ("IN OUT RDHUP", NOTHING),
    "data_and_fin": ("IN OUT RDHUP", NOTHING),
    "end_was_read": ("IN OUT RDHUP", NOTHING),
    "own_half_close": ("OUT", NOTHING),
    "closed_both_ways": ("IN OUT RDHUP HUP", "HUP"),
    "reset_received": ("IN OUT RDHUP ERR HUP", "ERR HUP"),
    "error_was_read": ("IN OUT RDHUP HUP", "HUP"),
    "buffer_full": (NOTHING, NOTHING),
    "room_again": ("OUT", NOTHING),
    "full_and_fin": ("IN RDHUP", NOTHING),
    "icmp_came_back": ("OUT ERR", "ERR"),
    "unix_peer_closed": ("IN OUT RDHUP HUP", "HUP"),
    "writer_gone": ("HUP", "HUP"),
    "writer_gone_with_input": ("IN HUP", "HUP"),
    "reader_gone": ("OUT ERR", "ERR"),
    "terminal_hung_up": ("IN OUT ERR HUP", "ERR HUP"),
    "regular_file": ("IN OUT", NOTHING),
    "closed_descriptor": ("NVAL", "NVAL"),
    "closed_with_a_duplicate": ("NVAL", "NVAL"),
}
EPOLL = {"regular_file": "EPERM", "closed_descriptor": NOTHING, "closed_with_a_duplicate": "IN OUT"}
# What holds and is no news.
NO_EDGE = {"new_socket", "idle", "part_was_read", "end_was_read", "error_was_read", "closed_with_a_duplicate"}
WATCHED = [each for each in SITUATIONS if each.name not in EPOLL]

every = pytest.mark.parametrize("name", [each.name for each in SITUATIONS])


@functools.cache
def table() -> dict[str, Reports]:
    return {situation.name: look(situation) for situation in SITUATIONS}


def words(cell: str) -> set[str]:
    return set() if cell == NOTHING else set(cell.split())


def test_the_page_is_what_this_kernel_says() -> None:
    command = [sys.executable, "-m", "event_table"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=WITHIN_S)
    assert (ROOT / "docs" / "events.md").read_text() == done.stdout, "docs/events.md is stale: run `make docs`"


@every
def test_poll(name: str) -> None:
    assert (table()[name].poll, table()[name].unasked) == POLL[name]


@every
def test_epoll_says_what_poll_does_where_it_watches_the_same(name: str) -> None:
    assert table()[name].epoll == EPOLL.get(name, POLL[name][0])


@every
def test_an_edge_is_all_that_holds_when_there_is_news(name: str) -> None:
    assert table()[name].edge == (NOTHING if name in NO_EDGE else table()[name].epoll)


@every
def test_select_has_three_words_for_it(name: str) -> None:
    said = words(table()[name].poll)
    three = {
        "read": said & {"IN", "HUP", "ERR"},
        "write": said & {"OUT", "ERR"},
        "except": said & {"PRI"},
    }
    expected = {"EBADF"} if said == {"NVAL"} else {word for word, found in three.items() if found}
    assert words(table()[name].select) == expected


@every
def test_selectors_have_two(name: str) -> None:
    said = words(table()[name].epoll)
    heard = said - {"PRI", "RDHUP"}  # they do not ask for these
    two = {"READ": heard - {"OUT"}, "WRITE": heard - {"IN"}}
    expected = said if said == {"EPERM"} else {word for word, found in two.items() if found}
    assert words(table()[name].selectors) == expected


@pytest.mark.parametrize("situation", WATCHED, ids=lambda situation: situation.name)
def test_a_level_is_told_again_and_an_edge_is_not(situation: Situation) -> None:
    with contextlib.ExitStack() as stack:
        level, edge = stack.enter_context(select.epoll()), stack.enter_context(select.epoll())
        steps = situation.provoke(stack)
        fd = next(steps)
        level.register(fd, ASKED)
        edge.register(fd, ASKED | select.EPOLLET)
        next(steps)
        once = level.poll(0)
        assert level.poll(0) == once
        assert edge.poll(0) == once
        assert edge.poll(0) == []


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_is_provoked(event: str) -> None:
    assert any(event in words(said.poll) for said in table().values())


def holds(of: str, name: str, said: Reports) -> bool:
    """Whether what the page says of an event is so here."""
    with_it = words(said.poll)
    if of not in with_it:
        return True
    return {
        "IN": "NVAL" not in with_it,
        "PRI": of not in words(said.unasked),
        "OUT": of not in words(said.unasked),
        "RDHUP": "IN" in with_it and of not in words(said.unasked),
        "HUP": of in words(said.unasked) and ({"IN", "RDHUP"} <= with_it or name in HUP_APART),
        "ERR": of in words(said.unasked) and "OUT" in with_it,
        "NVAL": with_it == {of} and of in words(said.unasked),
    }[of]


HUP_APART = {"new_socket", "writer_gone", "writer_gone_with_input", "terminal_hung_up"}  # no TCP connection


@pytest.mark.parametrize("event", EVENTS)
def test_what_is_said_of_each_event_holds(event: str) -> None:
    assert [name for name, said in table().items() if not holds(event, name, said)] == []
