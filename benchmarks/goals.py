"""What the figures are to come to, and whether they do.

Ratios are made within each round, and their median counts; that of p99 is of all rounds together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.part import Result, Spread, Table, spread
from benchmarks.servers import FLOOR
from benchmarks.verdict import BOUNDS_S

BACKEND = "epoll"
CONNECTIONS, SIZE_BYTES = 64, 32
IDLE = 15_000
CPU_OF_PEERS = {"uvloop-protocol": 0.9, "asyncio-protocol": 0.65, FLOOR: 1.6}
FASTEST_PEER = "uvloop-protocol"
CASES_PER_SECOND = 500
COLUMNS = ("goal", "measured", "asked for", "kept")
NOTE = (
    f"Of the reference server `{BACKEND}`, and of a verdict on it. Against other servers: {CONNECTIONS} connections, "
    f"{SIZE_BYTES} bytes, and ratios of the same round; that of p99 is of all. Medians, with the least and the most."
)


@dataclass(frozen=True)
class Goal:
    """One figure, and the bound that its median is to keep: the most that it may be, or with `at_least` the least."""

    name: str
    measured: Spread
    bound: float
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the median keeps the bound."""
        return self.measured.median >= self.bound if self.at_least else self.measured.median <= self.bound

    def row(self) -> list[str]:
        """As the table has it."""
        asked = f"at {'least' if self.at_least else 'most'} {self.bound:,g}"
        digits = 0 if self.bound >= 100 else 2
        return [self.name, self.measured.text(digits), asked, "yes" if self.kept else "**no**"]


def goals(results: list[Result]) -> Result:
    """All goals whose figures have been measured."""
    found: list[Goal] = []
    data = {result.name: result.data for result in results}
    for part, goals_of in PARTS.items():
        if part in data:
            found += goals_of(data[part])
    rows = [goal.row() for goal in found]
    kept = {goal.name: {"measured": goal.measured.as_data(), "bound": goal.bound, "kept": goal.kept} for goal in found}
    return Result("goals", [Table("Goals", NOTE, COLUMNS, rows)] if rows else [], kept)


def _against_peers(data: dict[str, Any]) -> Iterator[Goal]:
    setting = {"connections": CONNECTIONS, "size_bytes": SIZE_BYTES}
    came = {each["server"]: each for each in data["figures"] if setting.items() <= each.items()}
    mine = came.get(BACKEND)
    if mine is None:
        return
    for peer, bound in CPU_OF_PEERS.items():
        if peer in came:
            yield Goal(f"processor time a message, of {peer}'s", _ratio(mine["cpu_us"], came[peer]["cpu_us"]), bound)
    if FASTEST_PEER in came:
        its = came[FASTEST_PEER]
        rates = _ratio(mine["messages_per_second"], its["messages_per_second"])
        yield Goal(f"messages a second, of {FASTEST_PEER}'s", rates, 1, at_least=True)
        p99 = spread([mine["latency_us"]["p99"] / its["latency_us"]["p99"]])
        yield Goal(f"p99 of latency, of {FASTEST_PEER}'s", p99, 1)


def _beside_idle(data: dict[str, Any]) -> Iterator[Goal]:
    costs = data.get(BACKEND, {}).get("cpu_us", {})
    if str(IDLE) in costs:
        name = f"processor time a message beside {IDLE:,} idle connections, of that beside none"
        yield Goal(name, _ratio(costs[str(IDLE)], costs["0"]), 1.1)


def _a_connection(data: dict[str, Any]) -> Iterator[Goal]:
    if BACKEND in data:
        yield Goal("bytes an idle connection", spread(data[BACKEND]["idle_bytes"]["rounds"]), 2048)


def _verdicts(data: dict[str, Any]) -> Iterator[Goal]:
    for size, figures in data.items():
        wall_s, cpu_s = BOUNDS_S[size]
        wall = figures["wall_s"]
        yield Goal(f"a verdict at {size}: seconds of processor time", spread(figures["cpu_s"]["rounds"]), cpu_s)
        yield Goal(f"a verdict at {size}: seconds", spread(wall["rounds"]), wall_s)
        rates = spread(figures["cases"] / seconds for seconds in wall["rounds"])
        yield Goal(f"a verdict at {size}: cases a second", rates, CASES_PER_SECOND, at_least=True)
        bare = _ratio(figures["bare_wall_s"], wall)
        yield Goal(f"a verdict at {size}: seconds of the bare loop, of its own", bare, 0.5, at_least=True)


PARTS = {
    "throughput": _against_peers,
    "idle": _beside_idle,
    "connections": _a_connection,
    "verdict": _verdicts,
}


def _ratio(mine: dict[str, Any], its: dict[str, Any]) -> Spread:
    return spread(one / other for one, other in zip(mine["rounds"], its["rounds"], strict=True))
