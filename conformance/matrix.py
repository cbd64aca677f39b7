"""The kill matrix: every broken server of the zoo against every clause.

It is wrong when a clause that a bug must break holds, in any of the runs; when a clause fails that is named neither
there nor as collateral; when there is a MUST clause that no bug breaks; and when it takes too long, in the middle of
all bugs, until a bug is found.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance import own_servers
from conformance.clauses import Clause, all_clauses
from conformance.judge import judge
from conformance.report.outcome import ClauseResult, Outcome, Run, clause_from_data, clause_to_data
from conformance.spread import Spread

RUNS = 20
FULL_RUN_SEED = 1
LONGEST_S = 3600
MOST_MEDIAN_S = 1.0
# Most bugs show as silence, which costs time and no work: many are waited for at once, and less long where all that
# can come out is that a bug was found.
AT_ONCE_A_PROCESSOR = 8
LESS_PATIENCE = "0.5"
FAST_PATIENCE = "0.2"
MUST_BREAK, MAY_BREAK, UNNAMED, HELD, UNDECIDED = "X", "x", "!", "·", "?"


@dataclass
class Row:
    """What became of one bug. `runs` has the clauses of each run; the first run is of all, unless it was left out."""

    bug: dict[str, Any]
    runs: list[dict[str, ClauseResult]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The bug's name."""
        return str(self.bug["name"])

    @property
    def failed(self) -> set[str]:
        """Every clause that failed in any run."""
        return {name for run in self.runs for name, result in run.items() if result.outcome is Outcome.FAIL}

    def killed(self, clause: str) -> int:
        """In how many runs a clause failed."""
        return sum(run[clause].outcome is Outcome.FAIL for run in self.runs if clause in run)

    @property
    def first_failures(self) -> list[tuple[float, int]]:
        """Of each run, the seconds and cases to the first failure of the clause that was quickest."""
        quickest = []
        for run in self.runs:
            times = [
                (result.first_failure_seconds, result.first_failure_examples or 0)
                for name, result in run.items()
                if name in self.bug["breaks"] and result.first_failure_seconds is not None
            ]
            quickest += [min(times)] if times else []
        return quickest

    @property
    def median_s(self) -> float:
        """The median of the seconds to the first failure."""
        return statistics.median(seconds for seconds, _ in self.first_failures) if self.first_failures else float("nan")

    @property
    def median_examples(self) -> float:
        """The median of the cases to the first failure."""
        return statistics.median(cases for _, cases in self.first_failures) if self.first_failures else float("nan")

    def passed_over(self) -> Iterator[str]:
        """That the bug was found by none of its clauses."""
        if not any(map(self.killed, self.bug["breaks"])):
            yield f"{self.name}: none of its clauses failed; {'; '.join(self.faults())}"

    def faults(self) -> Iterator[str]:
        """What is wrong with the suite, or with what is said of the bug."""
        for clause in self.bug["breaks"]:
            killed = self.killed(clause)
            if killed < max(len(self.runs), 1):
                results = (run[clause] for run in self.runs if clause in run)
                others = {f"{r.outcome} {r.message or ''}".strip() for r in results if r.outcome is not Outcome.FAIL}
                yield f"{self.name}: {clause} failed in {killed} of {len(self.runs)} runs; else: {'; '.join(others)}"
        for clause in sorted(self.failed - set(self.bug["breaks"]) - set(self.bug["collateral"])):
            result = next(run[clause] for run in self.runs if clause in run and run[clause].outcome is Outcome.FAIL)
            yield f"{self.name}: {clause} failed and is not named: {result.message}"


