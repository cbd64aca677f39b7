"""A client of a case, as its script knows it by number."""

from __future__ import annotations

from clients.peer import Peer
from conformance.harness.transcript import Answers, ClientRecord


class Client:
    """A peer, the oracle that listens to it, and whether anything is still promised about it."""

    def __init__(self, number: int, peer: Peer, answers: Answers) -> None:
        self.number = number
        self.peer = peer
        self.answers = answers
        self.promised = True
        self.inode = 0  # of the server's socket for it, where a step will ask for that

    def record(self) -> ClientRecord:
        """What became of it."""
        # What is still to come is no fault of a connection that goes on.
        fault = self.answers.finish() if self.peer.ending is not None else self.answers.fault
        return ClientRecord(
            number=self.number,
            sent_bytes=self.peer.sent_bytes,
            answered_bytes=self.answers.answered_bytes,
            received=bytes(self.peer.received),
            received_bytes=self.peer.received_bytes,
            settled=self.answers.settled,
            half_closed=self.peer.half_closed,
            promised=self.promised,
            ending=self.peer.ending,
            fault=fault,
            events=self.peer.events,
        )
