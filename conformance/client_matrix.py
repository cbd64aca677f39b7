"""Every broken client against the clauses that it must break, twenty runs each.

It is wrong when such a clause holds in any of the runs, and when there is a MUST or a SHOULD that no broken client
breaks. A broken client may break other clauses as well: a client has one conversation, and most of it goes through
whatever part is broken.
"""

from __future__ import annotations

import argparse
import os
import sys

from conformance import own_servers
from conformance.clauses import CLIENT_SPECS, all_clauses
from conformance.judge import CLIENTS, judge
from conformance.matrix import AT_ONCE_A_PROCESSOR, LESS_PATIENCE, RUNS, Row
from conformance.report.outcome import Run
from conformance.spread import Spread


def main() -> int:
    """Print what became of each broken client, and what is wrong; the exit status says whether anything is."""
    parser = argparse.ArgumentParser(prog="python -m conformance.client_matrix", description=__doc__)
    parser.add_argument("bugs", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs, each with a seed of its own (%(default)s)")
    parser.add_argument("--examples", default="quick", help="cases a clause (%(default)s)")
    parser.add_argument("--jobs", type=int, default=AT_ONCE_A_PROCESSOR * (os.cpu_count() or 1), help="(%(default)s)")
    options = parser.parse_args()
    rows = {bug["name"]: Row(bug) for bug in own_servers.broken_clients()}
    rows = {name: row for name, row in rows.items() if not options.bugs or name in options.bugs}
    words = ["--own", "--unshortened", f"--examples={options.examples}", f"--patience={LESS_PATIENCE}"]
    words += [f"--broken={name}" for name in rows]
    for seed in range(1, options.runs + 1):
        run = Run("", "", seed)
        judge(run, words, spread=Spread(options.jobs), suite=CLIENTS)
        for target in run.targets.values():
            rows[target.name].runs.append({clause.id: clause for clause in target.clauses})
    for row in rows.values():
        print(f"{row.name:<36}", *(f"{clause} {row.killed(clause)}/{len(row.runs)}" for clause in row.bug["breaks"]))
    faults = [fault for row in rows.values() for fault in row.faults()]
    faults += [] if options.bugs else unbroken()
    print(f"\n{len(rows)} broken clients, {options.runs} runs each; {len(faults)} faults", *faults, sep="\n  ")
    return 1 if faults else 0


def unbroken() -> list[str]:
    """The clauses that no broken client breaks."""
    broken = {clause for bug in own_servers.broken_clients() for clause in bug["breaks"]}
    return [f"no client breaks {each.id} ({each.level})" for each in all_clauses(CLIENT_SPECS) if each.id not in broken]


if __name__ == "__main__":
    sys.exit(main())
