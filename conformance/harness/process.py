"""What can be seen of a server's processes from outside: whether they stand still, what they burn, what they hold.

Linux tells all of it in /proc, to the nanosecond. Elsewhere psutil tells what that system has.
"""

from __future__ import annotations

import os
import sys

from conformance.harness.linux_tree import LinuxTree, scheduled
from conformance.harness.portable_tree import PortableTree
from conformance.harness.process_tree import ProcessTree

OUR_SCHEDSTAT = "/proc/thread-self/schedstat"


def tree_of(pid: int) -> ProcessTree:
    """The processes of a server, seen the best way this system has."""
    return LinuxTree(pid) if sys.platform == "linux" else PortableTree(pid)


def in_line_ourselves_s() -> float:
    """How long the calling thread has waited in line for a processor, in seconds; 0 where that is not told."""
    return scheduled(OUR_SCHEDSTAT)[1] if os.path.exists(OUR_SCHEDSTAT) else 0.0
