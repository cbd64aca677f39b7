"""The port of a reproducer's server is nobody else's, also while that server is started again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from conformance.harness.launch import PortReservation
from conformance.report.reproducing import server
from conformance.report.reproducing.verdict import CannotTell

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give back what is kept, as the end of a reproducer does."""
    monkeypatch.setattr(server, "KEPT", [])
    yield
    for each in server.KEPT:
        each.close()


def choosing_from(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setattr(server, "PORTS", [port] * 100)


def test_what_a_run_keeps_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    reserved = PortReservation(HOST)
    choosing_from(monkeypatch, reserved.port)
    with pytest.raises(CannotTell):
        server.free_port(HOST)
    reserved.release()
    assert server.free_port(HOST) == reserved.port


def test_what_a_reproducer_keeps_is_taken_by_no_run_and_no_other_reproducer(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, other = server.free_port(HOST), PortReservation(HOST)
    other.release()
    choosing_from(monkeypatch, ours)
    with pytest.raises(CannotTell):
        server.free_port(HOST)
    chosen = iter([ours, ours, other.port])
    monkeypatch.setattr(random.SystemRandom, "randrange", lambda *_: next(chosen))
    again = PortReservation(HOST)
    assert again.port == other.port
    again.release()
