"""What a run of the load generator is to do, as its command line or a benchmark says it."""

from __future__ import annotations

from dataclasses import dataclass

from clients.peer import Address

PROFILES = ("received", "echo")


@dataclass(frozen=True, slots=True)
class Plan:
    """A run: `connections` active ones beside `idle` ones, each with up to `depth` messages under way.

    Without a rate the loop is closed: a reply is followed by the next message at once. With one it is open:
    `rate` messages a second are due, over all connections, whatever the server has answered.

    What is owed at the end is given up when nothing has come of it for `silence_s`.
    """

    address: Address
    connections: int = 1
    idle: int = 0
    sizes_bytes: tuple[int, ...] = (32,)
    depth: int = 1
    rate: float | None = None
    warm_up_s: float = 1.0
    duration_s: float = 10.0
    profile: str = "received"
    chunk_limit_bytes: int = 1024
    pid: int | None = None
    silence_s: float = 10.0
