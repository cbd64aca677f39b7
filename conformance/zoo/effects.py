"""Clauses that many bugs break together, and why."""


def because(why: str, *clauses: str) -> dict[str, str]:
    """These clauses, each for this reason."""
    return dict.fromkeys(clauses, why)


# What a short send does to the one whose output it was. Where that client is then reset, nobody sees it.
SHORT_SEND = (
    "order.partial-writes",
    "order.replaced-buffer",
    "close.drains-before-fin",
    "close.drains-stalled",
    "isolation.slow-reader",
    "readiness.interest-restored",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
)
DRAWN_SESSIONS = {"isolation.sessions": "a reader that stalls is drawn now and then"}
# More than one chunk is there at once.
LONG_MESSAGE = (
    *SHORT_SEND,
    "order.burst",
    "order.any-chunking",
    "order.long-stream",
    "isolation.sessions",
    "close.coalesced",
    "readiness.edge-drained",
    "reply.bytes-not-text",
    "reply.chunk-limit",
    "reply.exact-multiples",
)
DRAWN_LENGTHS = because(
    "messages of more than one chunk are drawn",
    "close.at-accept",
    "error.broken-pipe",
    "isolation.flooding-clients",
    "isolation.no-crosstalk",
    "reply.prompt",
    "reply.sequence",
)
