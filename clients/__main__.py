"""The clients that people run: `python -m clients CLIENT --port PORT`."""

import argparse
import signal
import sys

from clients import interactive, many, tutorial
from clients.conversation import ConversationError
from clients.load.options import add_options
from clients.signals import die_of

USAGE_STATUS = 2


def main() -> int:
    """Run the client that the command line names.

    0 when it got to its end, 1 when the server did not let it, 2 when it cannot be started.
    """
    options = _parser().parse_args()
    status: int | None = 0
    try:
        status = options.run(options)  # a conversation has none
        sys.stdout.flush()
    except ConversationError as error:
        print(f"{options.client}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our output has had enough
        die_of(signal.SIGPIPE)
    except KeyboardInterrupt:
        die_of(signal.SIGINT)
    return status or 0


def load(options: argparse.Namespace) -> int:
    """Generate load, if what that takes is installed."""
    try:
        from clients.load.command import run  # noqa: PLC0415 - the other clients do with the standard library
    except ModuleNotFoundError as error:
        hint = "python -m pip install 'echo-conformance[load]'"
        print(f"load: the module {error.name} is not installed; {hint} installs it", file=sys.stderr)
        return USAGE_STATUS
    return run(options)


def _parser() -> argparse.ArgumentParser:
    server = argparse.ArgumentParser(add_help=False)
    server.add_argument("--host", default="127.0.0.1", help="the server's address (default: %(default)s)")
    server.add_argument("--port", type=_port, default=8001, help="the server's port (default: %(default)s)")

    parser = argparse.ArgumentParser(prog="python -m clients", description="Clients for a TCP echo server.")
    clients = parser.add_subparsers(dest="client", metavar="CLIENT", required=True)
    talk = clients.add_parser("tutorial", parents=[server], help="the tutorial's four messages over two sockets")
    talk.set_defaults(run=lambda each: tutorial.converse(each.host, each.port))
    typed = clients.add_parser("interactive", parents=[server], help="what is typed, and what the server says to it")
    typed.set_defaults(run=lambda each: interactive.converse(each.host, each.port))
    crowd = clients.add_parser("many", parents=[server], help="many sockets in one thread, a conversation on each")
    crowd.add_argument("--connections", type=_positive, default=8, metavar="N", help="how many (default: %(default)s)")
    crowd.add_argument("--messages", type=_positive, default=2, metavar="N", help="on each (default: %(default)s)")
    crowd.set_defaults(run=lambda each: many.converse(each.host, each.port, each.connections, each.messages))
    generator = clients.add_parser("load", parents=[server], help="load, its latencies, and what it costs the server")
    add_options(generator)
    generator.set_defaults(run=load)
    return parser


def _port(text: str) -> int:
    number = int(text)
    if not 0 < number < 1 << 16:
        raise argparse.ArgumentTypeError("1 to 65535")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
