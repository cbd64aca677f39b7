"""The echo server on asyncio streams: one coroutine a client, written as if it were alone.

Nothing to build; Python 3.11 or later and its standard library. Port 0 lets the kernel choose:

    python3 examples/asyncio_streams.py [[HOST] PORT]
"""

import asyncio
import contextlib
import sys
from typing import Any

CHUNK_BYTES = 1024
BACKLOG = 128


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every chunk until the end of this client's stream; its errors end it alone."""
    # close() leaves the transport to send what is still owed, then the FIN. Cancelled is how the server's end reaches
    # its clients, and Python 3.11 logs it as an error when it is let through.
    with contextlib.suppress(OSError, asyncio.CancelledError), contextlib.closing(writer):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(f"Server received {chunk!r}".encode("ascii"))
            # Waits above the transport's high-water mark, and while it waits nobody reads.
            await writer.drain()


def report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log in one line what the loop has nobody to tell: out of descriptors, one for each place in the backlog."""
    print(f"{context['message']}: {context.get('exception')}", file=sys.stderr)


async def serve(host: str, port: int) -> None:
    """Listen, announce and serve until cancelled."""
    asyncio.get_running_loop().set_exception_handler(report)
    server = await asyncio.start_server(answer, host, port, backlog=BACKLOG)
    print("Server start at: {}:{}".format(*server.sockets[0].getsockname()), flush=True)
    # Not serve_forever(): from Python 3.12 on, cancelling it waits until the last client has left.
    with contextlib.closing(server):
        await asyncio.Event().wait()


def main() -> None:
    """Serve at the address of the command line."""
    *host, port = sys.argv[1:] or ["8001"]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(host[0] if host else "127.0.0.1", int(port)))


if __name__ == "__main__":
    main()
