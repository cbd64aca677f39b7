"""The echo server on trio: one task a client, all of them children of one nursery.

Python 3.11 or later and the package trio. Port 0 lets the kernel choose:

    python3 examples/trio_streams.py [[HOST] PORT]

Facts about trio that matter here:

1. send_all() returns when the kernel has taken everything. Nothing is buffered, and leaving `async with` owes nothing.
2. An exception that leaves a handler ends the nursery, and so the server: each client's errors stop in its own handler.
3. serve_listeners() pauses by itself for a tenth of a second when accept() finds no descriptor, and logs that it did.
"""

import contextlib
import sys

import trio

CHUNK_BYTES = 1024
BACKLOG = 128


async def answer(stream: trio.SocketStream) -> None:
    """Answer every chunk until the end of this client's stream; its errors end it alone."""
    with contextlib.suppress(trio.BrokenResourceError):
        async with stream:
            while chunk := await stream.receive_some(CHUNK_BYTES):
                await stream.send_all(f"Server received {chunk!r}".encode("ascii"))


async def serve(host: str, port: int) -> None:
    """Listen, announce and serve until cancelled."""
    listeners = await trio.open_tcp_listeners(port, host=host, backlog=BACKLOG)
    print("Server start at: {}:{}".format(*listeners[0].socket.getsockname()), flush=True)
    await trio.serve_listeners(answer, listeners)


def main() -> None:
    """Serve at the address of the command line."""
    *host, port = sys.argv[1:] or ["8001"]
    with contextlib.suppress(KeyboardInterrupt):
        trio.run(serve, host[0] if host else "127.0.0.1", int(port))


if __name__ == "__main__":
    main()
