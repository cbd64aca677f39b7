"""The same exchanges with no suite around them: plain blocking sockets, one step after the other.

Nothing is drawn, confirmed, watched or written down. The oracle alone stays: where chunks end is the server's choice,
so only a parser can tell when an answer is complete.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import time

from clients.peer import NARROW_BUFFER_BYTES, NARROW_SEGMENT_BYTES
from conformance.harness import script as s
from conformance.oracle import Profile, answers

RECEIVE_BYTES = 65536
QUIET_WINDOW_S = 0.05
FLOOD_BYTES = 65536
# What is done to the server itself, by many at once, or in datagrams has no bare counterpart.
BEYOND = (
    *(s.Exhaust, s.Terminate, s.Glut, s.Torrents, s.Crowd, s.LeaveOutputUnread, s.AwaitLevelMemory),
    *(s.Datagram, s.Ask, s.AwaitDatagrams, s.Vanish),
)


def can_be_bare(script: s.Script) -> bool:
    """Whether nothing of it is `BEYOND` this."""
    return not any(isinstance(step, BEYOND) for step in script)


class Client:
    """A socket, and the oracle that says whether all is answered."""

    def __init__(self, address: tuple[str, int], *, narrow: bool) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if narrow:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, NARROW_SEGMENT_BYTES)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BUFFER_BYTES)
        self.socket.connect(address)
        self.answers = answers(Profile.RECEIVED)
        self.reading = True

    def send(self, data: bytes) -> None:
        """Send, and read what comes meanwhile: a long stream would block itself otherwise."""
        self.answers.sent(data)
        view = memoryview(data)
        while view:
            readable, writable, _ = select.select([self.socket] if self.reading else [], [self.socket], [])
            if readable:
                self.receive()
            if writable:
                view = view[self.socket.send(view[:RECEIVE_BYTES], socket.MSG_DONTWAIT) :]

    def receive(self) -> bool:
        """Take what is there; False at the end."""
        data = self.socket.recv(RECEIVE_BYTES)
        if hasattr(socket, "TCP_QUICKACK"):
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self.answers.answered(data)
        return bool(data)

    def reset(self) -> None:
        """End the connection by a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_for(self, step: s.ClientStep) -> None:
        """Read as long as the step does."""
        if isinstance(step, s.Ping | s.Await):
            while not self.answers.settled:
                self.receive()
        elif isinstance(step, s.AwaitEnd):
            while self.receive():
                pass


class Bare:
    """Plays scripts against the server at `address`, process `pid`."""

    def __init__(self, address: tuple[str, int], pid: int) -> None:
        self._address = address
        self._pid = pid

    def play(self, script: s.Script) -> None:
        """Do every step of a script that `can_be_bare`."""
        clients: dict[int, Client] = {}
        for step in script:
            if isinstance(step, s.Connect | s.Queue):
                narrow = isinstance(step, s.Connect) and step.narrow
                clients[step.client] = Client(self._address, narrow=narrow)
            elif isinstance(step, s.ClientStep):
                self._step(clients[step.client], step)
            else:
                self._server_step(step)
        for client in clients.values():
            client.socket.close()

    @staticmethod
    def _step(client: Client, step: s.ClientStep) -> None:
        match step:
            case s.Send(_, data) | s.Ping(_, data):
                client.send(data)
            case s.Flood():
                client.send(b"x" * FLOOD_BYTES)
            case s.Stall() | s.Resume():
                client.reading = isinstance(step, s.Resume)
            case s.HalfClose():
                client.socket.shutdown(socket.SHUT_WR)
            case s.Urgent():
                client.socket.send(b"!", socket.MSG_OOB)
            case s.Close():
                client.socket.close()
            case s.Reset():
                client.reset()
        client.wait_for(step)

    def _server_step(self, step: s.Step) -> None:
        if isinstance(step, s.Freeze):
            os.kill(self._pid, signal.SIGSTOP)
        elif isinstance(step, s.Thaw):
            os.kill(self._pid, signal.SIGCONT)
        elif isinstance(step, s.AwaitQuiet):
            time.sleep(QUIET_WINDOW_S)
