"""Fixtures of the stand-ins' tests, which say what the manuals say, and hold for the real thing as well."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from stand_in_means import BOUND_S

from reference_servers.stand_ins import select

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield the two ends of a connection over loopback: ours, which does not block, and the peer's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname(), BOUND_S)
        ours, _ = listener.accept()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def queue() -> Iterator[select.kqueue]:
    """Yield an empty queue."""
    queue = select.kqueue()
    yield queue
    queue.close()
