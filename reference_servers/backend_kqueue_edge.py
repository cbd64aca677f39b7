"""`kqueue`, edge-triggered: EV_CLEAR on both filters, and the memory of `edge`.

Facts, from kqueue(2) of FreeBSD and macOS: `edge` has those that are true of epoll too. And:

* EV_CLEAR resets an event's state once it has been retrieved; what comes afterwards makes a new one.
* The filter runs once more when its event is retrieved: what has stopped being true is not reported.
* Room for output is reported at once, and may be again whenever there is more of it, used up before or not.

What that means for us: two registrations a connection, and up to two events of a batch; there may be more reports than
changes that matter, never fewer.

Decision: the level-triggered server with one flag more. Cost: an event for each acknowledgement, whether output is owed
or not.
"""

from __future__ import annotations

from reference_servers.backend_kqueue import KqueueServer
from reference_servers.edge import EdgeServer
from reference_servers.stand_ins import select


class KqueueEdgeServer(EdgeServer, KqueueServer):
    """A server over `select.kqueue`, edge-triggered."""

    ADD = select.KQ_EV_ADD | select.KQ_EV_CLEAR
