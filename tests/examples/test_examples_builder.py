"""The examples as their file describes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conformance.clauses import all_clauses
from conformance.known_failures import KnownFailures
from examples.build import start_command, targets

ROOT = Path(__file__).parents[2]
# Of an interpreter without any package.
BUILDER = """
import runpy, sys
sys.path.insert(0, sys.argv.pop(1))
sys.argv.append("--missing")
runpy.run_module("examples.build", run_name="__main__")
"""


def test_every_target_is_told_apart_and_takes_a_port() -> None:
    known = targets().values()
    assert len({target.source for target in known}) == len(known)
    for target in known:
        assert target.command.endswith(("{port}", "{port} {udp_port}")), target.name
        assert bool(target.build) == ("{output}" in target.command), target.name
        assert bool(target.finding) == bool(target.breaks), target.name
        assert target.language, target.name
        assert target.stack, target.name


def test_clauses_that_are_named_are_clauses() -> None:
    clauses = {clause.id for clause in all_clauses()}
    for target in targets().values():
        assert {*target.breaks, *target.shoulds_missed} <= clauses, target.name


def test_what_an_example_misses_is_among_the_known_failures() -> None:
    described = targets()
    known = KnownFailures(ROOT / "examples" / "known-failures.toml", described)
    known.check({})
    entries = {(entry.target, entry.clause) for entry in known.entries}
    assert len(entries) == len(known.entries)
    for target in described.values():
        assert {(target.name, clause) for clause in (*target.breaks, *target.shoulds_missed)} <= entries


def test_a_script_needs_no_build() -> None:
    assert start_command(targets()["asyncio-streams"]) == [
        sys.executable,
        str(ROOT / "examples" / "asyncio_streams.py"),
        "{port}",
    ]


def test_the_builder_runs_before_anything_is_installed() -> None:
    words = [sys.executable, "-I", "-S", "-c", BUILDER]
    done = subprocess.run([*words, str(ROOT)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
