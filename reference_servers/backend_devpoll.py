"""`/dev/poll`: poll with the map kept in the kernel.

Facts, from poll(7D) of Solaris and Python's `select.devpoll`:

* Interest is written to the device and stays there; a wait costs the number of ready descriptors. Level-triggered.
* A registration holds until it is removed: a descriptor closed while registered leaves its number behind, and
  whoever gets that number next inherits the mask.
* Writing a mask for a number that has one adds bits; Python's `modify` therefore removes first.
* Event bits and the unit of the timeout are poll's.
* A wait returns at most as many descriptors as RLIMIT_NOFILE allowed when the device was opened.

What that means for us: it is used like poll and costs like epoll; to forget before closing is more than good manners.

Decision: the server over poll, with the device in the place of the map. Cost: `modify` writes two records.
"""

from __future__ import annotations

from reference_servers.backend_poll import PollServer
from reference_servers.stand_ins import select


class DevpollServer(PollServer):
    """A server over `select.devpoll`."""

    def open(self) -> None:
        """Open /dev/poll."""
        self.poller = self.device = select.devpoll()

    def close(self) -> None:
        """Close every socket and the device."""
        super().close()
        self.device.close()
