"""SIGTERM and Ctrl-C as something a readiness loop can wait for.

Facts: Python runs a signal's handler between two bytecodes. A signal that arrives after the last of these and before
the process sleeps in its system call is not seen until that call returns, which on an idle server may be never.
`signal.set_wakeup_fd` has the C-level handler write a byte to a descriptor (the self-pipe trick).

Decision: the loop waits for that pipe like for any other descriptor, and the handler only sets a flag. The loop ends
between two turns, never in the middle of one. Cost: two descriptors.
"""

from __future__ import annotations

import os
import signal


class StopSignals:
    """From its creation on, SIGTERM and SIGINT set `requested` and make `fd` readable. Main thread only.

    SIGINT is installed too: a shell starts background processes with it ignored, and Python then leaves it so.
    """

    def __init__(self) -> None:
        self.requested = False
        self.fd, self._wakeup_fd = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._wakeup_fd, False)
        signal.set_wakeup_fd(self._wakeup_fd, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._request)
        signal.signal(signal.SIGINT, self._request)

    def _request(self, _signum: int, _frame: object) -> None:
        self.requested = True