def main() -> int:
    """Print the matrix, and what is wrong with it; the exit status says whether anything is."""
    options = _options()
    if options.seeds:
        return _judge_one(options)
    chosen = [bug for bug in own_servers.zoo() if not options.bugs or bug["name"] in options.bugs]
    rows = _fast_rows(chosen, options) if options.fast else _all_rows(chosen, options)
    clauses = all_clauses()
    if options.markdown and not options.bugs:
        options.markdown.write_text(_document(rows, clauses), encoding="utf-8")
    # One run tells whether a bug is found; whether by each of its clauses every time takes many.
    faults = [fault for row in rows for fault in (row.passed_over() if options.fast else row.faults())]
    if not options.bugs:
        faults += _unbroken(chosen, clauses)
    faults += [f"{bug['name']}: not run, it needs {bug['missing']}" for bug in chosen if bug["missing"]]
    medians = [row.median_s for row in rows if row.first_failures]
    median_s = statistics.median(medians) if medians else 0.0
    runs = sum(len(row.runs) for row in rows)
    if not (options.fast or options.bugs) and median_s > MOST_MEDIAN_S:
        faults.append(f"the median time to the first failure is above {MOST_MEDIAN_S:g} s")
    print(f"\n{len(rows)} bugs, {runs} runs; median time to the first failure {median_s:.2f} s; {len(faults)} faults")
    for fault in faults:
        print(f"  {fault}")
    return 1 if faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conformance.matrix", description=__doc__)
    parser.add_argument("bugs", nargs="*", metavar="NAME", help="only these bugs")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs a bug, each with a seed of its own (%(default)s)")
    parser.add_argument(
        "--fast",
        action="store_true",
        help="one run of what each bug must break, all in one: each must be found by some of that",
    )
    parser.add_argument("--own", action="store_true", help="only the clauses that a bug must break, in every run")
    parser.add_argument("--examples", default="quick", help="cases a clause (%(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=AT_ONCE_A_PROCESSOR * (os.cpu_count() or 1), help="bugs at a time (%(default)s)"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table of all bugs to a document")
    parser.add_argument("--profile", default="received", help=argparse.SUPPRESS)
    parser.add_argument("--seeds", help=argparse.SUPPRESS)
    parser.add_argument("-k", dest="expression", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _judge_one(options: argparse.Namespace) -> int:
    """In a process of its own: some runs of one bug, a line of JSON each."""
    words = ["--zoo", options.bugs[0], "--profile", options.profile, "--examples", options.examples, "--unshortened"]
    for seed in map(int, options.seeds.split(",")):
        run = Run("", "", seed)
        judge(run, [*words, "--patience", LESS_PATIENCE, "-k", options.expression] if options.expression else words)
        print(json.dumps([clause_to_data(c) for target in run.targets.values() for c in target.clauses]), flush=True)
    return 0


def _all_rows(bugs: Sequence[dict[str, Any]], options: argparse.Namespace) -> list[Row]:
    """Each bug's row, told as it comes."""
    rows = []
    with ThreadPoolExecutor(options.jobs) as pool:
        pending = {pool.submit(_row, bug, options): bug for bug in bugs if not bug["missing"]}
        for done in as_completed(pending):
            rows.append(done.result())
            print(_told(rows[-1], rows[-1].faults()), flush=True)
    return sorted(rows, key=lambda row: [bug["name"] for bug in bugs].index(row.name))


def _fast_rows(bugs: Sequence[dict[str, Any]], options: argparse.Namespace) -> list[Row]:
    """Each bug against its own clauses, in one run of pytest for each profile: what starts is started once."""
    rows = {bug["name"]: Row(bug) for bug in bugs if not bug["missing"]}
    for profile in dict.fromkeys(row.bug["profile"] for row in rows.values()):
        words = ["--profile", profile, "--examples", options.examples, "--unshortened", "--own"]
        words += ["--patience", FAST_PATIENCE]
        for row in rows.values():
            words += ["--zoo", row.name] if row.bug["profile"] == profile else []
        run = Run("", profile, FULL_RUN_SEED)
        judge(run, words, spread=Spread(options.jobs))
        for target in run.targets.values():
            rows[target.name].runs.append({clause.id: clause for clause in target.clauses})
    for row in rows.values():
        print(_told(row, row.passed_over()), flush=True)
    return list(rows.values())


def _row(bug: dict[str, Any], options: argparse.Namespace) -> Row:
    row = Row(bug)
    if not options.own:
        row.runs += _runs(bug, [FULL_RUN_SEED], options.examples)
    seeds = [FULL_RUN_SEED + 1 + number for number in range(options.runs - len(row.runs))]
    if seeds:
        row.runs += _runs(bug, seeds, options.examples, " or ".join(bug["breaks"]))
    return row


def _runs(
    bug: dict[str, Any], seeds: Iterable[int], examples: str, expression: str = ""
) -> list[dict[str, ClauseResult]]:
    words = [sys.executable, "-P", "-m", "conformance.matrix", bug["name"], "--profile", bug["profile"]]
    words += ["--examples", examples]
    words += ["--seeds", ",".join(map(str, seeds)), "-k", expression]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=LONGEST_S, stdin=subprocess.DEVNULL)
    runs = [map(clause_from_data, json.loads(line)) for line in done.stdout.splitlines()]
    return [{clause.id: clause for clause in run} for run in runs]


