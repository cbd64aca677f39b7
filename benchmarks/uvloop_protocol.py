"""asyncio's Protocol server of the examples, as it is, on the event loop of uvloop: `uvloop_protocol.py HOST PORT`."""

import contextlib
import sys

import uvloop

from examples.asyncio_protocol import serve

if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(sys.argv[1], int(sys.argv[2])))
