"""A correct server that ignores SIGTERM, as does the child it leaves behind: `forks_and_ignores_term.py PORT`.

The child is in a session of its own, out of reach of a signal to the server's process group. It holds the listener, so
the port outlives the server, and stdout and stderr, so whoever reads these to their end waits for the child too.
"""

import os
import signal
import sys

import echo

LIFE_S = 120


def outlive() -> None:
    """Do nothing for as long as a test may last, and leave nothing behind after it: SIGALRM ends the child."""
    os.setsid()
    signal.alarm(LIFE_S)
    while True:
        signal.pause()


def main() -> None:
    """Fork before any thread is there, then serve."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with echo.Server(int(sys.argv[1])) as server:
        if os.fork() == 0:
            outlive()
        server.announce()
        server.serve_forever()


if __name__ == "__main__":
    main()
