"""The echo server on Tornado's TCPServer as it is usually written, and not conformant: it may close with replies owed.

Python 3.11 or later and the package tornado. Port 0 lets the kernel choose:

    python3 examples/tornado_plain.py [[HOST] PORT]

An IOStream that has once waited for input stays registered for it. While write() waits for a client that does not read,
the stream reads all the same, and where it finds the end of the input it closes, with the output that it still holds.
A read of what is there at once is done when it is awaited, and so is a write that the kernel takes: the coroutine of a
client that floods never gives way. TCPServer also has no answer to an accept() that finds no descriptor: it logs the
error, and meets it again at once. `tornado_iostream.py` shows what it takes.
"""

import asyncio
import contextlib
import sys

from tornado.iostream import IOStream, StreamClosedError
from tornado.netutil import bind_sockets
from tornado.tcpserver import TCPServer

CHUNK_BYTES = 1024
BACKLOG = 128


class Server(TCPServer):
    """Answers each client in a coroutine of its own."""

    async def handle_stream(self, stream: IOStream, _address: tuple[str, int]) -> None:
        """Answer every chunk until the end of this client's stream; its errors end it alone."""
        with contextlib.suppress(StreamClosedError):
            while True:
                chunk = await stream.read_bytes(CHUNK_BYTES, partial=True)
                await stream.write(f"Server received {chunk!r}".encode("ascii"))


async def serve(host: str, port: int) -> None:
    """Listen, announce and serve until cancelled."""
    sockets = bind_sockets(port, host, backlog=BACKLOG)
    Server().add_sockets(sockets)
    print("Server start at: {}:{}".format(*sockets[0].getsockname()), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve at the address of the command line."""
    *host, port = sys.argv[1:] or ["8001"]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(host[0] if host else "127.0.0.1", int(port)))


if __name__ == "__main__":
    main()
