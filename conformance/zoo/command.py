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
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from conformance.zoo.bug import Program
from conformance.zoo.catalogue import all_broken, bug_of
from reference_servers.backend_epoll import EpollServer
from reference_servers.command import USAGE_STATUS, OneLineParser, port_number, serve
from reference_servers.connection import Connection
from reference_servers.listener import Listener
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
    options = parser.parse_args(arguments)
    broken = all_broken()
    if options.json:
        print(listing(broken))
        return 0
    if options.bug not in broken:
        parser.error(f"there is no bug {options.bug!r} in the zoo")
    try:
        run(broken[options.bug], options, stop)
    except OSError as error:
        parser.exit(USAGE_STATUS, f"{parser.prog}: {error}\n")
    return 0


def listing(broken: dict[str, Any]) -> str:
    """All that is said of them, as JSON."""
    return json.dumps([{**asdict(bug_of(each)), "missing": missing(each)} for each in broken.values()])  # type: ignore[arg-type]


def missing(broken: Any) -> str | None:
    """What this machine lacks to run it; None where it has everything."""
    if isinstance(broken, Program) and broken.file.suffix == ".c" and shutil.which("cc") is None:
        return "a C compiler, cc"
    return None


def run(broken: Any, options: argparse.Namespace, stop: StopSignals) -> None:
    """Serve, until told to stop."""
    if isinstance(broken, Program):
        run_program(broken.file, options)
    elif not isinstance(broken, type):
        run_function(broken, options)
    elif issubclass(broken, Listener):
        serve(EpollServer, broken(options.host, options.port), stop)
    elif issubclass(broken, Connection):
        server = type(broken.__name__, (EpollServer,), {"connection_type": broken})
        serve(server, Listener(options.host, options.port), stop)
    else:
        assert issubclass(broken, Server)
        serve(broken, Listener(options.host, options.port), stop)


def run_function(serving: Any, options: argparse.Namespace) -> None:
    """Have a function serve on a blocking listening socket; the usual signals end it."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with socket.create_server((options.host, options.port), backlog=Listener.BACKLOG) as listener:
        print("Server start at: {}:{}".format(*listener.getsockname()), flush=True)
        serving(listener)


def run_program(file: Path, options: argparse.Namespace) -> None:
    """Become the program: `[HOST] PORT` for a C source, `[PORT]` for an exhibit."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if file.suffix == ".py":
        sys.argv = [str(file), str(options.port)]
        runpy.run_path(str(file), run_name="__main__")
        return
    with tempfile.TemporaryDirectory(prefix="echo-conformance-zoo-") as folder:
        compiled = Path(folder) / file.stem
        subprocess.run(["cc", "-O1", "-pthread", "-o", compiled, file], check=True)
        descriptor = os.open(compiled, os.O_RDONLY)
    os.execve(descriptor, [file.stem, options.host, str(options.port)], os.environ)
