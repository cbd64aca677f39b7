"""For broken servers that no loop of ours ends."""

from __future__ import annotations

import signal


def leave_signals_alone() -> None:
    """SIGTERM and Ctrl-C end the process, whatever it does; and so does SIGPIPE a program that is no Python's.

    Python ignores SIGPIPE, and what is ignored stays so across execve(2).
    """
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
