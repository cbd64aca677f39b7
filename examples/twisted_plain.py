"""The echo server on Twisted as it is usually written, and not conformant: the client's FIN ends it with replies owed.

Python 3.11 or later and the package Twisted. Port 0 lets the kernel choose:

    python3 examples/twisted_plain.py [[HOST] PORT]

A plain Protocol knows no half-close. When the reactor reads the end of the stream it disconnects the transport, and the
output that this still held is thrown away: the replies that the reactor had not sent yet in the same turn of its loop,
or could not send since the client was not reading. `twisted_halfclose.py` shows what it takes.
"""

import contextlib
import sys

from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol

CHUNK_BYTES = 1024
BACKLOG = 128


class Connection(Protocol):
    """One client."""

    def connectionMade(self) -> None:
        """Have the transport stop reading while it has too much to write."""
        self.transport.registerProducer(self.transport, True)

    def dataReceived(self, data: bytes) -> None:
        """Answer what the reactor read, up to 64 KiB at once, in chunks of the protocol's size."""
        for start in range(0, len(data), CHUNK_BYTES):
            self.transport.write(f"Server received {data[start : start + CHUNK_BYTES]!r}".encode("ascii"))


def main() -> None:
    """Serve at the address of the command line."""
    *host, port = sys.argv[1:] or ["8001"]
    factory = Factory.forProtocol(Connection)
    factory.noisy = False
    listening = reactor.listenTCP(int(port), factory, BACKLOG, host[0] if host else "127.0.0.1")
    address = listening.getHost()
    print(f"Server start at: {address.host}:{address.port}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        reactor.run()


if __name__ == "__main__":
    main()