def _told(row: Row, faults: Iterable[str]) -> str:
    """One bug in one line, and one more for each fault."""
    kills = ", ".join(f"{clause} {row.killed(clause)}/{len(row.runs)}" for clause in row.bug["breaks"])
    line = f"{row.name:<40} {row.median_examples:>5.0f} cases {row.median_s:>7.2f} s  {kills}"
    return "\n  ".join([line, *faults])


def _unbroken(bugs: Iterable[dict[str, Any]], clauses: Iterable[Clause]) -> list[str]:
    """The MUST clauses that no bug breaks."""
    broken = {clause for bug in bugs for clause in bug["breaks"]}
    return [f"no bug breaks {c.id} ({c.level})" for c in clauses if c.level == "MUST" and c.id not in broken]


INTRODUCTION = """# The zoo

Written by `make zoo`. Every server here has one bug; the suite must find it by each of the clauses named, in every run.
Cases and seconds are medians until the quickest of these clauses had failed for the first time.
`echo-conformance run --zoo NAME` shows any of them fail.
"""
MATRIX = f"""
## The matrix

`{MUST_BREAK}` must break, `{MAY_BREAK}` may, `{HELD}` held, `{UNDECIDED}` could not be decided. The columns are the
clauses, in this order:
"""
UNSEEN = """
## What cannot be seen

Bugs of this kind that are not here, because nobody outside can see them on Linux:
"""


def _document(rows: Sequence[Row], clauses: Sequence[Clause]) -> str:
    """The table, as a document."""
    by_chapter = defaultdict(list)
    for clause in clauses:
        by_chapter[clause.chapter].append(clause.id.partition(".")[2])
    width = max(len(row.name) for row in rows)
    head = " ".join(f"{chapter[: len(names)]:<{len(names)}}" for chapter, names in by_chapter.items())
    return "\n".join(
        [
            INTRODUCTION,
            "| bug | what is wrong | breaks | cases | seconds |",
            "|---|---|---|---:|---:|",
            *map(_table_row, rows),
            MATRIX,
            *(f"- {chapter}: {', '.join(names)}" for chapter, names in by_chapter.items()),
            "",
            "```text",
            f"{'':<{width}} {head}",
            *(f"{row.name:<{width}} {_cells(row, by_chapter)}" for row in rows),
            "```",
            UNSEEN,
            *(f"- {bug}: {reason}." for bug, reason in own_servers.unseen_bugs().items()),
            "",
        ]
    )


def _table_row(row: Row) -> str:
    bug = row.bug
    kills = ", ".join(f"{clause} ({row.killed(clause)}/{len(row.runs)})" for clause in bug["breaks"])
    seen = f" Seen in {bug['seen']}." if bug["seen"] else ""
    also = "; ".join(f"{clause} ({why})" for clause, why in bug["collateral"].items())
    beside = f"<br>May also break {also}." if also else ""
    sentence = (bug["sentence"] + seen).replace("|", "\\|")
    return f"| {row.name} | {sentence} | {kills}{beside} | {row.median_examples:.0f} | {row.median_s:.2f} |"


def _cells(row: Row, by_chapter: Mapping[str, Sequence[str]]) -> str:
    return " ".join("".join(_mark(row, f"{chapter}.{name}") for name in names) for chapter, names in by_chapter.items())


def _mark(row: Row, clause: str) -> str:
    if clause in row.failed:
        return MUST_BREAK if clause in row.bug["breaks"] else MAY_BREAK if clause in row.bug["collateral"] else UNNAMED
    result = next((run[clause] for run in row.runs if clause in run), None)
    return HELD if result is not None and result.outcome is Outcome.PASS else UNDECIDED


if __name__ == "__main__":
    sys.exit(main())
