"""The selectors over the stand-ins are the standard library's, and nobody else has them."""

from __future__ import annotations

import select
import selectors
from typing import TYPE_CHECKING

import pytest
from stand_in_means import BOUND_S

from reference_servers.stand_ins import select as whole
from reference_servers.stand_ins.selectors import over_stand_ins

if TYPE_CHECKING:
    import socket

    Pair = tuple[socket.socket, socket.socket]

INTERFACES = ("kqueue", "devpoll")
LACKING = [f"{name.capitalize()}Selector" for name in INTERFACES if hasattr(whole, name) and not hasattr(select, name)]
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


@pytest.mark.parametrize("name", LACKING)
def test_it_is_the_code_of_this_python(name: str) -> None:
    with over_stand_ins(name) as selector:
        assert type(selector).__name__ == name
        assert type(selector).select.__code__.co_filename == selectors.__file__


@pytest.mark.parametrize("name", LACKING)
def test_the_modules_of_others_are_as_they_were(name: str) -> None:
    over_stand_ins(name).close()
    assert not hasattr(selectors, name)
    assert not hasattr(select, name.removesuffix("Selector").lower())


@pytest.mark.parametrize("name", LACKING)
def test_it_selects(name: str, pair: Pair) -> None:
    ours, theirs = pair
    with over_stand_ins(name) as selector:
        assert selector.fileno() >= 0  # type: ignore[attr-defined]  # only some have one
        selector.register(ours, READ, "ours")
        assert selector.select(0) == []
        theirs.send(b"x")
        ((key, events),) = selector.select(BOUND_S)
        assert (key.fd, key.data, events) == (ours.fileno(), "ours", READ)
        selector.modify(ours, READ | WRITE, "both")
        reported = 0
        for _ in range(2):
            for key, events in selector.select(BOUND_S):
                assert key.data == "both"
                reported |= events
        assert reported == READ | WRITE
        selector.unregister(ours)
        assert selector.select(0) == []
