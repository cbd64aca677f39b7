"""Servers that the world runs and that are broken are found to be, in the clauses that they break."""

from __future__ import annotations

from pathlib import Path

import pytest
from verdict_runs import TUTORIAL, buildable, judged, needed, script

from conformance.known_failures import KnownFailures
from examples import build
from examples.build import start_command, targets

KNOWN = KnownFailures(Path(build.__file__).with_name("known-failures.toml"))
TUTORIAL_BREAKS = {
    "close.drains-before-fin",
    "close.drains-stalled",
    "close.coalesced",
    "error.reset-idle",
    "error.reset-with-input",
    "order.partial-writes",
}


def test_the_tutorial_s_select_server(tmp_path: Path) -> None:
    run = judged(tmp_path, script(TUTORIAL), "--examples", "quick", "-k", " or ".join(TUTORIAL_BREAKS))
    assert (run.code, run.verdict) == (1, "nonconformant"), run.said
    assert run.broken == TUTORIAL_BREAKS
    assert "KeyError" in run.said
    assert "ConnectionResetError" in run.said


@pytest.mark.parametrize("name", [name for name, target in targets().items() if target.finding])
def test_an_example_that_is_a_finding(name: str, tmp_path: Path) -> None:
    target = buildable(name)
    chapters = sorted({f"{clause.partition('.')[0]}." for clause in target.breaks})
    profile = ["--profile", target.profile] if target.profile else []
    run = judged(tmp_path, start_command(target), *profile, "--examples", "quick", "-k", " or ".join(chapters))
    assert (run.code, run.verdict) == (1, "nonconformant"), run.said
    now_and_then = {entry.clause for entry in KNOWN.entries if entry.target == name and entry.sometimes}
    assert set(target.breaks) <= run.broken <= {*target.breaks, *now_and_then}, run.said


def test_ncat_drops_what_it_owes(tmp_path: Path) -> None:
    command = [needed("ncat"), "-l", "127.0.0.1", "{port}", "-k", "-e", "/bin/cat"]
    run = judged(tmp_path, command, "--profile", "echo", "--examples", "quick", "-k", "close")
    assert (run.code, run.verdict) == (1, "nonconformant"), run.said
    assert "close.drains-before-fin" in run.broken
    assert "close.eof" not in run.broken
