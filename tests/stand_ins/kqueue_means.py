"""A kqueue as the tests use it. Where the kernel has one, that is what is tested."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest
from stand_in_means import BOUND_S

from reference_servers.stand_ins import select

if TYPE_CHECKING:
    from collections.abc import Callable

if not hasattr(select, "kqueue"):
    pytest.skip("there is neither a kqueue nor a stand-in here", allow_module_level=True)

READ, WRITE = select.KQ_FILTER_READ, select.KQ_FILTER_WRITE
ADD, DELETE = select.KQ_EV_ADD, select.KQ_EV_DELETE

Pair = tuple[socket.socket, socket.socket]


def change(end: socket.socket | int, kind: int = READ, flags: int = ADD, udata: int = 0) -> select.kevent:
    return select.kevent(end, kind, flags, udata=udata)


def one(queue: select.kqueue) -> select.kevent:
    """The only event, as soon as there is one."""
    (event,) = queue.control(None, 10, BOUND_S)
    return event


def none(queue: select.kqueue) -> bool:
    return queue.control(None, 10, 0) == []


def until(queue: select.kqueue, condition: Callable[[select.kevent], bool]) -> select.kevent:
    """The first event that is as it should be; fails where none is within BOUND_S."""
    deadline = time.monotonic() + BOUND_S
    while not condition(event := one(queue)):
        assert time.monotonic() < deadline, event
    return event
