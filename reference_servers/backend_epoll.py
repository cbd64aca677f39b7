"""`epoll`, level-triggered: the kernel keeps the map and reports who is ready.

Facts, from epoll(7):

* Interest is registered once and changed by a system call, epoll_ctl; a wait costs the number of ready descriptors.
* Level-triggered, a report is repeated as long as its condition holds: whoever takes one chunk and leaves the rest is
  told again, and a batch cut short by `maxevents` goes on in the next wait, from where it stopped.
* Registration belongs to the open file description, not to the number. Closed while a duplicate is open, it would go
  on reporting a number that is someone else's by now.
* The timeout is in seconds (Python rounds it up to the kernel's milliseconds).

What that means for us: one chunk a report is fair and loses nothing; changing interest is what costs.

Decision: answer at once and change interest only when it differs, so an exchange of a message and its answer makes no
epoll_ctl at all. Unregister before closing. Cost: one system call more for each connection's end.
"""

from __future__ import annotations

import select
import sys

from reference_servers.polling import PollingServer

TYPE_CHECKING = False
assert not TYPE_CHECKING or sys.platform == "linux"  # for mypy: elsewhere there is nothing here to check


class EpollServer(PollingServer):
    """A server over `select.epoll`, level-triggered."""

    INPUT = select.EPOLLIN
    OUTPUT = select.EPOLLOUT

    def open(self) -> None:
        """Open an epoll descriptor."""
        self.poller = self.epoll = select.epoll()

    def poll(self, timeout_s: float | None) -> list[tuple[int, int]]:
        """Wait, with the timeout in seconds."""
        return self.poller.poll(timeout_s)

    def close(self) -> None:
        """Close every socket and the epoll descriptor."""
        super().close()
        self.epoll.close()
