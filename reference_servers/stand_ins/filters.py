"""The two filters of the kqueue that stands in, each with an epoll descriptor of its own.

Facts, from kqueue(2), and what is done about each:

* EV_CLEAR: an event's state is reset once it has been retrieved. That is EPOLLET.
* EV_ONESHOT: an event is deleted once it has been retrieved.
* EV_DISABLE: an event stays, and is not returned until EV_ENABLE; if it holds then, it is returned. epoll goes on to
  report errors and hang-ups of an empty mask. Edge-triggered it does so once, and that one is dropped.
* EVFILT_READ of a socket: `data` has the bytes that can be read, of a listening one the connections that wait. EV_EOF
  says that the peer has sent its FIN, or that the socket has failed, data or no data. That is EPOLLRDHUP, EPOLLHUP and
  EPOLLERR.
* EVFILT_WRITE: `data` has the room in the send buffer. EV_EOF says that whoever reads is gone. That is EPOLLHUP and
  EPOLLERR.
* EV_EOF comes with the socket's error in `fflags`. Linux tells an error only to whoever takes it away, and `recv` would
  then not find it: here `fflags` is 0.
"""

from __future__ import annotations

import errno
import os
import select
import sys

from reference_servers.stand_ins import kevent as kq
from reference_servers.stand_ins import measure

TYPE_CHECKING = False
assert not TYPE_CHECKING or sys.platform == "linux"  # for mypy: elsewhere there is nothing here to check

KEPT = kq.KQ_EV_CLEAR | kq.KQ_EV_ONESHOT
"""The flags that belong to an event, and are returned with it. The others are orders."""

GONE = select.EPOLLHUP | select.EPOLLERR


class Knote:
    """What is kept of one event, beside what epoll keeps."""

    __slots__ = ("enabled", "flags", "udata")

    def __init__(self, flags: int, udata: object) -> None:
        self.flags = flags & KEPT
        self.udata = udata
        self.enabled = True


class Filter:
    """The events of one filter. What is registered only epoll knows; `knotes` may have more, of descriptors closed."""

    KIND: int
    MASK: int
    ENDS: int
    """The bits of epoll that mean EV_EOF."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.knotes: dict[int, Knote] = {}

    def data(self, fd: int) -> int:
        """Return what `data` of an event has to say."""
        raise NotImplementedError

    def change(self, change: kq.kevent) -> None:
        """Do what a change says. Raises OSError: ENOENT where there is no such event, EBADF where no descriptor."""
        fd, flags = change.ident, change.flags
        if flags & kq.KQ_EV_DELETE:
            self.delete(fd)
            return
        knote = Knote(flags, change.udata) if flags & kq.KQ_EV_ADD else self.knotes.get(fd)
        if knote is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if flags & (kq.KQ_EV_ENABLE | kq.KQ_EV_DISABLE):
            knote.enabled = not flags & kq.KQ_EV_DISABLE
        self.register(fd, knote, anew=bool(flags & kq.KQ_EV_ADD))
        self.knotes[fd] = knote

    def register(self, fd: int, knote: Knote, *, anew: bool) -> None:
        """Have epoll report what a knote asks for. `anew`: there may be no registration yet."""
        edge = not knote.enabled or knote.flags & kq.KQ_EV_CLEAR
        mask = (self.MASK if knote.enabled else 0) | (select.EPOLLET if edge else 0)
        try:
            self.epoll.modify(fd, mask)
        except FileNotFoundError:
            if not anew:
                raise
            self.epoll.register(fd, mask)

    def delete(self, fd: int) -> None:
        """Forget an event. Raises as `change`."""
        self.epoll.unregister(fd)
        del self.knotes[fd]

    def events(self, room: int) -> list[kq.kevent]:
        """Return up to so many events that hold now."""
        found: list[kq.kevent] = []
        for fd, bits in self.epoll.poll(0, room):
            knote = self.knotes[fd]
            if knote.enabled:
                flags = knote.flags | (kq.KQ_EV_EOF if bits & self.ENDS else 0)
                found.append(kq.kevent(fd, self.KIND, flags, data=self.data(fd), udata=knote.udata))
                if flags & kq.KQ_EV_ONESHOT:
                    self.delete(fd)
        return found


class ReadFilter(Filter):
    """EVFILT_READ."""

    KIND = kq.KQ_FILTER_READ
    MASK = select.EPOLLIN | select.EPOLLRDHUP
    ENDS = select.EPOLLRDHUP | GONE

    def data(self, fd: int) -> int:
        """Return the bytes that can be read, or the connections that wait."""
        return measure.readable_bytes(fd)


class WriteFilter(Filter):
    """EVFILT_WRITE."""

    KIND = kq.KQ_FILTER_WRITE
    MASK = select.EPOLLOUT
    ENDS = GONE

    def data(self, fd: int) -> int:
        """Return the bytes that there is room for."""
        return measure.room_bytes(fd)
