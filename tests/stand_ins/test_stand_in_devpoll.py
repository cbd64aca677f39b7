"""poll(7D) and Python's `select.devpoll`, a statement a test."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import select as platform
import socket
import threading
import time
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING

import pytest
from stand_in_means import BOUND_S

from reference_servers.stand_ins import select

if TYPE_CHECKING:
    from collections.abc import Iterator

    Pair = tuple[socket.socket, socket.socket]

if not hasattr(select, "devpoll"):
    pytest.skip("there is neither a /dev/poll nor a stand-in here", allow_module_level=True)

BOUND_MS = BOUND_S * 1000


@pytest.fixture
def device() -> Iterator[select.devpoll]:
    device = select.devpoll()
    yield device
    device.close()


@contextlib.contextmanager
def limit_of_descriptors(soft: int) -> Iterator[None]:
    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))


def first_free() -> int:
    number = os.dup(0)
    os.close(number)
    return number


def test_it_reports_as_long_as_it_holds(device: select.devpoll, pair: Pair) -> None:
    ours, theirs = pair
    device.register(ours, platform.POLLIN)
    assert device.poll(0) == []
    theirs.send(b"x")
    for _ in range(2):
        assert device.poll(BOUND_MS) == [(ours.fileno(), platform.POLLIN)]
    ours.recv(1)
    assert device.poll(0) == []


def test_a_mask_adds_to_the_one_that_is_there_and_modify_replaces_it(device: select.devpoll, pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    device.register(ours.fileno(), platform.POLLIN)
    device.poll(BOUND_MS)
    device.register(ours, platform.POLLOUT)
    assert device.poll(BOUND_MS) == [(ours.fileno(), platform.POLLIN | platform.POLLOUT)]
    device.modify(ours, platform.POLLOUT)
    assert device.poll(BOUND_MS) == [(ours.fileno(), platform.POLLOUT)]


def test_without_a_mask_it_is_input_output_and_what_is_urgent(device: select.devpoll, pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    device.register(ours, platform.POLLIN)
    device.poll(BOUND_MS)
    device.modify(ours)
    assert device.poll(BOUND_MS) == [(ours.fileno(), platform.POLLIN | platform.POLLOUT)]


def test_what_is_not_watched_can_be_removed(device: select.devpoll, pair: Pair) -> None:
    ours, _ = pair
    device.register(ours, platform.POLLOUT)
    device.unregister(ours)
    device.unregister(ours)
    assert device.poll(0) == []


def test_a_hang_up_is_reported_unasked(device: select.devpoll) -> None:
    read_end, write_end = os.pipe()
    device.register(read_end, 0)
    assert device.poll(0) == []
    os.close(write_end)
    assert device.poll(BOUND_MS) == [(read_end, platform.POLLHUP)]
    device.unregister(read_end)
    os.close(read_end)


@pytest.mark.parametrize("timeout", [None, -1])
def test_without_a_timeout_it_waits(device: select.devpoll, pair: Pair, timeout: int | None) -> None:
    ours, theirs = pair
    device.register(ours, platform.POLLIN)
    sender = threading.Thread(target=theirs.send, args=(b"x",))
    sender.start()
    assert device.poll(timeout) == [(ours.fileno(), platform.POLLIN)]
    sender.join()


def test_the_timeout_is_in_milliseconds(device: select.devpoll, pair: Pair) -> None:
    device.register(pair[0], platform.POLLIN)
    before = time.monotonic()
    assert device.poll(2) == []
    assert 0.002 <= time.monotonic() - before < 2


def test_as_many_are_returned_as_the_limit_allowed_when_it_was_opened() -> None:
    limit = first_free() + 1
    with limit_of_descriptors(limit), contextlib.closing(select.devpoll()) as device, contextlib.ExitStack() as stack:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        ends = [end for _ in range(limit) for end in map(stack.enter_context, socket.socketpair())]
        for end in ends:
            device.register(end, platform.POLLOUT)
        seen = [device.poll(BOUND_MS) for _ in range(3)]
        assert [len(ready) for ready in seen] == [soft] * 3
        assert {number for ready in seen for number, _ in ready} == {end.fileno() for end in ends}


def test_a_limit_below_what_is_registered_is_an_error(device: select.devpoll) -> None:
    with contextlib.ExitStack() as stack:
        for end in (end for _ in range(5) for end in map(stack.enter_context, socket.socketpair())):
            device.register(end, platform.POLLOUT)
        with limit_of_descriptors(5), pytest.raises(OSError, match=os.strerror(errno.EINVAL)):
            device.poll(0)
        assert len(device.poll(0)) == 10


def test_it_is_closed_once_and_says_so(pair: Pair) -> None:
    device = select.devpoll()
    assert not device.closed
    assert not os.get_inheritable(device.fileno())
    device.close()
    device.close()
    assert device.closed
    for use in (device.fileno, device.poll, lambda: device.register(pair[0]), lambda: device.unregister(pair[0])):
        with pytest.raises(ValueError, match="closed"):
            use()


def test_where_the_platform_has_one_there_is_no_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "devpoll", "the real one", raising=False)
    spec = spec_from_file_location("anew", select.__file__)
    assert spec is not None
    assert spec.loader is not None
    anew = module_from_spec(spec)
    spec.loader.exec_module(anew)
    assert anew.devpoll == "the real one"
