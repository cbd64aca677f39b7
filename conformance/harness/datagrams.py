"""The player's part for datagrams: who sends them, and what is waited for.

A datagram may be lost without anybody's fault. So silence is held against a server only where the kernel says that
nothing was dropped; what is done to a frozen server is seen in its socket's queue before the next step; and a case
never has more in there than any buffer holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from clients.datagram_peer import DatagramPeer
from clients.peer import Pumped
from conformance.harness import script as s
from conformance.harness.datagram_sockets import queued_bytes
from conformance.harness.server import Server
from conformance.harness.transcript import Answers, ClientRecord, DatagramAnswers, Halted, Trouble

ARRIVES_WITHIN_S = 5.0
LOOK_AGAIN_S = 0.0005


class _Sender:
    """A peer, the oracle that listens to it, and whether anything is still promised to it."""

    def __init__(self, number: int, peer: DatagramPeer, answers: DatagramAnswers) -> None:
        self.number = number
        self.peer = peer
        self.answers = answers
        self.promised = True

    def record(self) -> ClientRecord:
        fault = self.answers.finish() if self.peer.ending is not None else self.answers.fault
        return ClientRecord(
            number=self.number,
            sent_bytes=self.peer.sent_bytes,
            answered_bytes=self.answers.answered_bytes,
            received=bytes(self.peer.received),
            received_bytes=self.peer.received_bytes,
            settled=self.answers.settled,
            half_closed=False,
            promised=self.promised,
            ending=self.peer.ending,
            fault=fault,
            events=self.peer.events,
            datagrams=(self.answers.answered_datagrams, self.answers.sent_datagrams),
        )


class Datagrams:
    """Does these steps.

    `pump` moves everything until a condition holds, and raises `Halted`; `frozen` says whether the server stands still.
    """

    def __init__(
        self,
        server: Server,
        answers: Callable[[], Answers],
        pump: Callable[[Sequence[Pumped], Callable[[], bool]], None],
        frozen: Callable[[], bool],
    ) -> None:
        self._server = server
        self._answers = answers
        self._pump = pump
        self._frozen = frozen
        self._senders: dict[int, _Sender] = {}
        self.steps: dict[type[s.Step], Callable[..., None]] = {
            s.Datagram: self._datagram,
            s.Ask: self._ask,
            s.AwaitDatagrams: self._await,
            s.Vanish: self._vanish,
        }

    @property
    def peers(self) -> list[DatagramPeer]:
        """Whom to move beside the connections."""
        return [sender.peer for sender in self._senders.values()]

    def records(self) -> dict[int, ClientRecord]:
        """What came of each sender."""
        return {number: sender.record() for number, sender in self._senders.items()}

    def take_what_is_there(self) -> None:
        """What comes unasked shows here at the latest."""
        for peer in self.peers:
            if not peer.over:
                peer.receive()

    def discard(self) -> None:
        """Give all descriptors back."""
        for peer in self.peers:
            peer.discard()

    def _sender(self, number: int) -> _Sender:
        if number not in self._senders:
            answers = self._answers().datagrams()
            peer = DatagramPeer(self._server.datagram_address, heard=answers.answered)
            self._senders[number] = _Sender(number, peer, answers)
        return self._senders[number]

    def _datagram(self, step: s.Datagram) -> None:
        sender = self._sender(step.client)
        port = self._server.datagram_address[1]
        before = queued_bytes(port) if self._frozen() else 0
        sender.answers.sent(step.data, promised=step.promised)
        sender.peer.send(step.data)
        if self._frozen():
            self._confirm(sender, port, before)

    def _confirm(self, sender: _Sender, port: int, before: int) -> None:
        """See that it waits in the queue of the frozen server's socket."""
        deadline = time.monotonic() + ARRIVES_WITHIN_S
        while queued_bytes(port) <= before or not sender.peer.all_sent:
            if sender.peer.over:
                return  # nobody is there, which needs no clock
            if time.monotonic() > deadline:
                raise Halted(Trouble.UNCERTAIN, "what was sent did not arrive at the frozen server's socket")
            sender.peer.ready(sender.peer.interest())
            time.sleep(LOOK_AGAIN_S)

    def _ask(self, step: s.Ask) -> None:
        self._datagram(s.Datagram(step.client, step.data))
        self._await(step)

    def _await(self, step: s.ClientStep) -> None:
        sender = self._sender(step.client)
        peer, answers = sender.peer, sender.answers
        try:
            self._pump([peer], lambda: answers.settled or peer.over or answers.fault is not None)
        except Halted as halted:
            why = self._server.datagrams_lost(*(each.local[1] for each in self.peers))
            if halted.trouble is not Trouble.SILENCE or why is None:
                raise
            raise Halted(Trouble.UNCERTAIN, why) from None
        if answers.fault is not None:
            raise Halted(Trouble.FAULT)
        if not answers.settled:
            raise Halted(Trouble.ENDED)

    def _vanish(self, step: s.Vanish) -> None:
        sender = self._sender(step.client)
        sender.promised = False
        sender.peer.vanish()
