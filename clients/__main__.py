"""The clients that people run: `python -m clients CLIENT --port PORT`."""

import argparse
import sys

from clients import tutorial


def main() -> int:
    """Run the client that the command line names; 0 when it got to its end, 1 when the server did not let it."""
    options = _parser().parse_args()
    try:
        options.run(options.host, options.port)
    except tutorial.ConversationError as error:
        print(f"{options.client}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    server = argparse.ArgumentParser(add_help=False)
    server.add_argument("--host", default="127.0.0.1", help="the server's address (default: %(default)s)")
    server.add_argument("--port", type=int, required=True, help="the server's port")

    parser = argparse.ArgumentParser(prog="python -m clients", description="Clients for a TCP echo server.")
    clients = parser.add_subparsers(dest="client", metavar="CLIENT", required=True)
    talk = clients.add_parser("tutorial", parents=[server], help="the tutorial's four messages over two sockets")
    talk.set_defaults(run=tutorial.converse)
    return parser


if __name__ == "__main__":
    sys.exit(main())
