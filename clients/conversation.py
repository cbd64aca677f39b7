"""What the clients that people run share: how they connect, and what they say when it comes to nothing."""

import socket

PATIENCE_S = 30.0


class ConversationError(Exception):
    """The conversation could not be held to its end; the message says what the server did and when."""


def connected(host: str, port: int, patience_s: float = PATIENCE_S) -> socket.socket:
    """Return a connected socket whose timeout, from connecting on, is `patience_s`. Raises `ConversationError`."""
    try:
        return socket.create_connection((host, port), timeout=patience_s)
    except (OSError, UnicodeError) as error:
        raise not_connected(host, port, error) from error


def not_connected(host: str, port: int, error: OSError | UnicodeError) -> ConversationError:
    """Return what there is to say when a connection does not come about."""
    why = error.strerror if isinstance(error, OSError) else None  # a name can be none for want of a spelling
    return ConversationError(f"cannot connect to {host} port {port}: {why or error}")
