"""A port that lets a client wait: who filled the queue for that is never taken for the client."""

from __future__ import annotations

import errno
import socket
import sys
import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from conformance.harness.kernel import KernelView
from conformance.hosting.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="who asks is seen on Linux")

BOUND_S = 120.0  # only a failing test pays it


class Late:
    """A listening socket whose kernel is not done with the handshakes yet, when it is first asked for them."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._asked = False

    def accept(self) -> tuple[socket.socket, Any]:
        if not self._asked:
            self._asked = True
            raise BlockingIOError(errno.EAGAIN, "not yet")
        return self._listening.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listening, name)


@pytest.fixture
def kernel() -> Iterator[KernelView]:
    kernel = KernelView()
    yield kernel
    kernel.close()


@pytest.fixture
def listener(kernel: KernelView) -> Iterator[Listener]:
    listener = Listener(kernel)
    yield listener
    listener.close()


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6], ids=["over IPv4", "over IPv6"])
def client(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """Yield who asks, and is not heard at once. Java asks for IPv4 addresses over IPv6 sockets."""
    with socket.socket(request.param) as client:
        client.setblocking(False)
        yield client


def asks(client: socket.socket, listener: Listener) -> None:
    host, port = listener.address
    mapped = host if client.family == socket.AF_INET else f"::ffff:{host}"
    assert client.connect_ex((mapped, port)) == errno.EINPROGRESS


def let_in(listener: Listener) -> int:
    """Return the port of the client that is accepted."""
    deadline = time.monotonic() + BOUND_S
    while (accepted := listener.accept()) is None:
        assert time.monotonic() < deadline, "nobody comes"
        time.sleep(0.001)
    with accepted:
        return int(accepted.getpeername()[1])


def test_a_client_is_kept_waiting_and_let_in(listener: Listener, client: socket.socket) -> None:
    assert listener.fill()
    assert not listener.asked()
    asks(client, listener)
    assert listener.asked()
    assert listener.accept() is None
    listener.make_room()
    assert let_in(listener) == client.getsockname()[1]


def test_who_fills_the_queue_may_come_into_it_late(listener: Listener, client: socket.socket) -> None:
    """The end of a handshake is the kernel's own time, which on a busy machine may be later."""
    assert listener.fill()
    asks(client, listener)
    listener._socket = cast("Any", Late(listener._socket))
    listener.make_room()
    assert let_in(listener) == client.getsockname()[1]


def test_who_fills_the_queue_does_not_ask_for_a_client(
    listener: Listener, kernel: KernelView, client: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more than the queue holds is not heard, as a client is not."""
    told = iter([False, False, True])
    monkeypatch.setattr(kernel, "accept_queue_full", lambda _: next(told))
    assert listener.fill()
    assert not listener.asked()
    asks(client, listener)
    assert listener.asked()
