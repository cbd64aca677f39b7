"""What connections that say nothing cost the others: the tutorial's claim, as a plot.

select and poll are handed every descriptor with every call, epoll and kqueue keep them: what a message costs grows with
the idle connections on the former, and not on the latter. The cost of a wait is shared by all whom it finds ready.
"""

from __future__ import annotations

import collections
import resource
import statistics
from functools import partial
from pathlib import Path

from benchmarks.part import Bench, Result, Scale, Spread, Table, idle_connections, measure, spread
from benchmarks.servers import Running

SIZE_BYTES = 32
# Descriptors of select end at FD_SETSIZE, 1024 nearly everywhere; those of a process at its limit.
SELECT_ROOM = 1024
OTHER_DESCRIPTORS = 64
NOTE = (
    "Microseconds of the server's processor time a message, {active} connections active beside so many idle ones; "
    "medians, the least and the most in parentheses. The slope is that of the straight line through the medians: "
    "nanoseconds a message for each idle connection. Empty: more than its interface, or the limit of descriptors here, "
    "can hold."
)
Costs = dict[str, dict[int, list[float]]]


def run(bench: Bench) -> Result:
    """Each native backend, with more and more idle connections, in interleaved rounds."""
    costs: Costs = collections.defaultdict(lambda: collections.defaultdict(list))
    for _, everyone in bench.turns("idle"):
        for one in everyone:
            if one.server.native:
                for idle, cpu_us in _climb(one, bench.scale):
                    costs[one.server.name][idle].append(cpu_us)
    medians = {name: {idle: spread(came) for idle, came in levels.items()} for name, levels in costs.items()}
    slopes = {name: _slope_ns(levels) for name, levels in medians.items()}
    columns = ("server", *(f"{idle:,} idle" for idle in bench.scale.idle), "slope, ns")
    rows = [
        [name, *(levels[idle].text() if idle in levels else "" for idle in bench.scale.idle), _text(slopes[name])]
        for name, levels in medians.items()
    ]
    table = Table("Idle connections", NOTE.format(active=bench.scale.beside_idle), columns, rows)
    data = {
        name: {"slope_ns": slopes[name], "cpu_us": {str(idle): each.as_data() for idle, each in levels.items()}}
        for name, levels in medians.items()
    }
    return Result("idle", [table], data, partial(_draw, medians, slopes, bench.scale.beside_idle))


def _climb(one: Running, scale: Scale) -> list[tuple[int, float]]:
    """The cost of a message at each number of idle connections that there is room for."""
    room = _room(one)
    came = []
    held = 0
    with idle_connections(one) as open_more:
        for idle in scale.idle:
            if idle + scale.beside_idle + OTHER_DESCRIPTORS > room:
                break
            open_more(idle - held)
            held = idle
            figures = measure(one, scale, connections=scale.beside_idle, size_bytes=SIZE_BYTES)
            came.append((idle, figures.server_cpu_us or 0.0))
    return came


def _room(one: Running) -> int:
    """How many descriptors the server can wait for, and this process open."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    allowed = 1 << 20 if limit == resource.RLIM_INFINITY else limit
    return min(allowed, SELECT_ROOM + OTHER_DESCRIPTORS // 2) if one.server.interface == "select" else allowed


def _slope_ns(levels: dict[int, Spread]) -> float | None:
    if len(levels) < 2:
        return None
    return 1000 * statistics.linear_regression(list(levels), [each.median for each in levels.values()]).slope


def _text(slope_ns: float | None) -> str:
    return "" if slope_ns is None else f"{slope_ns:.2f}"


def _draw(
    medians: dict[str, dict[int, Spread]], slopes: dict[str, float | None], active: int, folder: Path
) -> list[str]:
    from benchmarks.plots import lines  # noqa: PLC0415 - only here: parts run without what draws them

    labelled = {f"{name} ({_text(slopes[name])} ns)": levels for name, levels in medians.items()}
    title = f"{active} active connections beside idle ones"
    lines(folder / "idle.svg", labelled, title, "idle connections", "µs of processor time a message")
    return ["idle.svg"]
