"""What a verdict on one backend costs, beside a bare loop of the same exchanges: `make bench-verdict`.

Wall time and processor time (suite, workers and servers together), medians of rounds that are interleaved: other work
on the machine distorts wall time, and processor time hardly.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any
from unittest import mock

import pytest
from rich.console import Console
from rich.table import Table as Shown

from benchmarks.bare import Bare, can_be_bare
from benchmarks.part import Bench, Result, Scale, Table, spread
from conformance.clauses import SPECS
from conformance.harness import script as s
from conformance.harness.child import Keeper
from conformance.harness.launch import Process
from conformance.harness.player import Player
from conformance.harness.target import backend_target
from conformance.harness.transcript import Transcript

BACKEND = "epoll"
WIDTH = 120
EXAMPLES = {"quick": 20, "standard": 100}
BOUNDS_S = {"quick": (4.0, 7.0), "standard": (10.0, 18.0)}  # of wall time, and of processor time

START_UP_CLAUSE = "reply.prefix"
COLUMNS = (
    "verdict",
    "cases",
    "wall s",
    "CPU s",
    "bound",
    "cases / s",
    "bare wall s",
    "bare CPU s",
    "wire",
    "start-up",
    "rest",
)
NOTE = (
    "Seconds of a whole verdict on `{backend}`, as a user waits for it, and of processor time: suite, workers and "
    "servers together; beside a bare loop of the same exchanges, but for those in datagrams, by a crowd, or in which "
    "something is done to the server itself: they have no bare counterpart. Of the processor time, `wire` is that of "
    "the bare loop, `start-up` what a verdict by one case of one clause takes, and the rest is drawing cases, watching "
    "and judging. Medians."
)

Cost = tuple[float, float]


def record(examples: int, clauses: str) -> list[s.Script]:
    """Every script that a verdict plays."""
    recorded: list[s.Script] = []
    play = Player.play

    def play_and_record(player: Player, script: s.Script) -> Transcript:
        recorded.append(script)
        return play(player, script)

    words = ["-p", "conformance.plugin", "-p", "no:terminal", "-p", "no:cacheprovider", "-c", str(SPECS / "pytest.ini")]
    os.environ.pop("PYTEST_ADDOPTS", None)  # options of whoever runs us
    with mock.patch.object(Player, "play", play_and_record):
        status = pytest.main(
            [
                str(SPECS),
                *words,
                "--backend",
                BACKEND,
                "--examples",
                str(examples),
                "--hypothesis-seed",
                "0",
                "-k",
                clauses,
            ]
        )
    if status:
        msg = f"the verdict to be recorded ended with {status!r}"
        raise RuntimeError(msg)
    return recorded


def verdict(size: str, clauses: str) -> None:
    """The whole of it, as a user runs it."""
    words = ["--backend", BACKEND, "--examples", size, "--seed", "0", *(["-k", clauses] if clauses else [])]
    subprocess.run([sys.executable, "-m", "conformance.cli", "run", *words], check=True, stdout=subprocess.DEVNULL)


def bare(scripts: list[s.Script]) -> None:
    """The same exchanges, from a process of their own."""
    child = os.fork()
    if child == 0:
        keeper = Keeper()
        server = Process(backend_target(BACKEND).command or (), keeper, host="127.0.0.1")
        loop = Bare(server.address, server.pid)
        for script in filter(can_be_bare, scripts):
            loop.play(script)
        server.end()
        keeper.close()
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("the bare loop failed")


def cost_of(work: Callable[[], None]) -> Cost:
    """Wall and processor seconds of what is done in child processes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    work()
    wall_s = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(bench: Bench) -> Result:
    """Measure verdicts of each size, bare loops of their exchanges, and starting up, in interleaved rounds."""
    return measured(bench.scale, bench.say)


def measured(scale: Scale, say: Callable[[str], None]) -> Result:
    """The same, with no other server running."""
    say("verdict: recording what is exchanged")
    sizes = {size: EXAMPLES[size] for size in scale.verdicts}
    # Each in a process of its own: the specs take the number of examples when they are imported.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        recorded = pool.map(partial(record, clauses=scale.clauses), sizes.values())
        scripts = dict(zip(sizes, recorded, strict=True))
    costs: dict[str, list[tuple[Cost, Cost, Cost]]] = {size: [] for size in sizes}
    for number in range(scale.rounds):
        say(f"verdict: round {number + 1} of {scale.rounds}")
        for size, played in scripts.items():
            whole = cost_of(partial(verdict, size, scale.clauses))
            loop = cost_of(partial(bare, played))
            costs[size].append((whole, loop, cost_of(partial(verdict, "1", START_UP_CLAUSE))))
    data = {size: _data(rounds, scripts[size]) for size, rounds in costs.items()}
    table = Table("Verdict", NOTE.format(backend=BACKEND), COLUMNS, [_row(size, each) for size, each in data.items()])
    return Result("verdict", [table], data)


def _data(rounds: list[tuple[Cost, Cost, Cost]], scripts: list[s.Script]) -> dict[str, Any]:
    walls, cpus = ([[cost[which] for cost in each] for each in rounds] for which in (0, 1))
    wall, bare_wall, _ = (spread(column) for column in zip(*walls, strict=True))
    cpu, bare_cpu, start_up_cpu = (spread(column) for column in zip(*cpus, strict=True))
    return {
        "cases": len(scripts),
        "bare_cases": sum(map(can_be_bare, scripts)),
        "wall_s": wall.as_data(),
        "cpu_s": cpu.as_data(),
        "cases_per_second": len(scripts) / wall.median,
        "bare_wall_s": bare_wall.as_data(),
        "bare_cpu_s": bare_cpu.as_data(),
        "wire_share": bare_cpu.median / cpu.median,
        "start_up_share": start_up_cpu.median / cpu.median,
    }


def _row(size: str, data: dict[str, Any]) -> list[str]:
    seconds = [f"{data[name]['median']:.2f}" for name in ("wall_s", "cpu_s", "bare_wall_s", "bare_cpu_s")]
    wire, start_up = data["wire_share"], data["start_up_share"]
    shares = [f"{share:.0%}" for share in (wire, start_up, 1 - wire - start_up)]
    return [
        size,
        f"{data['cases']:,} ({data['bare_cases']:,} bare)",
        *seconds[:2],
        "{:g} / {:g}".format(*BOUNDS_S[size]),
        f"{data['cases_per_second']:,.0f}",
        *seconds[2:],
        *shares,
    ]


def main() -> None:
    """Measure and print the table."""
    result = measured(Scale(), partial(print, file=sys.stderr, flush=True))
    for table in result.tables:
        shown = Shown(*table.columns, caption=table.note)
        for row in table.rows:
            shown.add_row(*row)
        Console(width=WIDTH).print(shown)


if __name__ == "__main__":
    main()
