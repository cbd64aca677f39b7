"""The tutorial's client: four messages over two sockets in turn, and a transcript of what comes back.

It sends and prints what the tutorial's does. Unlike it, it reads a whole reply, which may arrive in pieces, it bounds
every wait, and it closes its sockets.
"""

import socket
from contextlib import ExitStack

from clients.conversation import PATIENCE_S, ConversationError, connected

MESSAGES = (b"This is ", b"the message. ", b"It will be sent ", b"in parts.")
SOCKETS = 2


def converse(host: str, port: int, patience_s: float = PATIENCE_S) -> None:
    """Hold the tutorial's conversation, message by message on alternate sockets, and print it as the tutorial does.

    No connect and no receive waits longer than `patience_s`. Raises `ConversationError`.
    """
    print(f"connecting to {host} port {port}")
    with ExitStack() as stack:
        # Both connect before either speaks: the server has to keep two clients apart.
        peers = [stack.enter_context(connected(host, port, patience_s)) for _ in range(SOCKETS)]
        for index, message in enumerate(MESSAGES):
            peer = peers[index % SOCKETS]
            name = peer.getsockname()
            print(f"{name}: sending {message!r}")
            print(f"{name}: received {_ask(peer, message)!r}")


def _ask(peer: socket.socket, message: bytes) -> bytes:
    """Send a message and return its reply, whose length the message decides."""
    length = len(f"Server received {message!r}")
    reply = b""
    try:
        peer.sendall(message)
        while len(reply) < length:
            piece = peer.recv(1024)
            if not piece:
                raise ConversationError(f"the server closed the connection after {reply!r}, in reply to {message!r}")
            reply += piece
    except TimeoutError as error:
        raise ConversationError(f"silence of {peer.gettimeout()} s after {reply!r}, in reply to {message!r}") from error
    except OSError as error:
        raise ConversationError(f"{error.strerror or error} after {reply!r}, in reply to {message!r}") from error
    return reply
