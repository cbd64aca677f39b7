"""`select.devpoll` over poll.

Facts, from poll(7D) and Python's `select`:

* The device keeps a mask for each number. Writing one for a number that has one adds its bits, and POLLREMOVE takes the
  number out; to take out one that is not there is no error. Python's `modify` does the one after the other.
* Whoever closes a descriptor has to take it out before: what is reported of it afterwards is anybody's guess.
* A wait returns at most as many descriptors as RLIMIT_NOFILE allowed when the device was opened.
* The timeout is in milliseconds; None and negative numbers wait for ever.

What that means for us: poll's map, kept by number as well, is the same thing on this side of the kernel.

Decision: that map, and a descriptor that stands for the device. When not all that is ready fits, the next wait begins
where this one stopped. What differs: a wait costs all that is registered; and a limit that is lowered later on makes
waits fail, with EINVAL, only where more is registered than it allows.
"""

from __future__ import annotations

import os
import resource
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

__all__ = ["devpoll"]


class devpoll:  # noqa: N801 - the name in `select`
    """An open /dev/poll, with the methods that Python documents. Its descriptor is not inheritable."""

    def __init__(self) -> None:
        self._most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._fd = os.open(os.devnull, os.O_RDWR)
        self._poll = select.poll()
        self._masks: dict[int, int] = {}
        self._passed = 0

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._fd < 0

    def fileno(self) -> int:
        """Return the descriptor of the device."""
        self._require_open()
        return self._fd

    def close(self) -> None:
        """Close the descriptor; once more does nothing."""
        if not self.closed:
            os.close(self._fd)
            self._fd = -1

    def register(
        self, fd: FileDescriptorLike, eventmask: int = select.POLLIN | select.POLLPRI | select.POLLOUT, /
    ) -> None:
        """Begin to watch a descriptor, or watch it for more."""
        self._require_open()
        number = _number(fd)
        self._masks[number] = self._masks.get(number, 0) | eventmask
        self._poll.register(number, self._masks[number])

    def modify(
        self, fd: FileDescriptorLike, eventmask: int = select.POLLIN | select.POLLPRI | select.POLLOUT, /
    ) -> None:
        """Replace the mask of a descriptor."""
        self.unregister(fd)
        self.register(fd, eventmask)

    def unregister(self, fd: FileDescriptorLike, /) -> None:
        """Stop watching a descriptor; one that is not watched is passed over."""
        self._require_open()
        if self._masks.pop(_number(fd), None) is not None:
            self._poll.unregister(fd)

    def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]:
        """Return descriptors and event masks; `timeout` is in milliseconds."""
        self._require_open()
        ready = self._poll.poll(timeout)
        if len(ready) > self._most > 0:  # what has no limit is told as -1
            self._passed = (self._passed + self._most) % len(ready)
            ready = (ready[self._passed :] + ready[: self._passed])[: self._most]
        return ready

    def _require_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed devpoll object")


def _number(fd: FileDescriptorLike) -> int:
    return fd if isinstance(fd, int) else fd.fileno()
