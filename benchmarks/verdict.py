"""`make bench-verdict`: what a verdict on one backend costs, beside a bare loop of the same exchanges.

Wall time and processor time (suite, workers and servers together), medians of rounds that are interleaved: other work
on the machine distorts wall time, and processor time hardly.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from unittest import mock

import pytest
from rich.console import Console
from rich.table import Table

from benchmarks.bare import Bare
from conformance.clauses import SPECS
from conformance.harness import script as s
from conformance.harness.launch import Keeper, Process
from conformance.harness.player import Player
from conformance.harness.target import backend_target
from conformance.harness.transcript import Transcript

BACKEND = "epoll"
ROUNDS = 5
WIDTH = 100
EXAMPLES = {"quick": 20, "standard": 100}
BOUNDS_S = {"quick": "4 / 7", "standard": "10 / 18"}

Cost = tuple[float, float]


def record(examples: int) -> list[s.Script]:
    """Every script that a verdict plays."""
    recorded: list[s.Script] = []
    play = Player.play

    def play_and_record(player: Player, script: s.Script) -> Transcript:
        recorded.append(script)
        return play(player, script)

    words = ["-p", "conformance.plugin", "-p", "no:terminal", "-p", "no:cacheprovider", "-c", str(SPECS / "pytest.ini")]
    with mock.patch.object(Player, "play", play_and_record):
        pytest.main([str(SPECS), *words, "--backend", BACKEND, "--examples", str(examples), "--hypothesis-seed", "0"])
    return recorded


def verdict(size: str) -> None:
    """The whole of it, as a user runs it."""
    words = ["--backend", BACKEND, "--examples", size, "--seed", "0"]
    subprocess.run([sys.executable, "-m", "conformance.cli", "run", *words], check=True, stdout=subprocess.DEVNULL)


def bare(scripts: list[s.Script]) -> None:
    """The same exchanges, from a process of their own."""
    child = os.fork()
    if child == 0:
        keeper = Keeper()
        server = Process(backend_target(BACKEND).command or (), keeper, host="127.0.0.1")
        loop = Bare(server.address, server.pid)
        for script in scripts:
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


def rounds_of(size: str, scripts: list[s.Script]) -> tuple[Cost, Cost]:
    """A verdict, and the bare loop of its exchanges."""
    return cost_of(partial(verdict, size)), cost_of(partial(bare, scripts))


def main() -> None:
    """Measure and print the table."""
    # Each in a process of its own: the specs take the number of examples when they are imported.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        scripts = dict(zip(EXAMPLES, pool.map(record, EXAMPLES.values()), strict=True))
    costs: dict[str, list[tuple[Cost, Cost]]] = {size: [] for size in EXAMPLES}
    for _ in range(ROUNDS):
        for size, played in scripts.items():
            costs[size].append(rounds_of(size, played))
    table = Table("verdict", "cases", "wall s", "CPU s", "bound", "cases / s", "bare wall s", "bare CPU s")
    for size, rounds in costs.items():
        columns = zip(*(whole + loop for whole, loop in rounds), strict=True)
        wall, cpu, bare_wall, bare_cpu = map(statistics.median, columns)
        cases = len(scripts[size])
        figures = (f"{wall:.2f}", f"{cpu:.2f}", BOUNDS_S[size], f"{cases / wall:,.0f}")
        table.add_row(size, f"{cases:,}", *figures, f"{bare_wall:.2f}", f"{bare_cpu:.2f}")
    Console(width=WIDTH).print(table)


if __name__ == "__main__":
    main()
