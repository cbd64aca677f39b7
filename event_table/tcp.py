"""What happens to TCP sockets."""

from __future__ import annotations

import contextlib
import fcntl
import select
import socket
import struct
import termios
from collections.abc import Iterator
from pathlib import Path

from event_table.situation import (
    CLOSE_WAIT,
    CLOSED,
    SYN_SENT,
    connected,
    listening,
    situation,
    until,
    until_readable,
    until_state,
)

TO_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: linger, for no time; closing is a reset (socket(7))."""


@situation
def new_socket(stack: contextlib.ExitStack) -> Iterator[int]:
    """A socket that was never connected.

    Registered before `connect`, a socket is reported as hung up at once, and a loop that closes on HUP closes a socket
    that was never open. Connect first, without blocking, and register then.
    """
    ours = stack.enter_context(socket.socket())
    yield ours.fileno()
    yield ours.fileno()


@situation
def nobody_waits(stack: contextlib.ExitStack) -> Iterator[int]:
    """A listening socket, nobody waits."""
    listener = listening(stack)
    yield listener.fileno()
    yield listener.fileno()


@situation
def somebody_waits(stack: contextlib.ExitStack) -> Iterator[int]:
    """A listening socket, a connection waits.

    To accept is to read. Edge-triggered, one report stands for all who wait by then: accept until EAGAIN. A listening
    socket is never reported writable, so that who watches it for both does not spin.
    """
    listener = listening(stack)
    yield listener.fileno()
    stack.enter_context(socket.create_connection(listener.getsockname()))
    until_readable(listener)
    yield listener.fileno()


@situation
def who_waited_is_gone(stack: contextlib.ExitStack) -> Iterator[int]:
    """A listening socket, and the connection that waits has been reset.

    Still reported: `accept` returns it, and the reset is that socket's first news. Other systems take it out of the
    queue, and a listener that blocks then blocks the whole loop in `accept`: make it non-blocking (UNIX Network
    Programming, 16.6).
    """
    listener = listening(stack)
    yield listener.fileno()
    waiting = socket.create_connection(listener.getsockname())
    until_readable(listener)
    waiting.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, TO_RESET)
    ports = listener.getsockname()[1], waiting.getsockname()[1]
    waiting.close()
    until(lambda: not _known(*ports), "the reset has come")
    yield listener.fileno()


@situation
def connect_under_way(stack: contextlib.ExitStack) -> Iterator[int]:
    """A connect under way.

    Nothing, until its outcome is known. That it is writable then is not yet good news: see the next row.
    """
    listener = listening(stack, backlog=0)
    stack.enter_context(socket.create_connection(listener.getsockname()))  # the queue is full: no SYN is answered
    ours = stack.enter_context(socket.socket())
    ours.setblocking(False)
    yield ours.fileno()
    ours.connect_ex(listener.getsockname())
    until_state(ours, SYN_SENT)
    yield ours.fileno()


@situation
def connect_refused(stack: contextlib.ExitStack) -> Iterator[int]:
    """A connect that was refused.

    Everything comes at once, and OUT with it: who takes writable for connected sends into nothing. Ask SO_ERROR, which
    also takes the error away (the ERR is gone then, the HUP stays).
    """
    bound = stack.enter_context(socket.socket())
    bound.bind(("127.0.0.1", 0))
    ours = stack.enter_context(socket.socket())
    ours.setblocking(False)
    yield ours.fileno()
    ours.connect_ex(bound.getsockname())
    until(lambda: bool(_events(ours) & select.POLLERR), "refused")
    yield ours.fileno()


@situation
def idle(stack: contextlib.ExitStack) -> Iterator[int]:
    """Connected, and nothing happens.

    Writable is the usual state of a socket. Level-triggered, who has nothing to send must not ask for OUT: each wait
    returns at once, and the loop spins.
    """
    ours, _ = connected(stack)
    yield ours.fileno()
    yield ours.fileno()


@situation
def input_waits(stack: contextlib.ExitStack) -> Iterator[int]:
    """Input waits.

    An edge's report carries all that holds at the time, here OUT as well, and not only what has changed.
    """
    ours, theirs = connected(stack)
    yield ours.fileno()
    theirs.send(b"input")
    until_readable(ours)
    yield ours.fileno()


@situation
def part_was_read(stack: contextlib.ExitStack) -> Iterator[int]:
    """Input waits that was reported, and a part of it was read.

    Level: told again, as long as any is left. Edge: nothing has changed, nothing is told, and the rest waits for the
    peer to send more, which may itself be waiting for the answer. See [level and edge](level-and-edge.md).
    """
    ours, theirs = connected(stack)
    theirs.send(b"input")
    until_readable(ours)
    yield ours.fileno()
    ours.recv(2)
    yield ours.fileno()


@situation
def more_input(stack: contextlib.ExitStack) -> Iterator[int]:
    """More input comes to some that was reported and not read.

    An edge for each arrival, whether or not what was there before was read. That hides an undrained socket as long as
    the peer goes on sending.
    """
    ours, theirs = connected(stack)
    theirs.send(b"input")
    until_readable(ours)
    yield ours.fileno()
    theirs.send(b" and more")
    until(lambda: _unread_bytes(ours) == len(b"input and more"), "all of it has come")
    yield ours.fileno()


@situation
def urgent_byte(stack: contextlib.ExitStack) -> Iterator[int]:
    """An urgent byte has come (MSG_OOB).

    PRI without IN: the byte is no part of the stream, and `recv` would find nothing. It is reported only to who asked
    for it, `select`'s third set (which is not for errors), and until it is read by `recv(1, MSG_OOB)` or `recv` has
    passed its place in the stream: who asks and does neither spins.
    """
    ours, theirs = connected(stack)
    yield ours.fileno()
    theirs.send(b"!", socket.MSG_OOB)
    until(lambda: bool(select.select([], [], [ours], 0)[2]), "urgent")
    yield ours.fileno()


@situation
def fin_received(stack: contextlib.ExitStack) -> Iterator[int]:
    """The peer has half-closed: FIN has come.

    There is no bit for the end in poll(2): it is input, and `recv` returns nothing. No HUP: the other direction is
    open, and what is owed can be sent. RDHUP says it to who asks, and stays for as long as the socket does.
    """
    ours, theirs = connected(stack)
    yield ours.fileno()
    theirs.shutdown(socket.SHUT_WR)
    until_state(ours, CLOSE_WAIT)
    yield ours.fileno()


@situation
def data_and_fin(stack: contextlib.ExitStack) -> Iterator[int]:
    """Input and FIN have come.

    The same as FIN alone: RDHUP does not say that nothing is left to read. Who closes on it loses the input.
    """
    ours, theirs = connected(stack)
    yield ours.fileno()
    theirs.send(b"input")
    theirs.shutdown(socket.SHUT_WR)
    until_state(ours, CLOSE_WAIT)
    yield ours.fileno()


@situation
def end_was_read(stack: contextlib.ExitStack) -> Iterator[int]:
    """FIN has come and was read, `recv` having returned nothing.

    An end does not wear off: level-triggered it is reported for ever. Who still has something to send must stop asking
    for IN and RDHUP; an edge is silent.
    """
    ours, theirs = connected(stack)
    theirs.shutdown(socket.SHUT_WR)
    until_state(ours, CLOSE_WAIT)
    yield ours.fileno()
    ours.recv(1)
    yield ours.fileno()


@situation
def own_half_close(stack: contextlib.ExitStack) -> Iterator[int]:
    """We have half-closed (SHUT_WR).

    Still writable, for a send would not block: it fails (EPIPE).
    """
    ours, _ = connected(stack)
    yield ours.fileno()
    ours.shutdown(socket.SHUT_WR)
    yield ours.fileno()


@situation
def closed_both_ways(stack: contextlib.ExitStack) -> Iterator[int]:
    """Both directions are closed: FIN was sent and has come.

    HUP at last, with IN and RDHUP beside it: input that came before the end is still to be read. From now on it is
    reported unasked, so that asking for nothing does not make this socket quiet: it must be unregistered.
    """
    ours, theirs = connected(stack)
    yield ours.fileno()
    ours.shutdown(socket.SHUT_WR)
    theirs.shutdown(socket.SHUT_WR)
    until(lambda: bool(_events(ours) & select.POLLHUP), "both closed")
    yield ours.fileno()


@situation
def reset_received(stack: contextlib.ExitStack) -> Iterator[int]:
    """A reset has come.

    All at once; ERR never comes alone. `recv` first gives what came before the reset, then ECONNRESET, once. So
    whatever bit a loop looks at first, to `recv` is right, and no bit needs a branch of its own.
    """
    ours, theirs = connected(stack)
    yield ours.fileno()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, TO_RESET)
    theirs.close()
    until_state(ours, CLOSED)
    yield ours.fileno()


@situation
def error_was_read(stack: contextlib.ExitStack) -> Iterator[int]:
    """A reset has come, and its error was read.

    The error is gone with the call that returned it, be it `recv`, `send` or SO_ERROR: after that `recv` returns
    nothing, as after an orderly end. The HUP stays.
    """
    ours, theirs = connected(stack)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, TO_RESET)
    theirs.close()
    until_state(ours, CLOSED)
    yield ours.fileno()
    with contextlib.suppress(ConnectionResetError):
        ours.recv(1)
    yield ours.fileno()


@situation
def buffer_full(stack: contextlib.ExitStack) -> Iterator[int]:
    """The send buffer is full.

    The one time that OUT is missing, and the one time to ask for it: after a `send` that took less than it was given.
    """
    ours, _ = connected(stack)
    yield ours.fileno()
    _fill(ours)
    yield ours.fileno()


@situation
def room_again(stack: contextlib.ExitStack) -> Iterator[int]:
    """The send buffer was full, and the peer has read all.

    OUT comes back when a third of the buffer is free, not with the first byte. There is an edge only after a `send`
    that found no room: who was told of OUT and sent less than the buffer takes is not told again, and has to remember.
    """
    ours, theirs = connected(stack)
    size = _fill(ours)
    yield ours.fileno()
    while size:
        size -= len(theirs.recv(1 << 20))
    until(lambda: bool(_events(ours) & select.POLLOUT), "room")
    yield ours.fileno()


@situation
def full_and_fin(stack: contextlib.ExitStack) -> Iterator[int]:
    """The send buffer is full, and FIN has come.

    A client that half-closed and reads slowly, the state in which most loops spin: IN and RDHUP hold for as long as it
    takes its time, and there is nothing to do about them. Ask for OUT alone.
    """
    ours, theirs = connected(stack)
    yield ours.fileno()
    _fill(ours)
    theirs.shutdown(socket.SHUT_WR)
    until_state(ours, CLOSE_WAIT)
    yield ours.fileno()


def _events(sock: socket.socket) -> int:
    poller = select.poll()
    poller.register(sock, select.POLLIN | select.POLLOUT)
    return dict(poller.poll(0)).get(sock.fileno(), 0)


def _unread_bytes(sock: socket.socket) -> int:
    return int(struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, bytes(4)))[0])


def _fill(sock: socket.socket) -> int:
    """Send until there is no room and will be none, for nothing is in flight that could make some; return how much."""
    sent = 0
    while True:
        try:
            sent += sock.send(bytes(1 << 16))
        except BlockingIOError:
            until(lambda: not _in_flight(sock), "nothing in flight")
            if not _events(sock) & select.POLLOUT:
                return sent


def _in_flight(sock: socket.socket) -> int:
    """How many segments have been sent and not acknowledged (tcpi_unacked)."""
    return int(struct.unpack_from("I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28), 24)[0])


def _known(ours: int, theirs: int) -> bool:
    """Whether the kernel still has a connection of this port of ours (proc_net(5))."""
    ends = [row.split()[1:3] for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [f"0100007F:{ours:04X}", f"0100007F:{theirs:04X}"] in ends
