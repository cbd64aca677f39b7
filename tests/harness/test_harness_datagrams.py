"""Datagrams in scripts: what is asked and answered, who is to blame for silence, and who is not."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest
from harness_means import BOUND_S, received_answers, wait_until

from clients.peer import Ending
from conformance.harness import datagram_sockets
from conformance.harness import script as s
from conformance.harness.datagram_sockets import queued_bytes, sockets_at
from conformance.harness.law import breach_of
from conformance.harness.player import Player
from conformance.harness.server import Server
from conformance.harness.target import address_target, backend_target
from conformance.harness.transcript import Trouble
from conformance.report.reproducing import datagrams as reproducing
from conformance.report.reproducing.server import SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.harness.child import Keeper
    from conformance.harness.kernel import KernelView

SILENCE_S = 0.3
LOOPBACK = ("127.0.0.1", 0)
ALL_OF_IT = s.script(
    s.Ask(1, b"one"),
    s.Ask(1, b""),
    s.Connect(2),
    s.Freeze(),
    s.Datagram(1, b"two"),
    s.Datagram(3, b""),
    s.Datagram(4, b"gone"),
    s.Vanish(4),
    s.Thaw(),
    s.Ping(2, b"beside"),
    s.AwaitDatagrams(1),
    s.AwaitDatagrams(3),
    s.Datagram(3, b"x" * 3000, promised=False),
    s.Ask(5, b"three"),
)


def take_one(listener: socket.socket) -> None:
    listener.accept()[0].close()


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    """Yield a bound socket that nobody reads."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(LOOPBACK)
        yield bound


@pytest.fixture
def silent(keeper: Keeper, kernel: KernelView, receiver: socket.socket) -> Iterator[Server]:
    """Yield a server that accepts connections, and has that socket for its datagrams."""
    with socket.create_server(LOOPBACK) as listener:
        host, port = listener.getsockname()
        probed = threading.Thread(target=take_one, args=(listener,))  # the suite's own probe, as it starts
        probed.start()
        udp = f"{host}:{receiver.getsockname()[1]}"
        target = address_target(f"{host}:{port}", pid=None, profile="received", chunk_limit_bytes=1024, udp=udp)
        with Server(target, keeper, kernel) as server:
            server.start()
            probed.join()
            yield server


def test_a_right_server_keeps_the_law(keeper: Keeper, kernel: KernelView) -> None:
    with Server(backend_target("poll"), keeper, kernel) as server:
        server.start()
        transcript = Player(server, received_answers, BOUND_S).play(ALL_OF_IT)
    assert (transcript.stop, breach_of(transcript)) == (None, None)
    sender = transcript.clients[1]
    assert (sender.datagrams, sender.sent_bytes, sender.answered_bytes) == ((3, 3), 6, 6)
    assert [event.what for event in sender.events] == ["send", "receive"] * 3
    assert not transcript.clients[4].promised


def test_silence_is_held_against_who_took_the_datagram(silent: Server) -> None:
    transcript = Player(silent, received_answers, SILENCE_S).play(s.script(s.Ask(1, b"one")))
    assert transcript.stop is not None
    assert transcript.stop.trouble is Trouble.SILENCE
    breach = breach_of(transcript)
    assert breach is not None
    assert breach.timed
    assert breach.expected == "sender 1 gets one reply to every datagram it sent"
    assert "0 of the 1 datagrams it sent were answered" in breach.actual


def test_what_the_kernel_dropped_is_held_against_nobody(silent: Server, receiver: socket.socket) -> None:
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    many = s.script(*(s.Datagram(1, b"x" * 1000) for _ in range(8)), s.AwaitDatagrams(1))
    transcript = Player(silent, received_answers, SILENCE_S).play(many)
    assert transcript.stop is not None
    assert transcript.stop.trouble is Trouble.UNCERTAIN
    assert "no room" in transcript.stop.detail


def test_a_refusal_needs_no_clock(silent: Server, receiver: socket.socket) -> None:
    receiver.close()
    transcript = Player(silent, received_answers, BOUND_S).play(s.script(s.Ask(1, b"one")))
    assert transcript.stop is not None
    assert transcript.stop.trouble is Trouble.ENDED
    assert transcript.clients[1].ending is Ending.REFUSED
    breach = breach_of(transcript)
    assert breach is not None
    assert not breach.timed


@pytest.mark.usefixtures("kernel")
def test_each_datagram_in_a_queue_is_seen(receiver: socket.socket) -> None:
    port = receiver.getsockname()[1]
    seen = [queued_bytes(port)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for data in (b"", b"x", b"", b"x" * 1000):
            sender.sendto(data, receiver.getsockname())
            wait_until(lambda: queued_bytes(port) > seen[-1], "the datagram is in the queue")
            seen.append(queued_bytes(port))
    assert seen[0] == 0
    (only,) = sockets_at(port)
    assert (only.port, only.dropped) == (port, 0)


NAMED_TWICE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  812: 0100007F:1F41 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 4711 2 00000000 0
  812: 0100007F:1F41 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 4711 2 00000000 0
"""


def test_a_socket_that_the_kernel_names_twice_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does where others are opened between two readings of the table: the places in it have moved on."""
    monkeypatch.setattr(datagram_sockets, "_lines", lambda name: NAMED_TWICE.splitlines() if name == "udp" else [])
    assert queued_bytes(8001) == 0x300
    monkeypatch.setattr(reproducing, "read", lambda path: NAMED_TWICE if path.name == "udp" else "")
    monkeypatch.setattr(SERVER, "address", ("127.0.0.1", 8001))
    assert reproducing.queued_bytes() == 0x300
