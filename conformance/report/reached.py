"""How a target is reached; as plain data it crosses process borders."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Means:
    """How a target is reached: by a command that starts it, in a folder, or at an address; and what it answers.

    `options` are the words that name it on the suite's command line. `address` is where it serves, as far as that is
    known before it starts; port 0 is any, and `udp` where it answers datagrams, if that is elsewhere and not told by
    the command. `patience` is the factor by which silence is waited for longer, or less long.
    """

    options: list[str]
    command: list[str] | None
    folder: str | None
    address: tuple[str, int] | None
    profile: str
    chunk_limit_bytes: int
    patience: float = 1.0
    udp: tuple[str, int] | None = None

    @property
    def copies(self) -> bool:
        """Whether several of it can run at once."""
        return self.command is not None and not (self.address and self.address[1])

    def words(self) -> list[str]:
        """The arguments by which a reproducer is pointed at it."""
        where = [self.address[0], str(self.address[1])] if self.address is not None else []
        where += [] if self.udp is None else ["--udp", f"{self.udp[0]}:{self.udp[1]}"]
        return where + (["--", *self.command] if self.command is not None else [])

    def arguments(self) -> str:
        """The same, as they are typed."""
        return shlex.join(self.words())


def means_to_data(means: Means) -> dict[str, Any]:
    """The same as nothing but dicts, lists, strings and numbers."""
    return asdict(means)


def means_from_data(data: dict[str, Any]) -> Means:
    """The reverse of `means_to_data`."""
    places = {name: tuple(data[name]) if data[name] else None for name in ("address", "udp")}
    return Means(**data | places)
