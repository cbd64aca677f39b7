"""The echo server on Twisted: a protocol that survives a half-close, and a transport that produces to itself.

Python 3.11 or later and the package Twisted. Port 0 lets the kernel choose:

    python3 examples/twisted_halfclose.py [[HOST] PORT]

Facts about Twisted that matter here:

1. A plain Protocol is disconnected at the client's FIN, and what its transport still held is lost. One that provides
   IHalfCloseableProtocol is told instead, and closes when it has answered.
2. write() never refuses. A transport that is its own push producer stops reading while it holds more than 64 KiB of
   output, and reads on when that is gone.
3. loseConnection() sends what is owed first, but waits for ever while a push producer is registered.
4. Twisted accepts with a descriptor in reserve: when there is no other, those who wait are accepted and closed at once.
"""

import contextlib
import sys

from twisted.internet import reactor
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

CHUNK_BYTES = 1024
BACKLOG = 128


@implementer(IHalfCloseableProtocol)
class Connection(Protocol):
    """One client."""

    def connectionMade(self) -> None:
        """Have the transport stop reading while it has too much to write."""
        self.transport.registerProducer(self.transport, True)

    def dataReceived(self, data: bytes) -> None:
        """Answer what the reactor read, up to 64 KiB at once, in chunks of the protocol's size."""
        for start in range(0, len(data), CHUNK_BYTES):
            self.transport.write(f"Server received {data[start : start + CHUNK_BYTES]!r}".encode("ascii"))

    def readConnectionLost(self) -> None:
        """Send what is still owed, then the FIN."""
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Nothing: connectionLost follows."""


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
