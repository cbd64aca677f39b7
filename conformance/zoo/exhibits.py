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
