"""`select.kqueue` over epoll.

Facts, from kqueue(2):

* An event is named by descriptor and filter. Adding it again changes it and makes no second one; adding enables.
* Changes are applied before events are waited for. With room for events, an error of a change is returned as one, with
  EV_ERROR and the errno in `data`, and nothing is waited for; with none, it is raised. With no room at all the call
  returns at once, whatever the timeout.
* The events of a descriptor go when it is closed.

What that means for us: an epoll descriptor has one mask for each descriptor, and one trigger for the whole mask, where
kqueue has two events with flags of their own. Two epoll descriptors, one for each filter, have the same; and what is
registered, and gone with its descriptor, the kernel itself knows.

Decision: an epoll descriptor for each filter, and a third one that waits for these two, which is also what `fileno`
tells. Filters take turns at the room that there is, so that one cannot starve the other.

What differs from the real one: filters are EVFILT_READ and EVFILT_WRITE, and any other is EINVAL. A descriptor that is
closed while a duplicate of it is open goes on being reported, as with epoll(7). A regular file is EPERM. There is no
`fromfd`: what a queue holds is not all in the kernel. Timeouts are rounded up to milliseconds.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import time

from reference_servers.stand_ins import filters
from reference_servers.stand_ins.kevent import KQ_EV_ERROR, KQ_FILTER_READ, KQ_FILTER_WRITE, kevent

TYPE_CHECKING = False
assert not TYPE_CHECKING or sys.platform == "linux"  # for mypy: elsewhere there is nothing here to check
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["kqueue"]


class kqueue:  # noqa: N801 - the name in `select`
    """A kernel event queue, with the methods that Python documents. Descriptors: three, none of them inheritable."""

    def __init__(self) -> None:
        self._ready = select.epoll()
        self._filters: dict[int, filters.Filter] = {
            KQ_FILTER_READ: filters.ReadFilter(),
            KQ_FILTER_WRITE: filters.WriteFilter(),
        }
        self._turns = list(self._filters.values())
        for one in self._turns:
            self._ready.register(one.epoll, select.EPOLLIN)

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._ready.closed

    def fileno(self) -> int:
        """Return a descriptor that is readable while there are events."""
        self._require_open()
        return self._ready.fileno()

    def close(self) -> None:
        """Close its descriptors; once more does nothing."""
        for one in self._turns:
            one.epoll.close()
        self._ready.close()

    def control(
        self, changelist: Iterable[kevent] | None, max_events: int, timeout: float | None = None, /
    ) -> list[kevent]:
        """Apply changes, then wait for events, at most `timeout` seconds (None: for ever), and return up to so many.

        Raises OSError where a change fails and there is no room left to say so, ValueError and TypeError as `select`.
        """
        self._require_open()
        if max_events < 0:
            raise ValueError(f"Length of eventlist must be 0 or positive, got {max_events}")
        if timeout is not None and timeout < 0:
            raise ValueError("timeout must be positive or None")
        changes = list(changelist or ())
        if not all(isinstance(change, kevent) for change in changes):
            raise TypeError("changelist must be an iterable of select.kevent objects")
        errors = self._apply(changes, max_events)
        return errors if errors or not max_events else self._wait(max_events, timeout)

    def _require_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed kqueue object")

    def _apply(self, changes: list[kevent], room: int) -> list[kevent]:
        """Make changes in order; return those that failed, as events, and raise the error of one without room."""
        errors: list[kevent] = []
        for change in changes:
            try:
                self._filter_of(change).change(change)
            except OSError as error:
                if len(errors) == room:
                    raise
                number = error.errno or 0
                errors.append(
                    kevent(change.ident, change.filter, KQ_EV_ERROR, change.fflags, number, udata=change.udata)
                )
        return errors

    def _filter_of(self, change: kevent) -> filters.Filter:
        found = self._filters.get(change.filter)
        if found is None:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return found

    def _wait(self, room: int, timeout_s: float | None) -> list[kevent]:
        """Return events as soon as there are any. What woke us may be nobody's by then: a disabled event's hang-up."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            self._ready.poll(timeout_s)
            events = self._collect(room)
            if events or timeout_s == 0:
                return events
            if deadline is not None:
                timeout_s = max(0.0, deadline - time.monotonic())

    def _collect(self, room: int) -> list[kevent]:
        events: list[kevent] = []
        for one in self._turns:
            if room > len(events):
                events += one.events(room - len(events))
        self._turns.reverse()
        return events
