"""Bugs in how datagrams are answered."""

from __future__ import annotations

import errno
import select
import socket

from conformance.zoo.bug import bug
from conformance.zoo.effects import because
from reference_servers.backend_epoll_edge import EpollEdgeServer
from reference_servers.connection import reply_to
from reference_servers.datagrams import DatagramSocket
from reference_servers.listener import Address
from reference_servers.multi_service import MultiService
from reference_servers.server import Peer

IP_RECVERR = 11  # linux/in.h: ICMP errors come out of the next call, as they do on a connected socket
LARGE_BYTES = 65536
EMPTY_AMONG_THEM = {"datagram.quiescent": "an empty datagram is among those that it is sent"}


@bug("datagram.empty", seen="mongoose#3696, pupnp#498", collateral=EMPTY_AMONG_THEM)
class EmptyDatagramIsTheEnd(DatagramSocket):
    """An empty datagram is taken for the end, as it would be on a stream, and the socket takes no other."""

    ended = False

    def receive(self) -> tuple[bytes, Address]:
        """Be at the end for ever."""
        data, sender = super().receive()
        self.ended = self.ended or not data
        if self.ended:
            raise OSError(errno.ESHUTDOWN, "the end was reached")
        return data, sender


@bug("datagram.empty")
class IgnoresEmptyDatagram(DatagramSocket):
    """An empty datagram is dropped as if nothing had come."""

    def answer(self, data: bytes, sender: Address) -> None:
        """Answer what has bytes."""
        if data:
            super().answer(data, sender)


@bug("datagram.answered", seen="the example of Python's socketserver")
class StripsDatagram(DatagramSocket):
    """White space at both ends of a datagram is taken off before it is answered."""

    def answer(self, data: bytes, sender: Address) -> None:
        """Answer what is left."""
        super().answer(data.strip(), sender)


@bug("datagram.answered")
class AnswersDatagramTwice(DatagramSocket):
    """Each answer is sent twice, in case one is lost."""

    def send(self, data: bytes, receiver: Address) -> None:
        """Make sure."""
        super().send(data, receiver)
        super().send(data, receiver)


@bug("datagram.answered")
class AnswersInTwoDatagrams(DatagramSocket):
    """The prefix and the literal are written one after the other, as to a stream: they are two datagrams."""

    def answer(self, data: bytes, sender: Address) -> None:
        """Write them."""
        whole = reply_to(data)
        self.send(whole[:16], sender)
        self.send(whole[16:], sender)


@bug("datagram.whole")
class CutsLongDatagram(DatagramSocket):
    """The buffer for a datagram holds half of what the one for a stream does: the rest is thrown away."""

    def receive(self) -> tuple[bytes, Address]:
        """Take 512 bytes at most."""
        return self.socket.recvfrom(512)


@bug("datagram.oversized", "datagram.unsendable")
class KeepsRestOfLongDatagram(DatagramSocket):
    """What does not fit is kept, and comes before the bytes of the next datagram, whoever sent that."""

    rest = b""

    def receive(self) -> tuple[bytes, Address]:
        """Read whole datagrams, and hand on 1024 bytes at most."""
        data, sender = self.socket.recvfrom(LARGE_BYTES)
        data = self.rest + data
        self.rest = data[1024:1030]
        return data[:1024], sender


@bug("datagram.unsendable", seen="EMSGSIZE from sendto taken for the end of the socket")
class UnsendableAnswerIsTheEnd(DatagramSocket):
    """An answer that is too long to be sent is an error, and with the error the service ends."""

    ended = False

    def receive(self) -> tuple[bytes, Address]:
        """Read whole datagrams, and none after the end."""
        data, sender = self.socket.recvfrom(LARGE_BYTES)
        if self.ended:
            raise OSError(errno.ESHUTDOWN, "it failed")
        return data, sender

    def send(self, data: bytes, receiver: Address) -> None:
        """Fail once and for all."""
        try:
            self.socket.sendto(data, receiver)
        except OSError:
            self.ended = True


@bug(
    "datagram.own-sender",
    collateral=because(
        "two senders may be in one batch there as well",
        "datagram.oversized",
        "datagram.quiescent",
        "datagram.vanished-sender",
    ),
)
class AnswersLastSender(DatagramSocket):
    """A batch is read first and answered then, all of it to the sender of the last datagram."""

    def serve(self) -> bool:
        """Read, then answer."""
        batch = []
        try:
            while True:
                batch.append(self.receive())
        except BlockingIOError:
            for data, _ in batch:
                self.answer(data, batch[-1][1])
        return False


@bug("datagram.vanished-sender", seen="bun#35922", collateral={"datagram.quiescent": "one of the senders has gone"})
class RefusedAnswerIsTheEnd(DatagramSocket):
    """That an answer was refused comes out of the next call, and is taken for the end of the socket."""

    ended = False

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.socket.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)

    def receive(self) -> tuple[bytes, Address]:
        """Fail for ever after a first failure."""
        try:
            data, sender = super().receive()
        except BlockingIOError:
            raise
        except OSError:
            self.ended = True
            raise
        if self.ended:
            raise OSError(errno.ESHUTDOWN, "it failed")
        return data, sender


@bug("datagram.quiescent")
class LeavesErrorQueue(DatagramSocket):
    """What ICMP reports is queued for the socket, and nobody reads that queue: the loop is woken by it without end."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.socket.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


class EdgeServer(MultiService, EpollEdgeServer):
    """Correct: all services, edge-triggered."""


@bug("datagram.batch", seen="mio#1076", collateral={
    "datagram.own-sender": "several datagrams come in one batch",
    "datagram.quiescent": "several datagrams come in one batch",
    "datagram.streams-go-on": "several datagrams come in one batch",
    "datagram.datagrams-go-on": "several datagrams come in one batch",
    "datagram.oversized": "the next datagram may be there before the long one is taken",
    "datagram.unsendable": "the next datagram may be there before the long one is taken",
})  # fmt: skip
class TakesOneDatagramAnEdge(EdgeServer):
    """Edge-triggered, one datagram is taken for each report: the others wait for the next to come."""

    def watch(self, fd: int, interest: int) -> None:
        """Wait for input alone at that socket: with output as well, each answer would make a report."""
        if self.datagrams is not None and fd == self.datagrams.fd:
            self.poller.register(fd, self.INPUT | select.EPOLLET)
        else:
            super().watch(fd, interest)

    def turn(self) -> None:
        """Take one."""
        if self.datagrams is not None:
            self.datagrams.BUDGET = 1
        super().turn()
        self.datagrams_are_there = False


@bug("datagram.streams-go-on")
class DatagramsHideStreams(EdgeServer):
    """Edge-triggered, what a wait reports of connections is forgotten where it reports datagrams as well."""

    def handle(self, peer: Peer, ready: int) -> None:
        """Take note only where no datagrams are there."""
        if not self.datagrams_are_there:
            super().handle(peer, ready)


@bug("datagram.datagrams-go-on")
class StreamsHideDatagrams(EdgeServer):
    """Edge-triggered, a report of datagrams is forgotten where a connection is served in the same turn."""

    def wait(self, timeout_s: float | None) -> None:
        """Serve connections, and forget the rest."""
        self.served = False
        super().wait(timeout_s)
        self.datagrams_are_there = self.datagrams_are_there and not self.served

    def serve(self, peer: Peer) -> None:
        """Take note that one is served."""
        self.served = True
        super().serve(peer)
