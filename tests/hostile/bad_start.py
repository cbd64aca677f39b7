"""Does not come to serve as it should, in the way that is named: `bad_start.py WAY [PORT]`."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import time

import echo

LIFE_S = 120
LATE_S = 15.0


def exits() -> None:
    """Exit with status 3."""
    print("fatal: no configuration", file=sys.stderr)
    sys.exit(3)


def exits_content() -> None:
    """Exit with status 0, like one that has nothing to do."""


def dies_of_sigsegv() -> None:
    """Be ended by a signal, as by a bug."""
    ctypes.string_at(0)


def dies_of_sigabrt() -> None:
    """Be ended by a signal, as by a failed assertion."""
    os.abort()


def daemonises() -> None:
    """Serve from the background, as daemon(3) does: the process that was started exits once the port is open."""
    with echo.Server(int(sys.argv[2])) as server:
        if os.fork():
            os._exit(0)
        os.setsid()
        if os.fork():
            os._exit(0)
        signal.alarm(LIFE_S)
        server.serve_forever()


def opens_another() -> None:
    """Listen, but not on the port that was given."""
    with socket.create_server(("127.0.0.1", 0)):
        wait()


def binds_only_ipv6() -> None:
    """Serve on the port that was given, at ::1."""
    echo.Server.address_family = socket.AF_INET6
    with echo.Server(int(sys.argv[2]), "::1") as server:
        server.serve_forever()


def opens_late() -> None:
    """Take long, and then serve as it should."""
    time.sleep(LATE_S)
    serve()


def stops_itself() -> None:
    """Stop before anything is open."""
    os.kill(os.getpid(), signal.SIGSTOP)


def announces_in_other_words() -> None:
    """Serve, and say so in a line that is not the start line."""
    with echo.Server(0) as server:
        print("\x1b[32mServer started at:\x1b[0m {}:{}".format(*server.server_address), flush=True)
        server.serve_forever()


def announces_no_port() -> None:
    """Announce a port that cannot be."""
    print("Server start at: 127.0.0.1:65536", flush=True)
    wait()


def announces_what_it_does_not_open() -> None:
    """Announce a port, and open none."""
    print("Server start at: 127.0.0.1:1", flush=True)
    wait()


def announces_elsewhere() -> None:
    """Announce an address of somebody else (192.0.2.0/24 is nobody's, RFC 5737)."""
    print("Server start at: 192.0.2.1:80", flush=True)
    wait()


def announces_nonsense() -> None:
    """Announce a host whose name does things to a terminal."""
    print("Server start at: \x1b]52;c;cm0gLXJm\x07\u202e<b>:8001", flush=True)
    wait()


def announces_twice() -> None:
    """Announce another address once the first is in use; serve at the first as it should."""
    with echo.Server(0) as server:
        server.announce()
        print("Server start at: 192.0.2.1:80", flush=True)
        server.serve_forever()


def serve() -> None:
    """Serve as it should."""
    with echo.Server(int(sys.argv[2])) as server:
        server.serve_forever()


def wait() -> None:
    """Stay alive."""
    while True:
        signal.pause()


WAYS = (
    exits,
    exits_content,
    dies_of_sigsegv,
    dies_of_sigabrt,
    daemonises,
    opens_another,
    binds_only_ipv6,
    opens_late,
    stops_itself,
    announces_in_other_words,
    announces_no_port,
    announces_what_it_does_not_open,
    announces_elsewhere,
    announces_nonsense,
    announces_twice,
)

if __name__ == "__main__":
    {way.__name__: way for way in WAYS}[sys.argv[1]]()
