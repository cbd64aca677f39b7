"""`poll`: a map from descriptor to event mask.

Facts, from poll(2):

* The kernel keeps nothing: Python's poll object holds the map and passes all of it with every call, so a turn costs
  the number of connections. There is no FD_SETSIZE; any descriptor fits.
* The timeout is in whole milliseconds.
* More descriptors than RLIMIT_NOFILE allows are refused as a whole (see `limits`).

What that means for us: changing interest is no system call, and a timeout has to be converted.

Decision: the map is the tutorial's, without its POLLPRI. Interest changes only when it differs.
Cost: time in proportion to the connections.
"""

from __future__ import annotations

import select

from reference_servers.limits import outlast_lowered_limit
from reference_servers.polling import PollingServer


class PollServer(PollingServer):
    """A server over `select.poll`."""

    INPUT = select.POLLIN
    OUTPUT = select.POLLOUT

    def open(self) -> None:
        """Begin with an empty map."""
        self.poller = select.poll()

    def poll(self, timeout_s: float | None) -> list[tuple[int, int]]:
        """Poll, with the timeout in milliseconds."""
        try:
            return self.poller.poll(milliseconds(timeout_s))
        except OSError as error:
            outlast_lowered_limit(error)
            return []


def milliseconds(timeout_s: float | None) -> int | None:
    """Return a timeout in whole milliseconds, rounded up: rounded down, the last fraction of one would be spun away."""
    return None if timeout_s is None else -int(-timeout_s * 1000 // 1)
