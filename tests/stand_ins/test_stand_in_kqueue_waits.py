"""What kqueue(2) and Python's `select.kqueue` say of waiting: timeouts, room for events, signals, arguments."""

from __future__ import annotations

import select as platform
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest
from kqueue_means import DELETE, READ, WRITE, Pair, change, none
from stand_in_means import BOUND_S

from reference_servers.stand_ins import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def test_without_room_nothing_is_waited_for(queue: select.kqueue, pair: Pair) -> None:
    ours, _ = pair
    assert queue.control([change(ours, WRITE)], 0) == []
    assert queue.control(None, 0, None) == []


def test_a_wait_lasts_as_long_as_it_was_asked_to(queue: select.kqueue, pair: Pair) -> None:
    queue.control([change(pair[0])], 0)
    assert queue.control(None, 1, 0) == []
    before = time.monotonic()
    assert queue.control(None, 1, 0.0015) == []
    assert time.monotonic() - before >= 0.0015


def test_without_a_timeout_it_waits_for_an_event(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    sender = threading.Thread(target=theirs.send, args=(b"x",))
    sender.start()
    (event,) = queue.control([change(ours)], 1)
    sender.join()
    assert event.data == 1


def test_no_more_than_asked_for_and_everyone_in_turn(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    ours.send(b"x")
    theirs.send(b"x")
    for end in pair:
        platform.select([end], [], [], BOUND_S)
    queue.control([change(end, kind) for end in pair for kind in (READ, WRITE)], 0)
    wanted = {(end.fileno(), kind) for end in pair for kind in (READ, WRITE)}
    seen = set()
    for _ in range(2 * len(wanted)):
        (event,) = queue.control(None, 1, BOUND_S)
        seen.add((event.ident, event.filter))
    assert seen == wanted
    assert len(queue.control(None, 3, BOUND_S)) == 3
    assert ours.recv(2) == theirs.recv(2) == b"x"


@pytest.fixture
def signalled() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Yield what has a signal come from a thread, and handled by a function in this one."""
    before = signal.getsignal(signal.SIGUSR1)
    main = threading.get_ident()
    threads: list[threading.Thread] = []

    def bring(handle: Callable[[], object]) -> None:
        signal.signal(signal.SIGUSR1, lambda *_: handle())
        threads.append(threading.Thread(target=signal.pthread_kill, args=(main, signal.SIGUSR1)))
        threads[-1].start()

    yield bring
    for thread in threads:
        thread.join()
    signal.signal(signal.SIGUSR1, before)


def test_a_wait_goes_on_after_a_signal(
    queue: select.kqueue, pair: Pair, signalled: Callable[[Callable[[], object]], None]
) -> None:
    ours, theirs = pair
    signalled(lambda: theirs.send(b"x"))
    (event,) = queue.control([change(ours)], 1)
    assert event.data == 1


def test_what_a_handler_raises_ends_a_wait(
    queue: select.kqueue, pair: Pair, signalled: Callable[[Callable[[], object]], None]
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    def wait() -> None:
        signalled(fail)
        queue.control([change(pair[0])], 1)

    with pytest.raises(ZeroDivisionError):
        wait()


def test_what_cannot_be_meant(queue: select.kqueue, pair: Pair) -> None:
    with pytest.raises(ValueError, match="positive"):
        queue.control(None, -1)
    with pytest.raises(ValueError, match="positive"):
        queue.control(None, 1, -1)
    with pytest.raises(TypeError, match="kevent"):
        queue.control([change(pair[0]), "no kevent"], 1)  # type: ignore[list-item]
    assert none(queue)
    with pytest.raises(FileNotFoundError):  # a list with something else in it is not applied at all
        queue.control([change(pair[0], flags=DELETE)], 0)
