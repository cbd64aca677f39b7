"""Runs a broken server, whatever it is made of.

The suite starts each of them many times: what only some of them take is imported where it is taken.
"""

from __future__ import annotations

import argparse
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from conformance.zoo.bug import Program
from conformance.zoo.catalogue import find
from conformance.zoo.usual_signals import leave_signals_alone
from reference_servers.backend_epoll import EpollServer
from reference_servers.command import USAGE_STATUS, OneLineParser, port_number, serve
from reference_servers.connection import Connection
from reference_servers.datagrams import DatagramSocket
from reference_servers.listener import Listener
from reference_servers.multi_service import MultiService, multi_service
from reference_servers.server import Server
from reference_servers.stop import StopSignals

PROGRAM = "python -m conformance.zoo"


def main(stop: StopSignals, arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = OneLineParser(prog=PROGRAM, description="Run a broken server, for the suite to find it out.")
    parser.add_argument("bug", nargs="?", metavar="NAME", help="which")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", default=8001, type=port_number, help="port to listen on, 0 for any (%(default)s)")
    parser.add_argument("--json", action="store_true", help="list them, with all that is said of them")
    parser.add_argument("--unseen", action="store_true", help="list the bugs that nobody outside can see, as JSON")
    options = parser.parse_args(arguments)
    if options.json or options.unseen:
        from conformance.zoo import listing  # noqa: PLC0415

        print(listing.unseen() if options.unseen else listing.listing())
        return 0
    if options.bug is None:
        parser.error("which bug? --json lists them")
    broken = find(options.bug)
    if broken is None:
        parser.error(f"there is no bug {options.bug!r} in the zoo")
    try:
        serving = prepare(broken, options, stop)
    except (OSError, UnicodeError) as error:
        if stop.requested:  # the compiler was ended by the same signal
            return 0
        parser.exit(USAGE_STATUS, f"{parser.prog}: {error}\n")
    # What goes wrong from here on is the bug's, and is not to look like a command that was not right.
    serving()
    return 0


def prepare(broken: Any, options: argparse.Namespace, stop: StopSignals) -> Callable[[], object]:
    """Return what serves, until told to stop. Raises OSError when it cannot be brought so far."""
    if isinstance(broken, Program):
        from conformance.zoo import becoming  # noqa: PLC0415

        return becoming.prepare(broken, options, stop)
    if not isinstance(broken, type):
        return prepare_function(broken, options)
    if issubclass(broken, DatagramSocket | MultiService):
        return prepare_datagrams(broken, options, stop)
    if issubclass(broken, Listener):
        return partial(serve, EpollServer, broken(options.host, options.port), stop)
    if issubclass(broken, Connection):
        server = type(broken.__name__, (EpollServer,), {"connection_type": broken})
        return partial(serve, server, Listener(options.host, options.port), stop)
    assert issubclass(broken, Server)
    return partial(serve, broken, Listener(options.host, options.port), stop)


def prepare_datagrams(
    broken: type[DatagramSocket | MultiService], options: argparse.Namespace, stop: StopSignals
) -> Callable[[], object]:
    """A datagram socket, or a server that has one: it is bound before anybody can connect at the same port."""
    socket_type = broken if issubclass(broken, DatagramSocket) else DatagramSocket
    server_type = broken if issubclass(broken, MultiService) else multi_service(EpollServer)
    datagrams = socket_type(options.host, options.port)
    listener = Listener(options.host, int(str(datagrams.address[1])))
    return partial(serve, partial(server_type, datagrams=datagrams), listener, stop)


def prepare_function(serving: Callable[[socket.socket], object], options: argparse.Namespace) -> Callable[[], object]:
    """A function serves on a blocking listening socket; the usual signals end it."""
    listener = socket.create_server((options.host, options.port), backlog=Listener.BACKLOG)

    def announce_and_serve() -> None:
        leave_signals_alone()
        print("Server start at: {}:{}".format(*listener.getsockname()), flush=True)
        serving(listener)

    return announce_and_serve
