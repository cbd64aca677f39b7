"""`epoll`, edge-triggered: EPOLLET in the mask, and the memory of `edge`.

Facts, from epoll(7): `edge` has those that are true of kqueue too. And:

* Both directions and the trigger are bits of one mask. A report has every bit that holds, not only what has changed.
* Output is reported again only after a `send` that found no room.

What that means for us: one registration a connection, and one report of a batch for whatever has happened to it.

Decision: the level-triggered server with one bit more. Cost: as `edge` says.
"""

from __future__ import annotations

import select
import sys

from reference_servers import backend_epoll
from reference_servers.edge import EdgeServer

TYPE_CHECKING = False
assert not TYPE_CHECKING or sys.platform == "linux"  # for mypy: elsewhere there is nothing here to check


class EpollEdgeServer(EdgeServer, backend_epoll.EpollServer):
    """A server over `select.epoll`, edge-triggered."""

    def mask(self, interest: int) -> int:
        """Return `READ | WRITE` in epoll's bits, to be reported once."""
        return super().mask(interest) | select.EPOLLET
