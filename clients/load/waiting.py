"""Waiting for readiness on many sockets, through epoll where there is one and poll elsewhere.

Fact: both round a timeout up to whole milliseconds. A message that is due in 0.1 ms would be sent 0.9 ms late, and its
latency, which counts from when it was due, would be ours. select(2) takes microseconds, and an epoll descriptor is
ready when one of its own is. Cost: a system call more for each exact wait. Without epoll it is not exact.
"""

from __future__ import annotations

import select
import sys

IN = select.POLLIN
OUT = select.POLLOUT  # and these are epoll's bits too


class Waiting:
    """Sockets by descriptor, each with a mask of `IN` and `OUT`."""

    def __init__(self) -> None:
        if sys.platform == "linux":
            self._epoll = select.epoll()
            self.add, self.change, self.remove = self._epoll.register, self._epoll.modify, self._epoll.unregister
        else:
            self._poll = select.poll()
            self.add, self.change, self.remove = self._poll.register, self._poll.modify, self._poll.unregister

    def wait(self, wait_s: float, *, exact: bool) -> list[tuple[int, int]]:
        """Descriptors and what they are ready for, within `wait_s` seconds."""
        if sys.platform != "linux":
            return self._poll.poll(wait_s * 1000)
        if exact and wait_s > 0:
            select.select((self._epoll,), (), (), wait_s)
            wait_s = 0
        return self._epoll.poll(wait_s)

    def close(self) -> None:
        """Give the descriptor back."""
        if sys.platform == "linux":
            self._epoll.close()
