"""`make bench`: what servers cost, side by side in one run, into `benchmarks/results/`."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import resource
import sys
import time
from pathlib import Path

from benchmarks import connections, faces, idle, machine, throughput, verdict
from benchmarks.goals import goals
from benchmarks.part import SMOKE, Bench, Result, Scale, WrongAnswers
from benchmarks.servers import all_running, contestants
from clients.load.generator import Unreachable
from conformance.harness.child import Keeper

PARTS = {"throughput": throughput.run, "idle": idle.run, "connections": connections.run, "verdict": verdict.run}
RESULTS = Path(__file__).with_name("results")


def main() -> None:
    """Measure the parts that the command line names, all of them unless it does, and write what came of it."""
    options = _parser().parse_args()
    scale = SMOKE if options.smoke else Scale()
    if options.rounds:
        scale = dataclasses.replace(scale, rounds=options.rounds)
    _raise_descriptor_limit()
    on = machine.described()
    servers, lacking = contestants(options.server)
    began = time.monotonic()
    keeper = Keeper()
    results: list[Result] = []
    try:
        with all_running(servers, keeper) as running:
            bench = Bench(scale, servers, running, keeper, _say)
            for name in options.only or PARTS:
                results.append(PARTS[name](bench))
                faces.write(
                    options.results, on, scale, lacking, [*results, goals(results)]
                )  # what comes later may fail
    except (WrongAnswers, Unreachable) as error:
        sys.exit(f"no figures: {error}")
    finally:
        keeper.close()
    _say(f"{time.monotonic() - began:.0f} s")
    print((options.results / "results.md").read_text())


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _raise_descriptor_limit() -> None:
    """As far as it goes; the servers inherit it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(ValueError):  # macOS: it allows less than it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=PARTS, metavar="PART", help=f"a part: {', '.join(PARTS)}")
    parser.add_argument("--server", action="append", default=[], metavar="NAME", help="only these servers")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"rounds, interleaved (default: {Scale().rounds})")
    parser.add_argument("--smoke", action="store_true", help="as little as shows that figures come out")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where they are written")
    return parser


if __name__ == "__main__":
    main()
