"""Answers for ever, unasked, each connection as fast as it takes it, in well-formed replies: `endless.py PORT`."""

import contextlib
import socket
import sys
import threading

REPLIES = b"Server received b'x'" * 1024


def pour(connection: socket.socket) -> None:
    """Send until the client has gone."""
    with contextlib.suppress(OSError), connection:
        while True:
            connection.sendall(REPLIES)


def main() -> None:
    """Give each client a thread that never listens."""
    with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128) as listener:
        print("Server start at: {}:{}".format(*listener.getsockname()), flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=pour, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
