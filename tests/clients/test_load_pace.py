"""When messages are due, and where connections come from."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time

import pytest

from clients.load.pace import NS, ClosedLoop, OpenLoop
from clients.load.ports import NoPort, Sources
from clients.load.processor import NoSuchProcess, processor_s


def test_a_closed_loop_fills_the_depth_now() -> None:
    pace = ClosedLoop(3)
    assert pace.due(0, 1, 5) == [5, 5]
    assert pace.due(0, 3, 5) == []
    assert pace.next_ns() is None


def test_an_open_loop_is_due_in_turn_whatever_was_answered() -> None:
    pace = OpenLoop(10, connections=2, depth=1, start_ns=0)
    assert [pace.due(index, 0, 0) for index in (0, 1)] == [[0], []]
    assert pace.ticked(0) == {0}
    assert pace.next_ns() == NS // 10
    # A second passes, in which nothing was answered: the others are due when they were.
    assert pace.due(0, 1, NS) == []
    assert pace.due(0, 0, NS) == [2 * NS // 10]
    assert pace.due(1, 0, NS) == [NS // 10]
    assert pace.ticked(NS) == {0, 1}
    assert sorted(pace.overdue(NS)) == [tick * NS // 10 for tick in range(3, 11)]


def test_after_its_end_an_open_loop_owes_what_was_due_before() -> None:
    pace = OpenLoop(10, connections=2, depth=1, start_ns=0)
    assert not pace.owes(0, NS // 4)
    pace.end(NS // 4, NS)  # at ticks 0 and 2 the first connection was to send, at tick 1 the second
    assert pace.next_ns() is None
    assert [pace.due(0, 0, NS // 2), pace.due(1, 0, NS // 2)] == [[0], [NS // 10]]
    assert [pace.owes(index, NS // 2) for index in (0, 1)] == [True, False]
    assert pace.due(0, 1, NS // 2) == []
    assert pace.overdue(NS // 4) == [2 * NS // 10]
    assert not pace.owes(0, NS)
    assert pace.due(0, 0, NS) == []


def test_after_its_end_a_closed_loop_owes_nothing() -> None:
    pace = ClosedLoop(3)
    pace.end(5, 10)
    assert pace.due(0, 0, 6) == []
    assert not pace.owes(0, 6)


def test_another_address_where_ports_run_short(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = Sources._begin

    def run_short(self: Sources, sock: socket.socket) -> int:
        return errno.EADDRNOTAVAIL if self._number == 0 else begin(self, sock)

    monkeypatch.setattr(Sources, "_begin", run_short)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sources = Sources(listener.getsockname())
        if sys.platform != "linux":
            with pytest.raises(NoPort):
                sources.connect()
            return
        with sources.connect() as first, sources.connect() as second:
            assert {each.getsockname()[0] for each in (first, second)} == {"127.0.1.1"}


def test_processor_time_of_another_process() -> None:
    before_s = processor_s(os.getpid())
    own_s = time.process_time()
    while time.process_time() < own_s + 0.05:
        pass
    assert 0.03 < processor_s(os.getpid()) - before_s < 10


def test_a_process_that_is_not_there() -> None:
    with pytest.raises(NoSuchProcess):
        processor_s(2**22 + 1)
