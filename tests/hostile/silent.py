"""Accepts every connection, reads nothing, answers nothing and never closes: `silent.py PORT`."""

import socket
import sys


def main() -> None:
    """Keep every client waiting."""
    with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128) as listener:
        print("Server start at: {}:{}".format(*listener.getsockname()), flush=True)
        kept = []
        while True:
            kept.append(listener.accept())


if __name__ == "__main__":
    main()
