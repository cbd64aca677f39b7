"""The tutorial's own servers: what its readers ship.

Each keeps to the text that the tutorial prints; what had to be mended for it to run at all is told at its place.
"""

from __future__ import annotations

from conformance.zoo.bug import program
from conformance.zoo.effects import because

# All of them: listen(5) and no SO_REUSEADDR, a line printed for each message, and an accept that may not fail.
LIVES_BADLY = (
    "lifecycle.blocked-log",
    "lifecycle.restart",
    "limits.backlog",
    "limits.descriptor-exhaustion",
    "limits.exhaustion-queue",
    "limits.exhaustion-quiet",
)
# Each server reads without expecting an error, and forgets what a short send leaves over.
RACES = {
    "close.full-close": "where the reset for a reply that nobody takes is there before the next call",
    "isolation.sessions": "where somebody breaks off, or takes a short send's rest for granted",
}
DISCARDS = {"isolation.flooding-clients": "where replies are still queued when the FIN is read"}

TUTORIAL_SELECT = program(
    "tutorial_select.py",
    "The tutorial's select server: at the end of the stream it discards queued replies, and dies of a KeyError when "
    "that connection is writable in the same batch; a short send loses the rest; a reset ends the process.",
    "close.at-accept",
    "close.coalesced",
    "close.drains-before-fin",
    "close.drains-stalled",
    "error.broken-pipe",
    "error.releases",
    "error.reset-before-accept",
    "error.reset-idle",
    "error.reset-storm",
    "error.reset-with-input",
    "error.reset-with-output-owed",
    "isolation.descriptor-reuse",
    "isolation.many-ready",
    "isolation.stale-event",
    "order.partial-writes",
    "readiness.quiescent-after-reset",
    "readiness.quiescent-half-closed",
    *LIVES_BADLY,
    seen="cpython PR 2804",
    collateral={
        **RACES,
        **DISCARDS,
        **because(
            "where a send falls short before the last one",
            "isolation.slow-reader",
            "readiness.interest-restored",
            "readiness.quiescent-blocked",
        ),
        **because("more than select can hold", "limits.beyond-fd-setsize-safe", "limits.beyond-fd-setsize-served"),
        "backpressure.bounded-memory": "what is not read is queued without bound",
    },
)
TUTORIAL_POLL = program(
    "tutorial_poll.py",
    "The tutorial's poll server: at the end of the stream it discards queued replies; a short send loses the rest; a "
    "reset ends the process, and so does an urgent byte, which it takes for input.",
    "close.at-accept",
    "close.coalesced",
    "close.drains-before-fin",
    "close.drains-stalled",
    "error.releases",
    "error.reset-before-accept",
    "error.reset-idle",
    "error.reset-storm",
    "error.reset-with-input",
    "error.reset-with-output-owed",
    "error.urgent-data",
    "isolation.descriptor-reuse",
    "isolation.many-ready",
    "isolation.stale-event",
    "order.partial-writes",
    "readiness.quiescent-after-reset",
    "readiness.quiescent-after-urgent",
    "readiness.quiescent-half-closed",
    *LIVES_BADLY,
    collateral={
        **RACES,
        **DISCARDS,
        "backpressure.bounded-memory": "what is not read is queued without bound",
        "limits.no-growth": "what it keeps of a connection is not removed",
    },
)
TUTORIAL_EPOLL = program(
    "tutorial_epoll.py",
    "The tutorial's epoll server: a short send loses the rest; a reset while it waits for input ends the process.",
    "close.drains-stalled",
    "error.releases",
    "error.reset-before-accept",
    "error.reset-idle",
    "error.reset-storm",
    "error.reset-with-input",
    "isolation.stale-event",
    "order.partial-writes",
    "readiness.interest-restored",
    "readiness.quiescent-after-reset",
    *LIVES_BADLY,
    collateral={
        **RACES,
        **because(
            "where a send falls short before the last one",
            "close.drains-before-fin",
            "isolation.slow-reader",
            "readiness.quiescent-blocked",
            "readiness.quiescent-half-closed",
        ),
        "isolation.flooding-clients": "a torrent may end by a reset",
        "limits.no-growth": "what it keeps of a connection is not removed",
    },
)
TUTORIAL_SELECTORS_QUEUE = program(
    "tutorial_selectors_queue.py",
    "The tutorial's selectors server with queues: the end of a stream means nothing to it, so it never sends FIN and "
    "reads that end for ever; it waits for writability all the time; a short send loses the rest; a reset ends it.",
    "close.at-accept",
    "close.coalesced",
    "close.drains-before-fin",
    "close.drains-stalled",
    "close.eof",
    "close.releases",
    "error.releases",
    "error.reset-before-accept",
    "error.reset-idle",
    "error.reset-storm",
    "error.reset-with-input",
    "error.reset-with-output-owed",
    "isolation.descriptor-reuse",
    "isolation.many-ready",
    "isolation.stale-event",
    "order.partial-writes",
    "readiness.quiescent-after-exchange",
    "readiness.quiescent-after-reset",
    "readiness.quiescent-after-urgent",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    "readiness.quiescent-idle",
    *LIVES_BADLY,
    seen="poco#1417",
    collateral={
        **RACES,
        **DISCARDS,
        **because(
            "where it spins too much to be read",
            "isolation.slow-reader",
            "order.replaced-buffer",
            "readiness.interest-restored",
        ),
        **because(
            "the FIN that is awaited never comes", "close.churn", "close.closes-only-that-one", "close.connect-close"
        ),
        "backpressure.bounded-memory": "whoever does not read leaves by a reset",
    },
)
TUTORIAL_SELECTORS_CALLBACK = program(
    "tutorial_selectors_callback.py",
    "The tutorial's selectors server with callbacks: it sends without waiting for room, so that a short send loses the "
    "rest and a full buffer ends the process, as a reset does.",
    "close.drains-before-fin",
    "close.drains-stalled",
    "error.broken-pipe",
    "error.releases",
    "error.reset-before-accept",
    "error.reset-idle",
    "error.reset-storm",
    "error.reset-with-input",
    "error.reset-with-output-owed",
    "isolation.descriptor-reuse",
    "isolation.slow-reader",
    "isolation.stale-event",
    "order.partial-writes",
    "order.replaced-buffer",
    "readiness.interest-restored",
    "readiness.quiescent-after-reset",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    *LIVES_BADLY,
    collateral={
        **RACES,
        **because("a full buffer ends it", "backpressure.bounded-memory", "isolation.flooding-clients"),
    },
)
