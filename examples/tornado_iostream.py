"""The echo server on Tornado's IOLoop and IOStream: one coroutine a client.

Python 3.11 or later and the package tornado. Port 0 lets the kernel choose:

    python3 examples/tornado_iostream.py [[HOST] PORT]

Facts about Tornado that matter here:

1. write() is done when the kernel has taken everything. Who waits for it before the next read is bounded by that.
2. An IOStream that has once waited for input stays registered for it, and reads when there is some, also while nobody
   asks. Where it finds the end of the input it closes, with the output that it still holds. So this one does not read
   while it writes; the stream then drops its interest in input until somebody asks again.
3. TCPServer and add_accept_handler let an accept() that finds no descriptor fail at once, again and again. So the
   listener is handled here, and pauses.
"""

import asyncio
import contextlib
import errno
import socket
import sys

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamClosedError
from tornado.netutil import bind_sockets

CHUNK_BYTES = 1024
BACKLOG = 128
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
ACCEPT_RETRY_S = 0.1


class Stream(IOStream):
    """A stream that meets the end of its input only when it owes nothing."""

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Read, unless output is pending: None stands for nothing to read."""
        return None if self.writing() else super().read_from_fd(buf)


async def answer(stream: Stream) -> None:
    """Answer every chunk until the end of this client's stream; its errors end it alone."""
    with contextlib.suppress(StreamClosedError):
        while True:
            chunk = await stream.read_bytes(CHUNK_BYTES, partial=True)
            await stream.write(f"Server received {chunk!r}".encode("ascii"))
            await asyncio.sleep(0)  # what is there at once makes no await wait: a flood would keep the loop for itself


def accept(listener: socket.socket, _events: int) -> None:
    """Accept one client; out of descriptors, leave the listener alone for a moment."""
    loop = IOLoop.current()
    try:
        connection, _ = listener.accept()
    except OSError as error:
        if error.errno in EXHAUSTED:
            loop.remove_handler(listener)
            loop.call_later(ACCEPT_RETRY_S, loop.add_handler, listener, accept, IOLoop.READ)
        return
    loop.add_callback(answer, Stream(connection))


async def serve(host: str, port: int) -> None:
    """Listen, announce and serve until cancelled."""
    (listener,) = bind_sockets(port, host, backlog=BACKLOG)
    IOLoop.current().add_handler(listener, accept, IOLoop.READ)
    print("Server start at: {}:{}".format(*listener.getsockname()), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve at the address of the command line."""
    *host, port = sys.argv[1:] or ["8001"]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(host[0] if host else "127.0.0.1", int(port)))


if __name__ == "__main__":
    main()
