"""What a part of the benchmarks is: how much of it is done, what it measures, and what it hands to every face."""

from __future__ import annotations

import contextlib
import dataclasses
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.servers import Running, Server
from clients.load.generator import Generator
from clients.load.plan import Plan
from clients.load.tally import Figures, Tally
from conformance.harness.child import Keeper

SILENCE_S = 30.0


@dataclass(frozen=True)
class Scale:
    """How much is done. Rounds are interleaved: each measures everyone once, so that all share the machine's moods."""

    rounds: int = 5
    warm_up_s: float = 0.05
    window_s: float = 0.15
    connections: tuple[int, ...] = (1, 64, 512)
    sizes_bytes: tuple[int, ...] = (32, 1024)
    beside_idle: int = 64
    idle: tuple[int, ...] = (0, 250, 900, 4_000, 15_000)
    held: int = 1_000
    burst: int = 1_000
    verdicts: tuple[str, ...] = ("quick", "standard")
    clauses: str = ""


SMOKE = Scale(
    rounds=1,
    warm_up_s=0.01,
    window_s=0.03,
    connections=(1, 8),
    sizes_bytes=(32,),
    beside_idle=8,
    idle=(0, 40, 80),
    held=50,
    burst=50,
    verdicts=("quick",),
    clauses="reply. or datagram.",
)


@dataclass(frozen=True)
class Bench:
    """What a part is given: the servers to measure, those of them that run all the time, and how much to do."""

    scale: Scale
    servers: list[Server]
    running: list[Running]
    keeper: Keeper
    say: Callable[[str], None]

    def turns(self, part: str) -> Iterable[tuple[int, list[Running]]]:
        """Each round with everyone in another order: whoever follows a heavy one is not always the same."""
        for number in range(self.scale.rounds):
            self.say(f"{part}: round {number + 1} of {self.scale.rounds}")
            yield number, self.running[number:] + self.running[:number]


@dataclass(frozen=True)
class Table:
    """Rows under their columns, with what is to be known about them before they are read."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Result:
    """What came of a part. `draw` writes its plots into a folder and returns their names."""

    name: str
    tables: list[Table]
    data: dict[str, Any]
    draw: Callable[[Path], list[str]] = field(default=lambda _folder: [])


class WrongAnswers(Exception):
    """A server that is measured answered wrongly, or not at all; no figure of it would mean anything."""


@dataclass(frozen=True)
class Spread:
    """Several rounds of one figure, in their order; the middle of them, and the least and the most."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle."""
        return statistics.median(self.rounds)

    @property
    def low(self) -> float:
        """The least."""
        return min(self.rounds)

    @property
    def high(self) -> float:
        """The most."""
        return max(self.rounds)

    def text(self, digits: int = 2) -> str:
        """As tables have it."""
        return f"{self.median:,.{digits}f} ({self.low:,.{digits}f}-{self.high:,.{digits}f})"

    def as_data(self) -> dict[str, float | list[float]]:
        """As JSON has it."""
        return {"median": self.median, "low": self.low, "high": self.high, "rounds": list(self.rounds)}


def spread(values: Iterable[float]) -> Spread:
    """The spread of one figure over the rounds."""
    return Spread(tuple(values))


def measure(one: Running, scale: Scale, *, connections: int, size_bytes: int) -> Figures:
    """One window of closed-loop load on a server. Raises `WrongAnswers` unless all of it went well.

    On a machine so busy that nothing at all is answered within the window, a longer one is taken.
    """
    plan = Plan(
        one.address,
        connections=connections,
        sizes_bytes=(size_bytes,),
        warm_up_s=scale.warm_up_s,
        duration_s=scale.window_s,
        pid=one.pid,
    )
    figures = Figures()
    while not (figures.messages or figures.errors) and plan.duration_s < SILENCE_S:
        tally = Tally(one.pid)
        Generator(plan, tally).run()
        figures = tally.figures()
        plan = dataclasses.replace(plan, duration_s=plan.duration_s * 4)
    if figures.errors or not figures.messages:
        msg = f"{one.server.name}, {connections} connections: {figures.errors or 'not one message'}"
        raise WrongAnswers(msg)
    return figures


@contextlib.contextmanager
def idle_connections(one: Running) -> Iterator[Callable[[int], None]]:
    """What opens so many idle connections more, each accepted. Raises `WrongAnswers` where one of them did not last."""
    tally = Tally(None)
    holder = Generator(Plan(one.address), tally)
    try:
        yield lambda count: holder.open(count, 0)
        holder.look_at_idle()
    finally:
        holder.close()
    if tally.errors:
        msg = f"{one.server.name}: {dict(tally.errors)}"
        raise WrongAnswers(msg)
