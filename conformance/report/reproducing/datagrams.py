"""Who sends datagrams, and whether any was lost on the way, which is nobody's fault."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from conformance.report.reproducing.client import RECEIVE_BYTES, Client
from conformance.report.reproducing.pumping import CLIENTS
from conformance.report.reproducing.received import Answers, content_of, reply_to
from conformance.report.reproducing.server import LOOK_AGAIN_S, SERVER, family_of, read
from conformance.report.reproducing.verdict import CannotTell, Fault, shown

QUEUED_WITHIN_S = 5.0
DROPPED_BEFORE: dict[str, int] = {}  # by the inodes of sockets


class DatagramAnswers(Answers):
    """Judges what one sender gets: to each datagram one answer, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.owed: list[bytes] = []
        self.optional: list[bytes] = []  # may be answered, and by as much as the server took
        self.asked = 0

    @property
    def settled(self) -> bool:
        """Whether every datagram that is owed an answer has had it."""
        return self.wrong is None and not self.owed

    def expect(self, data: bytes, *, promised: bool) -> None:
        """Take note of one that is sent."""
        self.asked += 1
        (self.owed if promised else self.optional).append(data)

    def hear(self, data: bytes) -> None:
        """Take in one that came."""
        content = content_of(data)
        part = next((each for each in self.optional if content is not None and each.startswith(content)), None)
        if content is not None and content in self.owed:
            self.owed.remove(content)
        elif part is not None:
            self.optional.remove(part)
        elif self.wrong is None:
            due = shown(reply_to(self.owed[0])) if self.owed else "nothing: every datagram has been answered"
            self.wrong = due, shown(data) if data else "an empty datagram"


class Sender(Client):
    """A datagram socket that asks the server, moved by `pump` beside the connections."""

    answers: DatagramAnswers

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.socket.close()  # of a connection, which this is not
        address = SERVER.udp or SERVER.address
        self.socket = socket.socket(family_of(address[0]), socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(address)  # sends nothing: who is not the server is not heard, and a refusal is
        self.local = self.socket.getsockname()[:2]
        self.answers = DatagramAnswers()
        self.begun = self.connected = True

    def ask(self, data: bytes) -> Sender:
        """Send one datagram, and wait until every one is answered."""
        return self.say(data).await_datagrams()

    def say(self, data: bytes, *, promised: bool = True) -> Sender:
        """Send one datagram; one that is not promised an answer need have none."""
        self.answers.expect(data, promised=promised)
        self._outgoing.append(memoryview(data))
        self.flush()
        return self

    def await_datagrams(self) -> Sender:
        """Wait until every datagram is answered."""
        self.wait(lambda: self.answers.settled, "it gets one answer to every datagram it sent")
        return self

    def vanish(self) -> Sender:
        """Close the socket: what is still to come for it is refused."""
        self.promised = False
        self.discard()
        return self

    def flush(self) -> None:
        """Give the kernel what it takes, a datagram at a time."""
        while self._outgoing and not self.over:
            try:
                self.socket.send(self._outgoing[0])
            except BlockingIOError:
                return
            except OSError:
                self.ending = "refused: nobody is at that port"
                return
            self._outgoing.popleft()

    def receive(self) -> None:
        """Take one datagram, if one has arrived."""
        try:
            self.answers.hear(self.socket.recv(RECEIVE_BYTES))
        except BlockingIOError:
            return
        except OSError:
            self.ending = "refused: nobody is at that port"

    def fault(self, expected: str, actual: str) -> Fault:
        """What to say of this sender. Raises `CannotTell` for a silence where something was lost."""
        if self.ending is None:
            see_that_nothing_was_lost()
        answered = self.answers.asked - len(self.answers.owed) - len(self.answers.optional)
        progress = f"{answered} of the {self.answers.asked} datagrams it sent were answered"
        return Fault(f"sender {self.number}: {expected}", f"{actual}; {progress}")


def sender(number: int) -> Sender:
    """The sender of that number."""
    if not any(isinstance(each, Sender) for each in CLIENTS.values()):
        DROPPED_BEFORE.update({inode: dropped for _, inode, _, dropped in datagram_sockets()})
    found = CLIENTS.get(number) or Sender(number)
    if not isinstance(found, Sender):
        raise CannotTell(f"{number} is the number of a connection")
    CLIENTS[number] = found
    return found


def queue_datagram(number: int, data: bytes, *, promised: bool = True) -> Sender:
    """Send one to the frozen server, and wait until it lies in the queue of its socket."""
    asking = sender(number)
    before, began = queued_bytes(), time.monotonic()
    asking.say(data, promised=promised)
    while queued_bytes() <= before and not asking.over:
        if time.monotonic() - began > QUEUED_WITHIN_S:
            raise CannotTell("what was sent did not arrive at the frozen server's socket")
        asking.receive()
        time.sleep(LOOK_AGAIN_S)
    return asking


def datagram_sockets() -> list[tuple[int, str, int, int]]:
    """Each UDP socket: its port, its inode, the memory of what it holds unread, and how many it dropped (proc(5))."""
    lines = [line.split() for name in ("udp", "udp6") for line in read(Path("/proc/net") / name).splitlines()[1:]]
    found = [(int(r[1].rpartition(":")[2], 16), r[9], int(r[4][9:], 16), int(r[12])) for r in lines]
    return list({each[1]: each for each in found}.values())  # some are named twice where others come meanwhile


def queued_bytes() -> int:
    """The memory of all that waits for the server to read it."""
    port = (SERVER.udp or SERVER.address)[1]
    return sum(held for at, _, held, _ in datagram_sockets() if at == port)


def see_that_nothing_was_lost() -> None:
    """Raises `CannotTell` where a socket had no room for a datagram, or nobody can tell."""
    server = (SERVER.udp or SERVER.address)[1]
    ports = {server, *(each.local[1] for each in CLIENTS.values() if isinstance(each, Sender))}
    found = [(at, inode, dropped) for at, inode, _, dropped in datagram_sockets() if at in ports]
    if not DROPPED_BEFORE and not any(at == server for at, _, _ in found):
        raise CannotTell("whether the datagrams arrived at the server's socket cannot be seen from here")
    if any(dropped > DROPPED_BEFORE.get(inode, 0) for _, inode, dropped in found):
        raise CannotTell("the kernel dropped datagrams for which a socket had no room")
