"""The echo server on uvloop: asyncio streams as they are written for asyncio, on the event loop of libuv.

Python 3.11 or later and the package uvloop. Port 0 lets the kernel choose:

    python3 examples/uvloop_streams.py [[HOST] PORT]

Facts about uvloop that matter here:

1. Its transports keep asyncio's promises, so the code is asyncio's: drain() waits above the high-water mark, close()
   sends what is owed and then the FIN.
2. libuv accepts with a descriptor in reserve: when there is no other, those who wait are accepted and closed at once.
   The server does not spin, but nobody is queued.
"""

import asyncio
import contextlib
import sys
from typing import Any

import uvloop

CHUNK_BYTES = 1024
BACKLOG = 128


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every chunk until the end of this client's stream; its errors end it alone."""
    with contextlib.suppress(OSError, asyncio.CancelledError), contextlib.closing(writer):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(f"Server received {chunk!r}".encode("ascii"))
            await writer.drain()


def report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log in one line what the loop has nobody to tell."""
    print(f"{context['message']}: {context.get('exception')}", file=sys.stderr)


async def serve(host: str, port: int) -> None:
    """Listen, announce and serve until cancelled."""
    asyncio.get_running_loop().set_exception_handler(report)
    server = await asyncio.start_server(answer, host, port, backlog=BACKLOG)
    print("Server start at: {}:{}".format(*server.sockets[0].getsockname()), flush=True)
    with contextlib.closing(server):
        await asyncio.Event().wait()


def main() -> None:
    """Serve at the address of the command line."""
    *host, port = sys.argv[1:] or ["8001"]
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(host[0] if host else "127.0.0.1", int(port)))


if __name__ == "__main__":
    main()
