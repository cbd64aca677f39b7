"""Two limits of the older interfaces that strike everyone when one descriptor exceeds them.

`select`: an `fd_set` has room for numbers below FD_SETSIZE, whatever their count. FD_SETSIZE is fixed when the
interpreter is compiled (1024 on most systems) and Python does not tell it. A number beyond it makes `select.select`
raise ValueError for the whole call: one such descriptor in the lists and no connection is served any more.
Decision: ask the platform itself, with a `select` on that one descriptor, before it joins the others.
Cost: one system call a connection.

`poll`: with more descriptors than RLIMIT_NOFILE the call fails with EINVAL, though all of them are open (poll(2)). A
limit lowered from outside below what is in use leaves a server unable to wait at all, until it is raised.
Decision: outlast it, trying ten times a second. Cost: meanwhile nobody is served.
"""

import errno
import select
import time

RETRY_S = 0.1


def require_fd_set_room(fd: int) -> None:
    """Raise ValueError when `select` cannot hold the open descriptor `fd`."""
    select.select((fd,), (), (), 0)


def outlast_lowered_limit(error: OSError) -> None:
    """Pause for RETRY_S when `error` says that the process holds more than it is allowed to poll; else raise it."""
    if error.errno != errno.EINVAL:
        raise error
    time.sleep(RETRY_S)
