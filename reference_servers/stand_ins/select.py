"""`select` whole: all that this platform has, and a stand-in for each interface that it lacks and that can be had.

A server over such an interface imports this in the place of `select`, and is otherwise what it is where the kernel has
the interface. There, this module has the kernel's own. `registry` knows which can be had without importing any.
"""

import select as platform
import sys
from select import *  # noqa: F403 - whatever there is

if sys.platform == "linux":
    from reference_servers.stand_ins.kevent import *  # noqa: F403
    from reference_servers.stand_ins.kqueue import *  # noqa: F403

if not hasattr(platform, "devpoll"):
    from reference_servers.stand_ins.devpoll import *  # noqa: F403
