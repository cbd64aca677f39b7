"""Correct servers, in many stacks and languages, are conformant."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from verdict_runs import ROOT, Judged, all_judged, buildable, judged, needed, script

from conformance.targets.building import missing
from examples.build import targets

if TYPE_CHECKING:
    from collections.abc import Iterable

CROWDED = "accept-burst or many-ready or concurrent-connections or descriptor-exhaustion or setsize-safe"
MODEST = Path(__file__).with_name("modest.py")
CONFORMANT = [name for name, target in targets().items() if not target.finding]
# What these are for is their datagrams; their connections are served like those of the others of their stacks.
DATAGRAMS = [name for name in CONFORMANT if "{udp_port}" in targets()[name].command]
CONNECTIONS = [name for name in CONFORMANT if name not in DATAGRAMS]
FILE = ROOT / "examples" / "targets.toml"
CASES = "5"  # beside those that are written down; `make matrix` draws more
WAITING_TOO = 2 * (os.cpu_count() or 1)


@pytest.mark.long
@pytest.mark.parametrize(
    ("names", "words"), [(CONNECTIONS, ()), (DATAGRAMS, ("-k", "datagram. or reply. or close."))], ids=["tcp", "udp"]
)
def test_the_examples_are_conformant(
    names: list[str], words: tuple[str, ...], tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """All in one run: what starts is started once."""
    here = [f"--target={name}" for name in names if not missing(targets()[name])]
    runs = all_judged(tmp_path, "--targets", str(FILE), *here, "--examples", CASES, "--jobs", str(WAITING_TOO), *words)
    for name in names:
        with subtests.test(name):
            target = buildable(name)
            expect_conformant(runs[name], target.shoulds_missed)
    assert {run.code for run in runs.values()} == {0}


def expect_conformant(run: Judged, shoulds_missed: Iterable[str]) -> None:
    missed = {clause for clause in shoulds_missed if clause in run.outcomes}
    assert run.verdict == ("conformant" if missed else "strict"), run.said
    not_passed = {clause for clause, outcome in run.outcomes.items() if outcome not in {"pass", "not-applicable"}}
    assert not_passed == missed, run.said


def test_examples_are_in_many_stacks_and_languages() -> None:
    correct = [targets()[name] for name in CONFORMANT]
    assert len(correct) >= 16
    assert len({target.language for target in correct}) >= 8


def test_socat_closes_as_it_should(tmp_path: Path) -> None:
    # By default it waits half a second after a FIN for the rest of what it owes, which a busy machine outlasts.
    command = [needed("socat"), "-t60", "TCP-LISTEN:{port},fork,reuseaddr", "EXEC:cat"]
    run = judged(tmp_path, command, "--profile", "echo", "--examples", "quick", "-k", "close")
    closing = {name: outcome for name, outcome in run.outcomes.items() if name.startswith("close.")}
    assert len(closing) > 5
    assert set(closing.values()) == {"pass"}, run.said


@pytest.mark.parametrize("modest", ["forty-children", "one-in-line"])
def test_a_server_that_holds_little_at_once_breaks_no_must(modest: str, tmp_path: Path) -> None:
    server = [*script(MODEST), modest]
    run = judged(tmp_path, server, "--examples", "quick", "-k", CROWDED)
    assert run.verdict == "conformant", run.said
    assert not run.broken, run.said
