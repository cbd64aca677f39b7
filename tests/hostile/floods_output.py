"""A correct server that writes to stdout and stderr without end, terminal escapes included: `floods_output.py PORT`.

Each is written by a thread of its own: when nobody reads the pipe, that thread blocks and the clients are still served.
"""

import contextlib
import os
import sys
import threading

import echo

ESCAPES = b"\x1b[2J\x1b[31m\x1b]0;title\x07\x1b[?1049h\r\x00\xff\xfe"  # clear, colour, title, other screen, not UTF-8
FLOOD = (ESCAPES + b"<system-out>]]>&\n") * 64 + b"a line without end " * 1024


def flood(descriptor: int) -> None:
    """Write until the reader has gone."""
    with contextlib.suppress(OSError):
        while True:
            os.write(descriptor, FLOOD)


def main() -> None:
    """Announce, flood and serve."""
    with echo.Server(int(sys.argv[1])) as server:
        server.announce()
        for stream in (sys.stdout, sys.stderr):
            threading.Thread(target=flood, args=(stream.fileno(),), daemon=True).start()
        server.serve_forever()


if __name__ == "__main__":
    main()
