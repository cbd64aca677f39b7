"""Runs a broken server, whatever it is made of.

A source in C is compiled each time it is run, by the `cc` of the machine, and leaves no file behind.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from conformance.zoo.bug import Program
from conformance.zoo.catalogue import all_broken, bug_of, find
from conformance.zoo.unseen import UNSEEN
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
    if options.unseen:
        print(json.dumps(UNSEEN))
        return 0
    if options.json:
        print(listing(all_broken()))
        return 0
    broken = find(options.bug)
    if broken is None:
        parser.error(f"there is no bug {options.bug!r} in the zoo")
    lacking = missing(broken)
    if lacking is not None:
        parser.error(f"{options.bug} needs {lacking}")
    try:
        serving = prepare(broken, options, stop)
    except (OSError, UnicodeError, Uncompiled) as error:
        if stop.requested:  # the compiler was ended by the same signal
            return 0
        parser.exit(USAGE_STATUS, f"{parser.prog}: {error}\n")
    # What goes wrong from here on is the bug's, and is not to look like a command that was not right.
    serving()
    return 0


def listing(broken: dict[str, Any]) -> str:
    """All that is said of them, as JSON."""
    told = [
        {**bug._asdict(), "missing": missing(each), "answers_datagrams": answers_datagrams(each)}
        for each in broken.values()
        if (bug := bug_of(each))
    ]
    return json.dumps(told)


def answers_datagrams(broken: Any) -> bool:
    """Whether it answers datagrams too, at the port of its connections."""
    return isinstance(broken, type) and issubclass(broken, DatagramSocket | MultiService)


def missing(broken: Any) -> str | None:
    """What this machine lacks to run it; None where it has everything."""
    if isinstance(broken, Program) and broken.file.suffix == ".c" and shutil.which("cc") is None:
        return "a C compiler, cc"
    return None


class Uncompiled(Exception):
    """A source in C that the compiler did not take; the message is the compiler's."""


def prepare(broken: Any, options: argparse.Namespace, stop: StopSignals) -> Callable[[], object]:
    """Return what serves, until told to stop. Raises OSError or `Uncompiled` when it cannot be brought so far."""
    if isinstance(broken, Program):
        return prepare_program(broken.file, options, stop)
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


def prepare_program(file: Path, options: argparse.Namespace, stop: StopSignals) -> Callable[[], object]:
    """Become the program: `[HOST] PORT` for a C source, `[PORT]` for an exhibit; the usual signals end it."""
    if file.suffix == ".c":
        descriptor = compiled(file)
        words = [file.stem, options.host, str(options.port)]
    else:
        descriptor = None
        words = [str(file), str(options.port)]

    def become() -> None:
        leave_signals_alone()
        if stop.requested:
            return
        if descriptor is not None:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.execve(descriptor, words, os.environ)
        sys.argv = words
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # to announce itself in a pipe as well
        runpy.run_path(str(file), run_name="__main__")

    return become


def compiled(file: Path) -> int:
    """A descriptor of the program that the compiler makes of a C source; it has no name any more."""
    with tempfile.TemporaryDirectory(prefix="echo-conformance-zoo-") as folder:
        made = Path(folder) / file.stem
        compiling = subprocess.run(
            ["cc", "-O1", "-pthread", "-o", made, file], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        if compiling.returncode != 0:
            said = compiling.stderr.decode(errors="replace").strip()
            msg = f"{file.name} was not compiled: {said or f'cc ended with status {compiling.returncode}'}"
            raise Uncompiled(msg)
        return os.open(made, os.O_RDONLY)


def leave_signals_alone() -> None:
    """SIGTERM and Ctrl-C end the process, whatever it does; and so does SIGPIPE a program that is no Python's.

    Python ignores SIGPIPE, and what is ignored stays so across execve(2).
    """
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
