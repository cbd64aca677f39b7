"""The scripted peer, against a server's end that the test holds in its hand."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from harness_means import BOUND_S, wait_until

from clients.peer import KEPT_EVENTS, Ending, Peer, pump

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE = 1 << 20

Meet = Callable[..., tuple[Peer, socket.socket]]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(BOUND_S)
        yield listener


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    """Yield a list of peers that are discarded after the test."""
    made: list[Peer] = []
    yield made
    for peer in made:
        peer.discard()


@pytest.fixture
def meet(listener: socket.socket, peers: list[Peer]) -> Iterator[Meet]:
    """Yield what connects a new peer: it gives both ends."""
    ends: list[socket.socket] = []

    def make(**options: object) -> tuple[Peer, socket.socket]:
        peer = Peer(listener.getsockname()[:2], **options)  # type: ignore[arg-type]
        peers.append(peer)
        peer.connect()
        pumped([peer], lambda: peer.connected)
        end, _ = listener.accept()
        end.settimeout(BOUND_S)
        ends.append(end)
        return peer, end

    yield make
    for end in ends:
        end.close()


def pumped(peers: list[Peer], until: Callable[[], bool]) -> None:
    assert pump(peers, until, BOUND_S) is not None, [peer.events[-5:] for peer in peers]


def never() -> bool:
    return False


def break_off(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def fill(end: socket.socket) -> int:
    """Send until the next send would block; return how much that was."""
    end.setblocking(False)
    sent = 0
    try:
        while True:
            sent += end.send(b"z" * 4096)
    except BlockingIOError:
        return sent


@pytest.mark.parametrize(("how", "ending"), [(socket.socket.close, Ending.FIN), (break_off, Ending.RESET)])
def test_fin_and_reset_are_told_apart(meet: Meet, how: Callable[[socket.socket], None], ending: Ending) -> None:
    peer, end = meet()
    how(end)
    pumped([peer], lambda: peer.over)
    assert peer.ending is ending


def test_refused_is_no_reset(peers: list[Peer]) -> None:
    with socket.socket() as bound_only:
        bound_only.bind(("127.0.0.1", 0))
        peers.append(peer := Peer(bound_only.getsockname()[:2]))
        peer.connect()
        pumped([peer], lambda: peer.over)
    assert peer.ending is Ending.REFUSED
    assert not peer.connected


def test_silence_ends_the_pump_and_not_the_connection(meet: Meet) -> None:
    peer, end = meet()
    assert pump([peer], never, 0.05, slice_s=0.01) is None
    assert peer.ending is None
    end.sendall(b"late")
    pumped([peer], lambda: peer.received == b"late")


def test_a_half_closed_peer_reads_on(meet: Meet) -> None:
    peer, end = meet()
    peer.send(b"all")
    peer.half_close()
    assert end.recv(100) == b"all"
    assert end.recv(100) == b""
    end.sendall(b"answer")
    end.close()
    pumped([peer], lambda: peer.over)
    assert (peer.half_closed, bytes(peer.received), peer.ending) == (True, b"answer", Ending.FIN)


def test_a_half_close_comes_after_all_that_was_handed_over(meet: Meet) -> None:
    peer, end = meet()
    peer.send(bytes(8 * MEGABYTE))
    peer.half_close()
    assert peer.unsent_bytes
    assert not peer.half_closed
    left = 8 * MEGABYTE
    reader = threading.Thread(target=lambda: [None for _ in iter(lambda: end.recv(MEGABYTE), b"")])
    reader.start()
    pumped([peer], lambda: peer.half_closed)
    reader.join(BOUND_S)
    assert not reader.is_alive()
    assert peer.sent_bytes == left


def test_a_narrow_peer_takes_little(meet: Meet) -> None:
    _, towards_narrow = meet(narrow=True)
    _, towards_wide = meet()
    assert fill(towards_narrow) * 10 < fill(towards_wide)


def test_a_stalled_peer_reads_when_it_resumes(meet: Meet) -> None:
    peer, end = meet()
    peer.stall()
    end.sendall(b"answer")
    end.close()
    assert pump([peer], never, 0.05, slice_s=0.01) is None
    assert peer.received == b""
    assert not peer.over
    peer.resume()
    pumped([peer], lambda: peer.over)
    assert (bytes(peer.received), peer.ending) == (b"answer", Ending.FIN)


def test_a_stalled_peer_still_sends(meet: Meet) -> None:
    peer, end = meet()
    peer.stall()
    peer.send(b"more")
    assert end.recv(100) == b"more"


def test_an_urgent_byte_is_no_part_of_the_stream(meet: Meet) -> None:
    peer, end = meet()
    peer.urgent()
    assert select.select([], [], [end], BOUND_S)[2] == [end]
    end.setblocking(True)  # with a timeout, recv waits for what is readable in the stream
    assert end.recv(1, socket.MSG_OOB) == b"!"
    peer.send(b"stream")
    assert end.recv(100) == b"stream"
    assert not peer.over


def test_an_urgent_byte_that_finds_no_room_ends_nothing(meet: Meet) -> None:
    peer, _ = meet()
    peer.send(bytes(8 * MEGABYTE))
    assert peer.unsent_bytes
    peer.urgent()
    assert peer.ending is None


def test_what_is_not_kept_is_heard_and_counted(meet: Meet) -> None:
    heard = bytearray()
    peer, end = meet(keep_bytes=100, heard=heard.extend)
    said = bytes(range(250)) * 1000
    sender = threading.Thread(target=end.sendall, args=(said,))
    sender.start()
    pumped([peer], lambda: peer.received_bytes == len(said))
    sender.join(BOUND_S)
    assert peer.received == said[:100]
    assert heard == said


def test_a_long_story_keeps_its_beginning_and_its_end(meet: Meet) -> None:
    peer, end = meet()
    for _ in range(10 * KEPT_EVENTS):
        peer.send(b"x")
        end.recv(1)
    end.close()
    pumped([peer], lambda: peer.over)
    events = peer.events
    assert len(events) == 2 * KEPT_EVENTS
    assert (events[0].what, events[-1].what) == ("connect", "FIN")
    assert sorted(events, key=lambda event: event.at_s) == events


def test_three_megabytes_both_ways_do_not_deadlock(meet: Meet) -> None:
    said = bytes(range(256)) * (12 << 10)
    peer, end = meet(keep_bytes=len(said))

    def write_as_it_reads() -> None:
        while chunk := end.recv(65536):
            end.sendall(chunk)
        end.close()

    server = threading.Thread(target=write_as_it_reads)
    server.start()
    peer.send(said)
    peer.half_close()
    pumped([peer], lambda: peer.over)
    server.join(BOUND_S)
    assert peer.ending is Ending.FIN
    assert peer.received == said


def test_a_flood_ends_with_the_half_close(meet: Meet) -> None:
    peer, end = meet()
    peer.flood(lambda: b"f" * 1000)
    pumped([peer], lambda: peer.sent_bytes > MEGABYTE // 8)
    peer.half_close()
    drained: list[int] = []
    reader = threading.Thread(target=lambda: drained.extend(map(len, iter(lambda: end.recv(65536), b""))))
    reader.start()
    pumped([peer], lambda: peer.half_closed)
    reader.join(BOUND_S)
    assert sum(drained) == peer.sent_bytes


def test_only_silence_of_those_it_is_about_counts(meet: Meet) -> None:
    silent, _ = meet()
    talking, end = meet()
    asked = 0

    def every_other_time_it_says_something() -> bool:
        nonlocal asked
        asked += 1
        if asked % 2:
            end.sendall(b"x")
        return asked > 200

    watched = [silent, talking]
    assert pump(watched, every_other_time_it_says_something, 0.05, about=[silent], slice_s=0.01) is None
    assert asked < 200
    assert pump(watched, every_other_time_it_says_something, 1, slice_s=0.01) is not None


def test_ipv6(peers: list[Peer]) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        peers.append(peer := Peer(listener.getsockname()[:2]))
        peer.connect()
        pumped([peer], lambda: peer.connected)
        end, there = listener.accept()
        with end:
            assert peer.local == there[:2]
            end.sendall(b"six")
            pumped([peer], lambda: peer.received == b"six")


def test_a_reset_peer_resets(meet: Meet) -> None:
    peer, end = meet()
    peer.reset()
    assert peer.over
    with pytest.raises(ConnectionResetError):
        end.recv(1)


def test_what_was_said_before_the_server_broke_off_sending_is_read(
    meet: Meet,
) -> None:
    peer, end = meet()
    end.sendall(b"goodbye")
    end.close()
    wait_until(lambda: bool(select.select([peer], [], [], 0)[0]), "the answer is there")
    peer.send(b"too late")
    pumped([peer], lambda: peer.over)
    assert peer.received == b"goodbye"
