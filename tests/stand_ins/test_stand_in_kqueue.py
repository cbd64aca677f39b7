"""kqueue(2) and Python's `select.kqueue`, a statement a test. Where the kernel has one, that is what is tested."""

from __future__ import annotations

import contextlib
import errno
import os
import select as platform
import socket
import struct
from typing import TYPE_CHECKING

import pytest
from kqueue_means import ADD, DELETE, READ, WRITE, Pair, change, none, one, until
from stand_in_means import BOUND_S

from reference_servers.stand_ins import select

if TYPE_CHECKING:
    from collections.abc import Iterator

ENABLE, DISABLE = select.KQ_EV_ENABLE, select.KQ_EV_DISABLE
NO_FILTER = -99


@pytest.fixture
def near() -> Iterator[Pair]:
    """Yield a connection within the kernel: nothing is under way on it, so its buffers stay full once they are."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def reset(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def fill(end: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while True:
            end.send(bytes(1 << 16))


def test_changes_are_applied_before_events_are_waited_for(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"four")
    (event,) = queue.control([change(ours, udata=7)], 1, BOUND_S)
    assert (event.ident, event.filter, event.data, event.udata) == (ours.fileno(), READ, 4, 7)
    assert not event.flags & (select.KQ_EV_EOF | select.KQ_EV_ERROR)


def test_an_event_is_repeated_as_long_as_it_holds(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    queue.control([change(ours)], 0)
    assert none(queue)
    theirs.send(b"four")
    assert one(queue).data == 4
    assert ours.recv(1) == b"f"
    assert one(queue).data == 3
    assert ours.recv(3) == b"our"
    assert none(queue)


def test_the_end_of_the_stream_is_told_beside_what_is_left_to_read(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    queue.control([change(ours)], 0)
    theirs.send(b"rest")
    theirs.shutdown(socket.SHUT_WR)
    assert until(queue, lambda event: bool(event.flags & select.KQ_EV_EOF)).data == 4
    assert ours.recv(10) == b"rest"
    event = one(queue)
    assert event.flags & select.KQ_EV_EOF
    assert event.data == 0
    assert ours.recv(10) == b""


@pytest.mark.parametrize("kind", [READ, WRITE], ids=["read", "write"])
def test_a_reset_is_an_end_and_its_error_is_left_to_whoever_calls(queue: select.kqueue, pair: Pair, kind: int) -> None:
    ours, theirs = pair
    queue.control([change(ours, kind)], 0)
    reset(theirs)
    until(queue, lambda event: bool(event.flags & select.KQ_EV_EOF))
    with pytest.raises(ConnectionResetError):
        ours.recv(1)


def test_a_listening_socket_tells_how_many_wait(queue: select.kqueue) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        queue.control([change(listener)], 0)
        assert none(queue)
        with contextlib.ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(socket.create_connection(listener.getsockname(), BOUND_S))
            until(queue, lambda event: event.data == 2)
            listener.accept()[0].close()
            assert one(queue).data == 1


def test_room_to_write_is_told_while_there_is_any(queue: select.kqueue, near: Pair) -> None:
    ours, _ = near
    queue.control([change(ours, WRITE)], 0)
    event = one(queue)
    assert event.filter == WRITE
    assert event.data > 0
    fill(ours)
    assert none(queue)


def test_both_directions_are_two_events(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    queue.control([change(ours)], 0)
    one(queue)
    events = queue.control([change(ours, WRITE)], 10, BOUND_S)
    assert {event.filter for event in events} == {READ, WRITE}
    queue.control([change(ours, WRITE, DELETE)], 0)
    assert one(queue).filter == READ


def test_adding_again_changes_and_makes_no_second(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    queue.control([change(ours, udata=1), change(ours, udata=2)], 0)
    assert one(queue).udata == 2
    queue.control([change(ours, flags=DELETE)], 0)
    assert none(queue)


@pytest.mark.parametrize(
    ("kind", "flags", "number"),
    [(READ, DELETE, errno.ENOENT), (READ, ENABLE, errno.ENOENT), (NO_FILTER, ADD, errno.EINVAL)],
    ids=["delete nothing", "enable nothing", "no such filter"],
)
def test_an_error_of_a_change(queue: select.kqueue, pair: Pair, kind: int, flags: int, number: int) -> None:
    ours, theirs = pair
    with pytest.raises(OSError, match=os.strerror(number)):
        queue.control([change(theirs), change(ours, kind, flags), change(ours, WRITE)], 0)
    # What stood before it in the list is applied, what stood behind it is not.
    queue.control([change(theirs, flags=DELETE)], 0)
    assert none(queue)
    # With room for it, it is an event, nothing is waited for, and what stood behind it is applied.
    (event,) = queue.control([change(ours, kind, flags, udata=3), change(ours, WRITE)], 2)
    assert event.flags & select.KQ_EV_ERROR
    assert (event.ident, event.filter, event.data, event.udata) == (ours.fileno(), kind, number, 3)
    assert one(queue).filter == WRITE


def test_a_descriptor_that_is_not_open_is_an_error(queue: select.kqueue) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    (event,) = queue.control([change(read_end)], 1)
    assert event.flags & select.KQ_EV_ERROR
    assert event.data == errno.EBADF
    os.close(write_end)


def test_more_errors_than_room_are_raised(queue: select.kqueue, pair: Pair) -> None:
    with pytest.raises(FileNotFoundError):
        queue.control([change(end, flags=DELETE) for end in pair], 1)


def test_oneshot_is_returned_once(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    queue.control([change(ours, flags=ADD | select.KQ_EV_ONESHOT)], 0)
    one(queue)
    assert none(queue)
    with pytest.raises(FileNotFoundError):
        queue.control([change(ours, flags=DELETE)], 0)


@pytest.mark.parametrize("disabled", [(ADD | DISABLE,), (ADD, DISABLE)], ids=["from the start", "later"])
@pytest.mark.parametrize("enabled", [ENABLE, ADD, ADD | ENABLE], ids=["enable", "add", "both"])
def test_a_disabled_event_is_kept_and_not_returned(
    queue: select.kqueue, pair: Pair, disabled: tuple[int, ...], enabled: int
) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    for flags in disabled:
        queue.control([change(ours, flags=flags)], 0)
    assert none(queue)
    queue.control([change(ours, flags=enabled)], 0)
    assert one(queue).data == 1


def test_a_disabled_event_says_nothing_of_a_reset(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    with contextlib.closing(select.kqueue()) as other:
        other.control([change(ours)], 0)
        queue.control([change(ours, flags=ADD | DISABLE)], 0)
        reset(theirs)
        one(other)
    assert none(queue)
    assert queue.control(None, 1, 0.001) == []
    queue.control([change(ours, flags=ENABLE)], 0)
    assert one(queue).flags & select.KQ_EV_EOF


def test_with_clear_input_is_told_once_for_each_arrival(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    queue.control([change(ours, flags=ADD | select.KQ_EV_CLEAR)], 0)
    for total in (1, 2):
        theirs.send(b"x")
        assert one(queue).data == total
        assert none(queue)
    theirs.shutdown(socket.SHUT_WR)
    event = one(queue)
    assert event.flags & select.KQ_EV_EOF
    assert event.data == 2
    assert none(queue)


def test_with_clear_room_is_told_again_when_it_was_used_up_and_made(queue: select.kqueue, near: Pair) -> None:
    ours, theirs = near
    queue.control([change(ours, WRITE, ADD | select.KQ_EV_CLEAR)], 0)
    one(queue)
    assert none(queue)
    fill(ours)
    ours.shutdown(socket.SHUT_WR)
    while theirs.recv(1 << 20):
        pass
    assert one(queue).filter == WRITE


def test_the_two_filters_have_triggers_of_their_own(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    queue.control([change(ours, WRITE, ADD | select.KQ_EV_CLEAR)], 0)
    queue.control([change(ours, READ)], 0)
    until_both = {one.filter for _ in range(2) for one in queue.control(None, 10, BOUND_S)}
    assert until_both == {READ, WRITE}
    assert one(queue).filter == READ


def test_closing_a_descriptor_removes_its_events(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    number = ours.fileno()
    queue.control([change(ours, READ, ADD | DISABLE), change(ours, WRITE)], 0)
    one(queue)
    again = socket.socket()
    with again:
        ours.close()
        assert none(queue)
        os.dup2(again.fileno(), number, inheritable=False)
        try:
            assert none(queue)
            for kind in (READ, WRITE):
                with pytest.raises(FileNotFoundError):
                    queue.control([change(number, kind, DELETE)], 0)
            with pytest.raises(FileNotFoundError):
                queue.control([change(number, READ, ENABLE)], 0)
        finally:
            os.close(number)


def test_its_descriptor_is_readable_while_there_are_events(queue: select.kqueue, pair: Pair) -> None:
    ours, theirs = pair
    queue.control([change(ours)], 0)
    assert platform.select([queue.fileno()], [], [], 0)[0] == []
    theirs.send(b"x")
    assert platform.select([queue.fileno()], [], [], BOUND_S)[0] == [queue.fileno()]


def test_it_is_closed_once_and_says_so() -> None:
    queue = select.kqueue()
    assert not queue.closed
    assert not os.get_inheritable(queue.fileno())
    queue.close()
    queue.close()
    assert queue.closed
    for use in (queue.fileno, lambda: queue.control(None, 0)):
        with pytest.raises(ValueError, match="closed"):
            use()


def test_an_event_has_its_values(pair: Pair) -> None:
    ours, _ = pair
    event = select.kevent(ours)
    assert (event.ident, event.filter, event.flags) == (ours.fileno(), READ, ADD)
    assert (event.fflags, event.data, event.udata) == (0, 0, 0)
    assert event == select.kevent(ours.fileno(), READ, ADD, 0, 0, 0)
    assert event != select.kevent(ours.fileno(), WRITE)
    assert f"ident={ours.fileno()}" in repr(event)
