"""The echo server as an asyncio Protocol: the loop calls, and nothing ever waits.

Nothing to build; Python 3.11 or later and its standard library. Port 0 lets the kernel choose:

    python3 examples/asyncio_protocol.py [[HOST] PORT]
"""

import asyncio
import contextlib
import sys
from typing import Any, cast

CHUNK_BYTES = 1024
BACKLOG = 128


class Connection(asyncio.Protocol):
    """One client. Input stops while the transport's output is above its high-water mark."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; nothing is said before the client speaks."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer what the loop read, up to 256 KiB at once, in chunks of the protocol's size."""
        chunks = (data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES))
        # One write() for all: each one tries a send of its own, and complains when an earlier one lost the connection.
        # Not writelines(), which in 3.12.0 to 3.12.8 and 3.13.0 to 3.13.1 never pauses the protocol (CVE-2024-12254).
        self._transport.write(b"".join(f"Server received {chunk!r}".encode("ascii") for chunk in chunks))

    def eof_received(self) -> bool:
        """Have the transport close itself: it sends what is still owed, then the FIN."""
        return False

    def pause_writing(self) -> None:
        """Owe no more than this: the client has to read before it is read."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on; the transport ignores this when the end of the stream has closed it meanwhile."""
        self._transport.resume_reading()


def report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log in one line what the loop has nobody to tell: out of descriptors, one for each place in the backlog."""
    print(f"{context['message']}: {context.get('exception')}", file=sys.stderr)


async def serve(host: str, port: int) -> None:
    """Listen, announce and serve until cancelled."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(report)
    server = await loop.create_server(Connection, host, port, backlog=BACKLOG)
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
