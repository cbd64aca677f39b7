"""The clients that people run: `python -m clients CLIENT --port PORT`."""

import argparse
import signal
import sys

from clients import interactive, many, tutorial
from clients.conversation import ConversationError
from clients.signals import die_of


def main() -> int:
    """Run the client that the command line names; 0 when it got to its end, 1 when the server did not let it."""
    options = _parser().parse_args()
    try:
        options.run(options)
        sys.stdout.flush()
    except ConversationError as error:
        print(f"{options.client}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our output has had enough
        die_of(signal.SIGPIPE)
    except KeyboardInterrupt:
        die_of(signal.SIGINT)
    return 0


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
