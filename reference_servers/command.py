"""`python -m reference_servers`: start a backend, or list them.

Exit status: 0 after SIGTERM or Ctrl-C, 2 with one line on standard error when the server cannot be started.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial

from reference_servers.listener import Listener
from reference_servers.log import Log
from reference_servers.registry import BACKENDS, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from reference_servers.listener import Address
    from reference_servers.registry import Backend
    from reference_servers.server import Server
    from reference_servers.stop import StopSignals

PROGRAM = "python -m reference_servers"
USAGE_STATUS = 2


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaint is one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit with status 2."""
        self.exit(USAGE_STATUS, f"{self.prog}: {message}\n")


def main(stop: StopSignals, arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; `arguments` None means those of the process."""
    parser = new_parser()
    options = parser.parse_args(arguments)
    if options.list:
        print(listing(as_json=options.json), flush=True)
        return 0
    if options.backend is None:
        parser.error("which backend? --list names them")
    backend = find(options.backend)
    if backend is None:
        parser.error(f"unknown backend {options.backend!r}; --list names them")
    if backend.reason is not None:
        parser.error(f"backend {backend.name} is unavailable: {backend.reason}")
    try:
        new_server, more = beside(backend, options)
        listener = Listener(options.host, options.port)
    except (OSError, UnicodeError) as error:
        ports = [port for port in (options.port, options.udp_port, options.echo_port) if port is not None]
        parser.error(f"cannot listen on {options.host} port {' or '.join(map(str, ports))}: {error}")
    try:
        server = announced(new_server, listener, stop, verbose=options.log)
        for what, address in more:
            server.log.serves_too(what, address)
    except OSError as error:
        parser.error(f"cannot make a server on {backend.name}: {error}")
    server.run()
    return 0


def beside(backend: Backend, options: argparse.Namespace) -> tuple[Callable[..., Server], list[tuple[str, Address]]]:
    """Return what makes the server, with the services beside the first one; and what each of these is, and where.

    They are bound here, before anybody can connect to the first: who sees that one serve can use all.
    """
    if options.udp_port is None and options.echo_port is None:
        return backend.load(), []
    from reference_servers.datagrams import DatagramSocket  # noqa: PLC0415 - a server of one service need not pay
    from reference_servers.multi_service import multi_service  # noqa: PLC0415

    datagrams = None if options.udp_port is None else DatagramSocket(options.host, options.udp_port)
    echo = None if options.echo_port is None else Listener(options.host, options.echo_port)
    places = [("udp", datagrams.address)] if datagrams is not None else []
    places += [("echo", echo.address)] if echo is not None else []
    return partial(backend.load(multi_service), datagrams=datagrams, echo=echo), places


def serve(new_server: Callable[..., Server], listener: Listener, stop: StopSignals, *, verbose: bool = False) -> None:
    """Make a server, announce it and run it."""
    announced(new_server, listener, stop, verbose=verbose).run()


def announced(
    new_server: Callable[..., Server], listener: Listener, stop: StopSignals, *, verbose: bool = False
) -> Server:
    """Make a server of a class or function that takes a listener, a stop signal and a log, and announce it.

    Raises OSError where its kernel interface cannot be opened.
    """
    # The descriptor, not the stream: what a stream still holds at exit is complained about when nobody reads it.
    # Closed standard output is None here, and its number may belong to a socket by now.
    log = Log(None if sys.stdout is None else sys.stdout.fileno(), verbose=verbose)
    server = new_server(listener, stop, log)
    log.started(listener.address)
    return server


def new_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    # A given width: argparse would import shutil, and with it every compression module, to ask the terminal.
    formatter = partial(argparse.HelpFormatter, width=100)
    about = "Run a correct server of the suite's protocol."
    parser = OneLineParser(prog=PROGRAM, description=about, formatter_class=formatter)
    parser.add_argument("backend", nargs="?", metavar="NAME", help="the backend to run")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on, IPv4, IPv6 or a name (%(default)s)")
    parser.add_argument("--port", default=8001, type=port_number, help="port to listen on, 0 for any (%(default)s)")
    parser.add_argument("--udp-port", type=port_number, metavar="PORT", help="answer datagrams too, at this port")
    parser.add_argument(
        "--echo-port", type=port_number, metavar="PORT", help="echo (RFC 862) over TCP too, at this port"
    )
    parser.add_argument("--log", action="store_true", help="print who connects and what is received")
    parser.add_argument("--list", action="store_true", help="list the backends, and which of them this platform has")
    parser.add_argument("--json", action="store_true", help="list them as JSON")
    return parser


def port_number(text: str) -> int:
    """Return a port; raises ArgumentTypeError when it is none."""
    if not (text.isascii() and text.isdigit() and int(text) < 1 << 16):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535")
    return int(text)


def listing(*, as_json: bool) -> str:
    """Return the backends and their availability, a line each or as JSON."""
    if as_json:
        from json import dumps  # noqa: PLC0415 - a server need not pay for it

        return dumps([{"name": b.name, "available": b.reason is None, "reason": b.reason} for b in BACKENDS.values()])
    width = max(map(len, BACKENDS))
    states = (("available" if b.reason is None else f"unavailable: {b.reason}") for b in BACKENDS.values())
    return "\n".join(f"{name:{width}}  {state}" for name, state in zip(BACKENDS, states, strict=True))
