"""The echo server as asyncio protocols, over TCP and over UDP: one loop, and an endpoint for each.

Nothing to build; Python 3.11 or later and its standard library. Ports are told; 0 lets the kernel choose:

    python3 examples/asyncio_datagram.py PORT UDP_PORT

Facts about asyncio's datagrams that matter here:

1. A datagram is read whole, up to 256 KiB: there is no limit to slice by.
2. `sendto` never blocks. What finds no room is kept without bound, unless `get_write_buffer_size` is looked at.
3. What ICMP reports comes to `error_received`, an answer that is too long as well; the endpoint goes on.
"""

import asyncio
import contextlib
import sys
from typing import Any, cast

CHUNK_BYTES = 1024
BACKLOG = 128
MOST_KEPT_BYTES = 256 * 1024


class Connection(asyncio.Protocol):
    """One client. Input stops while the transport's output is above its high-water mark."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer in chunks of the protocol's size, with one write."""
        chunks = (data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES))
        self._transport.write(b"".join(f"Server received {chunk!r}".encode("ascii") for chunk in chunks))

    def eof_received(self) -> bool:
        """Have the transport close itself: it sends what is still owed, then the FIN."""
        return False

    def pause_writing(self) -> None:
        """Owe no more than this."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        self._transport.resume_reading()


class Datagrams(asyncio.DatagramProtocol):
    """One socket for all senders."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport: Any = transport  # the types know nothing of its buffer's size

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer its sender; drop the answer where too much waits already."""
        if self._transport.get_write_buffer_size() < MOST_KEPT_BYTES:
            self._transport.sendto(f"Server received {data!r}".encode("ascii"), addr)

    def error_received(self, exc: Exception) -> None:
        """Somebody has gone, or an answer was too long: it concerns nobody else."""


def report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log in one line what the loop has nobody to tell."""
    print(f"{context['message']}: {context.get('exception')}", file=sys.stderr)


async def serve(port: int, udp_port: int) -> None:
    """Bind the datagrams' port before anybody can connect, announce and serve until cancelled."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(report)
    await loop.create_datagram_endpoint(Datagrams, ("127.0.0.1", udp_port))
    server = await loop.create_server(Connection, "127.0.0.1", port, backlog=BACKLOG)
    print("Server start at: {}:{}".format(*server.sockets[0].getsockname()), flush=True)
    with contextlib.closing(server):
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
