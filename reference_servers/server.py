r"""What is the same in every loop, whatever tells it about readiness.

A backend can `open` and `close` its kernel interface, `watch` a descriptor, `change` what is awaited of it, `forget`
it, and `wait` for readiness to `dispatch`. Everything between readiness and the connection stands here:

    wait -> dispatch -> handle -> readable -> receive -> Connection -> answer -> send -> settle -> change | drop
                              \-> writable -> send -> settle

Rules:

1. Readiness is a hint. An error or a hang-up counts as every readiness at once: the next `recv` or `send` finds out
   what happened, after what is left to read has been read.
2. An OSError while one connection is handled removes that connection, and nobody else notices.
3. Newcomers are accepted after a batch of readiness is handled. A number freed in this batch is therefore given to
   nobody before the batch is done, and a stale report finds no connection.
4. A descriptor is forgotten before it is closed: afterwards its number may mean another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from reference_servers.connection import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from reference_servers.listener import Address, Listener
    from reference_servers.log import Log
    from reference_servers.stop import StopSignals

READ = 1
WRITE = 2
CHUNK_BYTES = 1024


class Peer:
    """A connected socket and its connection. `address` is what accept gave: after a reset there is no other source.

    `interest` is the readiness awaited of it, `READ | WRITE`, and 0 once it has been dropped.
    """

    __slots__ = ("address", "connection", "fd", "interest", "socket")

    def __init__(self, sock: socket.socket, address: Address, connection: Connection) -> None:
        self.socket = sock
        self.fd = sock.fileno()
        self.address = address
        self.connection = connection
        self.interest = READ


class Server(ABC):
    """A readiness loop without its kernel interface: backends add `open`, `watch`, `change`, `forget` and `wait`.

    It owns `listener` and closes it. `run` returns after `stop` was requested.
    """

    connection_type: type[Connection] = Connection

    def __init__(self, listener: Listener, stop: StopSignals, log: Log) -> None:
        self.listener = listener
        self.stop = stop
        self.log = log
        self.peers: dict[int, Peer] = {}
        self.acceptable = False
        self.open()

    @abstractmethod
    def open(self) -> None:
        """Make what the kernel interface needs; part of making the server. Raises OSError when that fails."""

    @abstractmethod
    def watch(self, fd: int, interest: int) -> None:
        """Begin to wait for `interest`, `READ | WRITE`, of a descriptor that is not watched.

        Raises ValueError or OSError when this kernel interface cannot take it.
        """

    @abstractmethod
    def change(self, fd: int, was: int, interest: int) -> None:
        """Wait for `interest` instead of `was`, which differs from it; neither is 0."""

    @abstractmethod
    def forget(self, fd: int, was: int) -> None:
        """Stop waiting for `was` of a watched descriptor, which is still open."""

    @abstractmethod
    def wait(self, timeout_s: float | None) -> None:
        """Wait for readiness, at most `timeout_s` seconds (None: for ever), and `dispatch` what there is."""

    def run(self) -> None:
        """Serve until told to stop; then close every socket."""
        try:
            self.watch(self.stop.fd, READ)
            self.watch(self.listener.fd, READ)
            while not self.stop.requested:
                self.turn()
        finally:
            self.close()

    def turn(self) -> None:
        """Wait once, handle what is ready, then see to newcomers."""
        self.wait(self.timeout_s())
        self.see_to_newcomers()
        if self.log.pending:
            self.log.flush()

    def see_to_newcomers(self) -> None:
        """Accept where somebody may wait, and end a rest that is over."""
        if self.acceptable:
            self.accept()
        if self.listener.resting and not self.listener.rest_left_s():
            self.resume()

    def timeout_s(self) -> float | None:
        """Seconds until something is to be done that no readiness announces; None when there is no such thing."""
        if self.listener.resting:
            return self.listener.rest_left_s()
        return self.log.RETRY_S if self.log.pending else None

    def dispatch(self, fd: int, ready: int) -> None:
        """Pass on that a descriptor is ready for `ready`, `READ | WRITE`.

        Neither a peer nor the listener: the stop signal, which `run` sees, or a peer that this batch has dropped.
        """
        peer = self.peers.get(fd)
        if peer is not None:
            self.handle(peer, ready)
        elif fd == self.listener.fd:
            self.acceptable = True

    def handle(self, peer: Peer, ready: int) -> None:
        """Do for one peer what it wants and is ready for; remove it when its socket fails."""
        try:
            if ready & peer.interest & READ:
                self.readable(peer)
            if ready & peer.interest & WRITE:
                self.writable(peer)
        except OSError:
            self.drop(peer)

    def readable(self, peer: Peer) -> None:
        """Take one chunk from a peer and answer it. One, however many are there: the others have their turn."""
        chunk = self.receive(peer)
        if chunk is not None:
            if self.log.verbose and chunk:
                self.report_received(peer, chunk)
            peer.connection.receive(chunk)
            self.answer(peer)

    def answer(self, peer: Peer) -> None:
        """Send at once: a socket nearly always has room, and then nothing needs to be waited for."""
        self.writable(peer)

    def writable(self, peer: Peer) -> None:
        """Send what a peer is owed, as far as that goes."""
        if peer.connection.owed:
            self.send(peer)
        self.settle(peer)

    def receive(self, peer: Peer) -> bytes | None:
        """Return the next chunk, empty at the end of the stream, None when there is nothing now."""
        try:
            return peer.socket.recv(CHUNK_BYTES)
        except BlockingIOError:
            return None

    def send(self, peer: Peer) -> bool:
        """Offer the kernel all that is owed; False when it takes nothing now."""
        connection = peer.connection
        try:
            count = peer.socket.send(connection.owed)
        except BlockingIOError:
            return False
        connection.sent(count)
        return True

    def settle(self, peer: Peer) -> None:
        """Bring what is awaited of a peer into line with what its connection wants; drop it when that is finished."""
        connection = peer.connection
        if connection.ended and connection.finished:  # the former is no call, and nearly always False
            self.drop(peer)
            return
        interest = (READ if connection.wants_read else 0) | (WRITE if connection.owed else 0)
        if interest != peer.interest:
            self.change(peer.fd, peer.interest, interest)
            peer.interest = interest

    def drop(self, peer: Peer) -> None:
        """Remove a peer and close its socket."""
        self.forget(peer.fd, peer.interest)
        self.release(peer)

    def release(self, peer: Peer) -> None:
        """Close the socket of a peer that is not watched, and give its descriptor to whoever waits in the queue."""
        peer.interest = 0
        del self.peers[peer.fd]
        peer.socket.close()
        self.listener.hurry()

    def accept(self) -> None:
        """Admit those who wait; when no more can be admitted, let the listener rest."""
        self.acceptable = False
        for sock, address in self.listener.accept():
            self.admit(sock, address)
        if self.listener.resting:
            self.forget(self.listener.fd, READ)

    def resume(self) -> None:
        """Wait for newcomers again after a rest. To watch it anew makes even an edge-triggered interface report it."""
        try:
            self.watch(self.listener.fd, READ)
        except OSError:  # the kernel has no memory for it
            self.listener.rest()
        else:
            self.listener.resume()

    def admit(self, sock: socket.socket, address: Address) -> None:
        """Begin to serve a newcomer, or close it when the kernel interface cannot take it."""
        peer = Peer(sock, address, self.connection_type())
        self.peers[peer.fd] = peer
        try:
            self.watch(peer.fd, READ)
        except (OSError, ValueError):
            self.release(peer)
        else:
            if self.log.verbose:
                self.report_connected(peer)

    def report_connected(self, peer: Peer) -> None:
        """Log a newcomer."""
        self.log.connected(peer.address)

    def report_received(self, peer: Peer, chunk: bytes) -> None:
        """Log a chunk."""
        self.log.received(chunk, peer.address)

    def close(self) -> None:
        """Close every socket."""
        for peer in self.peers.values():
            peer.socket.close()
        self.listener.close()
