"""Every broken client against the clauses that it must break, twenty runs each.

It is wrong when such a clause holds in any of the runs, and when there is a MUST or a SHOULD that no broken client
breaks. A broken client may break other clauses as well: a client has one conversation, and most of it goes through
whatever part is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from conformance import own_servers
from conformance.clauses import CLIENT_SPECS, all_clauses
from conformance.judge import CLIENTS, judge
from conformance.matrix import FAST_PATIENCE, FULL_RUN_SEED, LESS_PATIENCE, LONGEST_S, RUNS, Row
from conformance.report.outcome import Run, clause_from_data, clause_to_data
from conformance.spread import Spread


def main() -> int:
    """Print what became of each broken client, and what is wrong; the exit status says whether anything is."""
    options = _options()
    if options.seeds:
        return _judge_one(options)
    bugs = [bug for bug in own_servers.broken_clients() if not options.bugs or bug["name"] in options.bugs]
    rows = _fast_rows(bugs, options) if options.runs == 1 else _all_rows(bugs, options)
    for row in rows:
        print(f"{row.name:<36}", *(f"{clause} {row.killed(clause)}/{len(row.runs)}" for clause in row.bug["breaks"]))
    faults = [fault for row in rows for fault in row.faults()] + ([] if options.bugs else unbroken())
    print(f"\n{len(rows)} broken clients, {options.runs} runs each; {len(faults)} faults", *faults, sep="\n  ")
    return 1 if faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conformance.client_matrix", description=__doc__)
    parser.add_argument("bugs", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs, each with a seed of its own (%(default)s)")
    parser.add_argument("--examples", default="quick", help="cases a clause (%(default)s)")
    parser.add_argument("--jobs", type=int, default=4 * (os.cpu_count() or 1), help="at a time (%(default)s)")
    parser.add_argument("--seeds", help=argparse.SUPPRESS)
    return parser.parse_args()


def _fast_rows(bugs: Sequence[dict[str, Any]], options: argparse.Namespace) -> list[Row]:
    """One run of all, in one run of pytest: what starts is started once."""
    rows = {bug["name"]: Row(bug) for bug in bugs}
    run = Run("", "", FULL_RUN_SEED)
    words = [*_words(options), *(f"--broken={name}" for name in rows)]
    judge(run, words, spread=Spread(options.jobs), suite=CLIENTS)
    for target in run.targets.values():
        rows[target.name].runs.append({clause.id: clause for clause in target.clauses})
    return list(rows.values())


def _words(options: argparse.Namespace) -> list[str]:
    patience = FAST_PATIENCE if options.runs == 1 else LESS_PATIENCE
    return ["--own", "--unshortened", f"--examples={options.examples}", f"--patience={patience}"]


def _all_rows(bugs: Sequence[dict[str, Any]], options: argparse.Namespace) -> list[Row]:
    with ThreadPoolExecutor(options.jobs) as pool:
        return list(pool.map(lambda bug: _row(bug, options), bugs))


def _row(bug: dict[str, Any], options: argparse.Namespace) -> Row:
    seeds = ",".join(map(str, range(1, options.runs + 1)))
    words = [sys.executable, "-P", "-m", "conformance.client_matrix", bug["name"], "--seeds", seeds]
    words += ["--examples", options.examples]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=LONGEST_S, stdin=subprocess.DEVNULL)
    runs = [map(clause_from_data, json.loads(line)) for line in done.stdout.splitlines()]
    return Row(bug, [{clause.id: clause for clause in run} for run in runs])


def _judge_one(options: argparse.Namespace) -> int:
    """In a process of its own: some runs of one broken client, a line of JSON each."""
    for seed in map(int, options.seeds.split(",")):
        run = Run("", "", seed)
        judge(run, [*_words(options), f"--broken={options.bugs[0]}"], suite=CLIENTS)
        print(json.dumps([clause_to_data(c) for target in run.targets.values() for c in target.clauses]), flush=True)
    return 0


def unbroken() -> list[str]:
    """The clauses that no broken client breaks."""
    broken = {clause for bug in own_servers.broken_clients() for clause in bug["breaks"]}
    return [f"no client breaks {each.id} ({each.level})" for each in all_clauses(CLIENT_SPECS) if each.id not in broken]


if __name__ == "__main__":
    sys.exit(main())
