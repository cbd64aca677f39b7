"""The tutorial's own servers: what its readers ship."""

from __future__ import annotations

from conformance.zoo.bug import program

TUTORIAL_SELECT = program(
    "tutorial_select.py",
    "The tutorial's select server, as printed.",
    "close.drains-before-fin",
    "close.drains-stalled",
    "close.coalesced",
    "error.reset-idle",
    "error.reset-with-input",
    "order.partial-writes",
)
TUTORIAL_POLL = program("tutorial_poll.py", "The tutorial's poll server, as printed.")
TUTORIAL_EPOLL = program("tutorial_epoll.py", "The tutorial's epoll server, as printed.")
TUTORIAL_SELECTORS_QUEUE = program(
    "tutorial_selectors_queue.py", "The tutorial's selectors server with queues, as printed."
)
TUTORIAL_SELECTORS_CALLBACK = program(
    "tutorial_selectors_callback.py", "The tutorial's selectors server with callbacks, as printed."
)
