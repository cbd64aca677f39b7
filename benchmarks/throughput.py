"""What a message costs each server, how many it answers and how long each takes, side by side."""

from __future__ import annotations

import collections
from functools import partial
from pathlib import Path

from benchmarks.part import Bench, Result, Spread, Table, measure, spread
from benchmarks.servers import FLOOR
from clients.load.tally import Figures, percentiles

Setting = tuple[int, int]
COLUMNS = ("server", "µs CPU a message", "of the floor", "messages / s", "p50 µs", "p99 µs", "p99.9 µs", "generator")
NOTE = (
    "The first figure is the server's processor time, user and system, for one message and its answer: medians of the "
    "rounds, the least and the most in parentheses. `of the floor`: against {floor} in the same round. Messages a "
    "second and latencies hold for this machine at that time. `generator`: how much of the time the load generator did "
    "not wait; where that is nearly all, or more than half of one connection's, they are its own."
)


def run(bench: Bench) -> Result:
    """Every server at every number of connections and every size, in interleaved rounds."""
    measured: dict[Setting, dict[str, list[Figures]]] = {
        (connections, size): collections.defaultdict(list)
        for size in bench.scale.sizes_bytes
        for connections in bench.scale.connections
    }
    for _, everyone in bench.turns("throughput"):
        for (connections, size), by_server in measured.items():
            for one in everyone:
                by_server[one.server.name].append(measure(one, bench.scale, connections=connections, size_bytes=size))
    names = [one.server.name for one in bench.running]
    floor = FLOOR if FLOOR in names else names[0]
    tables = [_table(setting, by_server, floor) for setting, by_server in measured.items()]
    data = [
        {"connections": setting[0], "size_bytes": setting[1], "server": name, **_data(came, by_server[floor])}
        for setting, by_server in measured.items()
        for name, came in by_server.items()
    ]
    return Result("throughput", tables, {"floor": floor, "figures": data}, partial(_draw, measured))


def cost(came: list[Figures]) -> Spread:
    """Microseconds of the server's processor time for one message."""
    return spread(figures.server_cpu_us or 0.0 for figures in came)


def ratio(came: list[Figures], floor: list[Figures]) -> Spread:
    """That cost, against another server's in the same round."""
    return spread(
        (mine.server_cpu_us or 0.0) / (its.server_cpu_us or 1.0) for mine, its in zip(came, floor, strict=True)
    )


def _latencies(came: list[Figures]) -> dict[str, float]:
    """Percentiles over the messages of all rounds."""
    counts: collections.Counter[int] = collections.Counter()
    for figures in came:
        counts.update(figures.counts_us)
    return percentiles(counts)


def _at_work(came: list[Figures]) -> Spread:
    """How much of the time the generator did not wait."""
    return spread(figures.busy_share for figures in came)


def _data(came: list[Figures], floor: list[Figures]) -> dict[str, object]:
    return {
        "cpu_us": cost(came).as_data(),
        "of_floor": ratio(came, floor).as_data(),
        "messages_per_second": spread(figures.rate for figures in came).as_data(),
        "latency_us": _latencies(came),
        "generator_busy_share": _at_work(came).as_data(),
        "generator_is_bottleneck": 2 * sum(figures.bottleneck is not None for figures in came) > len(came),
    }


def _table(setting: Setting, by_server: dict[str, list[Figures]], floor: str) -> Table:
    connections, size = setting
    rows = []
    for name, came in sorted(by_server.items(), key=lambda item: cost(item[1]).median):
        latencies = _latencies(came)
        rate = spread(figures.rate for figures in came)
        tail = [*(f"{latencies[name]:,.0f}" for name in ("p50", "p99", "p99.9")), f"{_at_work(came).median:.0%}"]
        rows.append([name, cost(came).text(), ratio(came, by_server[floor]).text(), rate.text(0), *tail])
    plural = "s" if connections > 1 else ""
    title = f"{connections} connection{plural}, {size:,} bytes"
    return Table(title, NOTE.format(floor=floor), COLUMNS, rows)


def _draw(measured: dict[Setting, dict[str, list[Figures]]], folder: Path) -> list[str]:
    from benchmarks.plots import bars  # noqa: PLC0415 - only here: parts run without what draws them

    names = []
    for (connections, size), by_server in measured.items():
        costs = {name: cost(came) for name, came in by_server.items()}
        name = f"cost-{connections}-connections-{size}-bytes.svg"
        bars(folder / name, costs, f"{connections} connections, {size:,} bytes", "µs of processor time a message")
        names.append(name)
    return names
