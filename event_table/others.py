"""What happens to descriptors that are no TCP sockets."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import tempfile
from collections.abc import Iterator

from event_table.situation import situation, until


@situation
def icmp_came_back(stack: contextlib.ExitStack) -> Iterator[int]:
    """A connected UDP socket: nobody is at the port, ICMP said so.

    ERR without IN, for there is nothing to receive, and without HUP, for the socket is as good as before. The error is
    taken by the next `recv` or `send` that fails with it: a server that treats it as the end serves nobody any more.
    """
    bound = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    bound.bind(("127.0.0.1", 0))
    ours = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    ours.connect(bound.getsockname())
    bound.close()
    yield ours.fileno()
    ours.send(b"anybody?")
    until(lambda: bool(_reported(ours.fileno(), 0)), "the error has come")
    yield ours.fileno()


@situation
def unix_peer_closed(stack: contextlib.ExitStack) -> Iterator[int]:
    """A Unix-domain socket: the peer has closed.

    HUP at once: here close is the end of both directions, where TCP's FIN is the end of one. The same loop over both
    must not take HUP for granted, nor for an error.
    """
    ours, theirs = map(stack.enter_context, socket.socketpair())
    yield ours.fileno()
    theirs.close()
    yield ours.fileno()


@situation
def writer_gone(stack: contextlib.ExitStack) -> Iterator[int]:
    """A pipe to read from: the writer is gone.

    HUP alone, without IN, while `read` returns nothing and would not block: a loop that reads on IN only never sees
    this end, and as HUP comes unasked and stays, it spins.
    """
    ours, theirs = _pipe(stack)
    yield ours
    os.close(theirs.pop())
    yield ours


@situation
def writer_gone_with_input(stack: contextlib.ExitStack) -> Iterator[int]:
    """A pipe to read from: input waits, and the writer is gone.

    HUP beside IN. Who acts on HUP first loses the input.
    """
    ours, theirs = _pipe(stack)
    yield ours
    os.write(theirs[0], b"input")
    os.close(theirs.pop())
    yield ours


@situation
def reader_gone(stack: contextlib.ExitStack) -> Iterator[int]:
    """A pipe to write to: the reader is gone.

    ERR, and no HUP: the end of a pipe has one name at one end and another at the other. `write` fails (EPIPE, and
    SIGPIPE before it).
    """
    theirs, ours = os.pipe()
    stack.callback(os.close, ours)
    yield ours
    os.close(theirs)
    yield ours


@situation
def terminal_hung_up(stack: contextlib.ExitStack) -> Iterator[int]:
    """A terminal that has hung up.

    Everything but PRI, and nothing is left to be done: `read` returns nothing, `write` fails (EIO).
    """
    theirs, ours = os.openpty()
    stack.callback(os.close, ours)
    yield ours
    os.close(theirs)
    until(lambda: bool(_reported(ours, 0) & select.POLLHUP), "hung up")
    yield ours


@situation
def regular_file(stack: contextlib.ExitStack) -> Iterator[int]:
    """A regular file.

    Always ready, also at its end, and however long the disk takes: readiness says nothing about files. epoll refuses
    them (EPERM), and with it the `selectors` that stand on it: a client whose standard input may be a file needs
    `select` or `poll`.
    """
    file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - a stack is one
    yield file.fileno()
    yield file.fileno()


@situation
def closed_descriptor(stack: contextlib.ExitStack) -> Iterator[int]:
    """A descriptor that was closed.

    `poll` says NVAL for each wait from then on. `select` fails as a whole, and says of no other descriptor what it is
    ready for. epoll has forgotten it, without a word; `selectors` still has it in its map. First unregister, then
    close.
    """
    ours, theirs = map(stack.enter_context, socket.socketpair())
    theirs.send(b"input")
    number = ours.fileno()
    yield number
    ours.close()
    yield number


@situation
def closed_with_a_duplicate(stack: contextlib.ExitStack) -> Iterator[int]:
    """A descriptor that was closed, while a duplicate of it is open.

    For `select` and `poll` it is as closed as the other. epoll watches not the number but the open file description,
    which lives on, in a child process for instance: it reports events for a number that is nobody's by now, or
    somebody else's, and that number can no longer be unregistered (epoll(7)).
    """
    ours, theirs = map(stack.enter_context, socket.socketpair())
    theirs.send(b"input")
    number = ours.fileno()
    stack.callback(os.close, os.dup(number))
    yield number
    ours.close()
    yield number


def _pipe(stack: contextlib.ExitStack) -> tuple[int, list[int]]:
    """Return the end to read from; and the other in a list, from which it is taken by whoever closes it."""
    ours, theirs = os.pipe()
    rest = [theirs]
    stack.callback(os.close, ours)
    stack.callback(lambda: list(map(os.close, rest)))
    return ours, rest


def _reported(fd: int, mask: int) -> int:
    poller = select.poll()
    poller.register(fd, mask)
    return dict(poller.poll(0)).get(fd, 0)
