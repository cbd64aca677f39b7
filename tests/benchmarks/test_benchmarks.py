"""A run of the benchmarks as short as one can be: figures of every part come out, and say what they are worth."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faces import page
from benchmarks.goals import goals
from benchmarks.idle import _slope_ns
from benchmarks.part import SMOKE, Result, Scale, Table, WrongAnswers, idle_connections, spread
from benchmarks.servers import Running, Server, contestants
from clients.load.tally import percentiles

ROOT = Path(__file__).parents[2]
BOUND_S = 2400.0  # a guard: all parts take 10 s on a quiet machine, and 90 s beside the other tests
SERVERS = ("asyncio-protocol", "epoll", "select")
MACHINE: dict[str, object] = {
    "system": "Linux 6",
    "processor": "some",
    "processors": 2,
    "memory_gib": 8,
    "python": "3.11.7",
    "used_by_others": 0.01,
}


def medians(data: Any) -> list[float]:
    """Every median of a part, however deep."""
    if isinstance(data, dict):
        own = [data["median"]] if "median" in data else []
        return own + [each for value in data.values() for each in medians(value)]
    return [each for value in data for each in medians(value)] if isinstance(data, list) else []


def test_figures_of_every_part_come_out(tmp_path: Path) -> None:
    words = [word for name in SERVERS for word in ("--server", name)]
    command = [sys.executable, "-m", "benchmarks", "--smoke", "--results", str(tmp_path), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BOUND_S, check=False)
    assert done.returncode == 0, done.stderr
    has_all_figures(json.loads((tmp_path / "results.json").read_text()))
    shows_its_plots((tmp_path / "results.md").read_text(), {path.name for path in tmp_path.glob("*.svg")})


def has_all_figures(data: dict[str, Any]) -> None:
    for part in ("throughput", "verdict"):
        assert all(figure > 0 for figure in medians(data[part]))
    costs = [figures["cpu_us"]["median"] for figures in data["connections"].values()]
    assert len(costs) == len(SERVERS)
    assert all(cost > 0 for cost in costs)
    assert {figure["server"] for figure in data["throughput"]["figures"]} == set(SERVERS)
    assert all(figure["cpu_us"]["median"] > 0 for figure in data["throughput"]["figures"])
    assert set(data["idle"]) == {"epoll", "select"}
    assert set(data["idle"]["epoll"]["cpu_us"]) == {str(idle) for idle in SMOKE.idle}
    assert data["verdict"]["quick"]["cases"] > 0


def shows_its_plots(text: str, plots: set[str]) -> None:
    assert "## Goals" in text
    assert "**Made by a short run**" in text
    assert plots
    assert all(f"]({name})" in text for name in plots)


def test_a_server_that_is_not_there() -> None:
    command = [sys.executable, "-m", "benchmarks", "--smoke", "--server", "nobody"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BOUND_S, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("no such server: nobody; there are ")


@pytest.mark.parametrize(("used", "busy"), [(0.01, False), (0.5, True)])
def test_a_page_says_whether_others_were_at_work(used: float, busy: bool) -> None:
    result = Result("idle", [Table("Idle", "Beware.", ("server", "cost"), [["epoll", "1"]])], {})
    text = page(MACHINE | {"used_by_others": used}, Scale(), {"go": "no go"}, [result], {"idle": ["idle.svg"]})
    assert ("others were at work" in text) == busy
    assert "short run" not in text
    assert "Not measured: go, no go." in text
    assert "## Idle\n\nBeware.\n\n| server | cost |\n| --- | ---: |\n| epoll | 1 |\n\n![idle](idle.svg)" in text


def rounds(*values: float) -> dict[str, Any]:
    return spread(values).as_data()


def figures(server: str, cpu_us: float, p99_us: float, *, connections: int = 64) -> dict[str, Any]:
    return {
        "server": server,
        "connections": connections,
        "size_bytes": 32,
        "cpu_us": rounds(cpu_us, 2 * cpu_us),
        "messages_per_second": rounds(100.0, 50.0),
        "latency_us": {"p99": p99_us},
    }


def test_goals_are_told_as_kept_or_not() -> None:
    throughput = [figures("epoll", 9.0, 300), figures("uvloop-protocol", 10.0, 200), figures("c-epoll", 5.0, 100)]
    throughput.append(figures("asyncio-protocol", 1.0, 1.0, connections=1))
    idle = {"epoll": {"cpu_us": {"0": rounds(10.0), "15000": rounds(10.9)}}}
    verdict = {"cases": 1500, "cpu_s": rounds(6.0), "wall_s": rounds(3.0), "bare_wall_s": rounds(1.0)}
    data: dict[str, dict[str, Any]] = {
        "throughput": {"figures": throughput},
        "idle": idle,
        "connections": {"epoll": {"idle_bytes": rounds(2049.0)}},
        "verdict": {"quick": verdict},
    }
    (table,) = goals([Result(name, [], part) for name, part in data.items()]).tables
    assert [(row[1].partition(" ")[0], row[2], row[3]) for row in table.rows] == [
        ("0.90", "at most 0.9", "yes"),
        ("1.80", "at most 1.6", "**no**"),
        ("1.00", "at least 1", "yes"),
        ("1.50", "at most 1", "**no**"),
        ("1.09", "at most 1.1", "yes"),
        ("2,049", "at most 2,048", "**no**"),
        ("6.00", "at most 7", "yes"),
        ("3.00", "at most 4", "yes"),
        ("500", "at least 500", "yes"),
        ("0.33", "at least 0.5", "**no**"),
    ]


def test_of_what_was_not_measured_there_are_no_goals() -> None:
    assert goals([Result("throughput", [], {"figures": [figures("poll", 1.0, 1.0)]})]).tables == []


def test_reference_servers_are_native_and_serve_streams_alone() -> None:
    servers, _ = contestants([])
    native = [server for server in servers if server.native]
    assert {"epoll", "select"} <= {server.name for server in native}
    assert not [server.name for server in native if "stand-in" in server.name]
    assert not [word for server in servers for word in server.command if "udp" in word]


def hold_two(one: Running) -> None:
    with idle_connections(one) as open_more:
        open_more(1)
        open_more(1)


def test_an_idle_connection_that_ends_is_no_figure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            there = []
            for _ in range(2):
                client, _ = listener.accept()
                there.append(client)
                chunk = client.recv(1024)
                if len(there) == 2:
                    there[0].close()
                client.sendall(b"Server received %a" % chunk)
            client.recv(1)
            client.close()

        thread = threading.Thread(target=serve)
        thread.start()
        one = Running(Server("mine", (), native=False), listener.getsockname(), 0)
        with pytest.raises(WrongAnswers, match=r"^mine: \{'idle connection ended': 1\}$"):
            hold_two(one)
        thread.join()


def test_spread_and_slope() -> None:
    assert spread([3.0, 1.0, 2.0]).text() == "2.00 (1.00-3.00)"
    assert _slope_ns({0: spread([1.0]), 1000: spread([3.0])}) == pytest.approx(2.0)
    assert _slope_ns({0: spread([1.0])}) is None


def test_percentiles_are_of_counts() -> None:
    assert percentiles({}) == {}
    came = percentiles({10: 989, 500: 10, 100_000: 1})
    assert (came["p50"], came["p99"], came["p99.9"]) == (10, 500, 500)
    assert came["p100"] == pytest.approx(100_000, rel=0.001)
