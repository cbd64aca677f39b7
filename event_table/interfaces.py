"""What each interface says of a descriptor, in the words of its manual.

All are asked for everything, without waiting. Those that keep a register are told of the descriptor before anything
happens to it; edge-triggered epoll is also asked once then, so that what it reports later is news.
"""

from __future__ import annotations

import contextlib
import errno
import select
import selectors
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass

from event_table.situation import Situation

# poll(2) and epoll(7) have the same events under two names, and on Linux the same values.
EVENTS = {
    "IN": select.POLLIN,
    "PRI": select.POLLPRI,
    "OUT": select.POLLOUT,
    "RDHUP": select.POLLRDHUP,
    "ERR": select.POLLERR,
    "HUP": select.POLLHUP,
    "NVAL": select.POLLNVAL,
}
ASKED = EVENTS["IN"] | EVENTS["PRI"] | EVENTS["OUT"] | EVENTS["RDHUP"]
NOTHING = "—"


@dataclass(frozen=True)
class Reports:
    """What is reported of one situation, a field for a column; `unasked` is what poll says when asked for nothing."""

    select: str
    poll: str
    unasked: str
    epoll: str
    edge: str
    selectors: str

    def cells(self) -> tuple[str, ...]:
        """The columns, in order."""
        return astuple(self)


def look(situation: Situation) -> Reports:
    """Bring it about and ask all interfaces. Raises TimeoutError where the kernel does not come to it."""
    with contextlib.ExitStack() as stack:
        steps = situation.provoke(stack)
        fd = next(steps)
        level, edge = stack.enter_context(select.epoll()), stack.enter_context(select.epoll())
        selector = stack.enter_context(selectors.DefaultSelector())
        no_level = _failure(lambda: level.register(fd, ASKED))
        no_edge = _failure(lambda: edge.register(fd, ASKED | select.EPOLLET))
        no_selector = _failure(lambda: selector.register(fd, selectors.EVENT_READ | selectors.EVENT_WRITE))
        edge.poll(0)
        next(steps)
        return Reports(
            select=_selected(fd),
            poll=_polled(fd, ASKED),
            unasked=_polled(fd, 0),
            epoll=no_level or _named(level.poll(0)),
            edge=no_edge or _named(edge.poll(0)),
            selectors=no_selector or _of_selector(selector),
        )


def _failure(call: Callable[[], object]) -> str:
    """Return the name of the error that the call fails with; empty where it does not."""
    try:
        call()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return ""


def _selected(fd: int) -> str:
    failure = _failure(lambda: select.select([fd], [fd], [fd], 0))
    if failure:
        return failure
    ready = select.select([fd], [fd], [fd], 0)
    return _joined(name for name, found in zip(("read", "write", "except"), ready, strict=True) if found)


def _polled(fd: int, mask: int) -> str:
    poller = select.poll()
    poller.register(fd, mask)
    return _named(poller.poll(0))


def _of_selector(selector: selectors.BaseSelector) -> str:
    mask = sum(events for _, events in selector.select(0))
    names = {"READ": selectors.EVENT_READ, "WRITE": selectors.EVENT_WRITE}
    return _joined(name for name, value in names.items() if mask & value)


def _named(reported: list[tuple[int, int]]) -> str:
    mask = sum(events for _, events in reported)
    return _joined(name for name, value in EVENTS.items() if mask & value)


def _joined(names: Iterable[str]) -> str:
    return " ".join(names) or NOTHING
