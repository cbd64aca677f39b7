"""A situation is a descriptor, and something that happens to it.

Written as a generator: it makes the descriptor and yields it, so that those interfaces that are told beforehand can be
told; goes on and has something happen, until the kernel shows that it has; and yields once more for the looking.
The first sentence of its docstring is its row in the table, the rest is what an author of a loop should know of it.
"""

from __future__ import annotations

import contextlib
import inspect
import select
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

BOUND_S = 60.0

# What tcpi_state may be (include/net/tcp_states.h); it is the first byte of TCP_INFO (tcp(7)).
ESTABLISHED, SYN_SENT, CLOSED, CLOSE_WAIT = 1, 2, 7, 8

Provoking = Callable[[contextlib.ExitStack], Iterator[int]]


@dataclass(frozen=True)
class Situation:
    """One row: its name, its title, the remark on it (which may be empty), and what provokes it."""

    name: str
    title: str
    remark: str
    provoke: Provoking


def situation(provoke: Provoking) -> Situation:
    """Make a row of it."""
    title, _, remark = inspect.cleandoc(provoke.__doc__ or "").partition("\n\n")
    return Situation(provoke.__name__, title.rstrip("."), remark, provoke)


def situations_of(module: ModuleType) -> list[Situation]:
    """Return all that a module has, in the order of their standing."""
    return [each for each in vars(module).values() if isinstance(each, Situation)]


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a state of the kernel that is on its way; on loopback it mostly is there already."""
    deadline = time.monotonic() + BOUND_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {BOUND_S} s: {what}")
        time.sleep(0.0005)


def until_state(sock: socket.socket, state: int) -> None:
    """Wait until the connection is in this state."""
    until(lambda: sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == state, f"state {state}")


def until_readable(sock: socket.socket) -> None:
    """Wait until there is something to receive, or to accept."""
    until(lambda: bool(select.select([sock], [], [], 0)[0]), "readable")


def listening(stack: contextlib.ExitStack, backlog: int = 8) -> socket.socket:
    """Return a listening TCP socket."""
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    listener.listen(backlog)
    return listener


def connected(stack: contextlib.ExitStack) -> tuple[socket.socket, socket.socket]:
    """Return both ends of a TCP connection; the first is the one to be watched, and non-blocking."""
    listener = listening(stack)
    theirs = stack.enter_context(socket.create_connection(listener.getsockname()))
    ours = stack.enter_context(listener.accept()[0])
    until_state(ours, ESTABLISHED)
    ours.setblocking(False)
    return ours, theirs
