"""Exits with status 3 and a last line on stderr when the first client connects: `exits_at_first_connection.py PORT`."""

import socket
import sys

STATUS = 3


def main() -> None:
    """Serve nobody."""
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        print("Server start at: {}:{}".format(*listener.getsockname()), flush=True)
        listener.accept()
    print("fatal: a client connected", file=sys.stderr)
    sys.exit(STATUS)


if __name__ == "__main__":
    main()
