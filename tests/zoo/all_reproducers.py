"""Has every bug of the zoo fail, and tries its reproducers: `all_reproducers.py [--runs N] [NAME ...]`.

For each bug the suite judges the clauses that it must break. Each must fail and leave a reproducer, which in each of N
runs (20) shows the fault on a fresh copy of the broken server, status 1, and none on a correct one, status 0. A line a
bug, as each is done; what is wrong last, and the exit status says whether anything is.

Correct are the reference server `epoll`, and by the profile `echo` the server beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from conformance import own_servers

ROOT = Path(__file__).parents[2]
RUNS = 20
AT_ONCE_A_PROCESSOR = 4  # most of them wait for a silent server
SILENCE_S, LESS_PATIENCE = "3", "0.3"
LONGEST_S = 1800
PYTHON = [sys.executable, "-P"]
WHERE = ["--host", "{host}", "--port", "{port}"]
CORRECT = {
    "received": [*PYTHON, "-m", "reference_servers", "epoll", *WHERE],
    "echo": [sys.executable, str(Path(__file__).with_name("rfc862.py")), "{port}"],
}


def main() -> int:
    """Try them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bugs", nargs="*", metavar="NAME", help="only these bugs")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each reproducer on each server (%(default)s)")
    parser.add_argument("--at-once", type=int, default=AT_ONCE_A_PROCESSOR * (os.cpu_count() or 1))
    options = parser.parse_args()
    bugs = [
        bug for bug in own_servers.zoo() if not bug["missing"] and (not options.bugs or bug["name"] in options.bugs)
    ]
    faults: list[str] = []
    tried = 0
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(options.at_once) as pool:
        pending = {pool.submit(_try, bug, Path(scratch), options.runs): bug for bug in bugs}
        for done in as_completed(pending):
            found = list(done.result())
            bug = pending[done]
            faults += found
            tried += len(bug["breaks"])
            print(f"{bug['name']:<40} {len(bug['breaks']):>2} clauses  {'FAULT' if found else 'each time'}", flush=True)
    print(f"\n{len(bugs)} bugs, {tried} clauses, {options.runs} runs of each on each server; {len(faults)} faults")
    for fault in faults:
        print(f"  {fault}")
    return 1 if faults else 0


def _try(bug: dict[str, Any], scratch: Path, runs: int) -> Iterator[str]:
    """What is wrong with the reproducers of one bug."""
    folder = scratch / bug["name"]
    folder.mkdir()
    broken = [*PYTHON, "-m", "conformance.zoo", bug["name"], *WHERE]
    results = _judge(bug, folder)
    for clause in bug["breaks"]:
        result = results.get(clause)
        if result is None or result["outcome"] != "fail":
            yield f"{bug['name']}: {clause} did not fail: {result and (result['outcome'], result['message'])}"
            continue
        if result["reproducer"] is None:
            yield f"{bug['name']}: {clause} has no reproducer"
            continue
        file = folder / result["reproducer"]
        for server, status in ((broken, 1), (CORRECT[bug["profile"]], 0)):
            ended = Counter(_run(file, server) for _ in range(runs))
            others = [f"{times} times {other[0]} ({other[1]})" for other, times in ended.items() if other[0] != status]
            if others:
                yield f"{bug['name']}: {clause}, {shlex.join(server[2:5])}: not {status} but {', '.join(others)}"


def _judge(bug: dict[str, Any], folder: Path) -> dict[str, dict[str, Any]]:
    words = ["run", "--zoo", bug["name"], "--profile", bug["profile"], "--examples", "quick", "--jobs", "1"]
    words += ["--patience", LESS_PATIENCE]
    words += ["-k", " or ".join(bug["breaks"]), "--json", "run.json", "--seed", "1"]
    subprocess.run(
        [*PYTHON, "-m", "conformance.cli", *words], cwd=folder, capture_output=True, timeout=LONGEST_S, check=False
    )
    (target,) = json.loads((folder / "run.json").read_text())["targets"]
    return {clause["id"]: clause for clause in target["clauses"]}


def _run(file: Path, server: list[str]) -> tuple[int, str]:
    """The status that a reproducer ends with, and the last line that it says where that is no verdict."""
    done = subprocess.run(
        [sys.executable, str(file), "--silence", SILENCE_S, "--", *server],
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    lines = (done.stdout + done.stderr).splitlines()
    told = [line.strip() for line in lines if "Actual:" in line or "cannot tell" in line] or lines[-1:]
    return done.returncode, "".join(told[:1]) if done.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
