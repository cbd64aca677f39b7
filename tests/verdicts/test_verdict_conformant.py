"""Correct servers, in many stacks and languages, are conformant."""

from __future__ import annotations

from pathlib import Path

import pytest
from verdict_runs import buildable, judged, needed, script

from examples.build import start_command, targets

CROWDED = "accept-burst or many-ready or concurrent-connections or descriptor-exhaustion or setsize-safe"
MODEST = Path(__file__).with_name("modest.py")
CONFORMANT = [name for name, target in targets().items() if not target.finding]


@pytest.mark.parametrize("name", CONFORMANT)
def test_an_example_is_conformant(name: str, tmp_path: Path) -> None:
    target = buildable(name)
    command = start_command(target)
    # What these are for is their datagrams; their connections are served like those of the others of their stacks.
    chapters = ["-k", "datagram. or reply. or close."] if "{udp_port}" in target.command else []
    run = judged(tmp_path, command, "--examples", "quick", *chapters)
    assert run.code == 0, run.said
    missed = {clause for clause in target.shoulds_missed if clause in run.outcomes}
    assert run.verdict == ("conformant" if missed else "strict"), run.said
    not_passed = {clause for clause, outcome in run.outcomes.items() if outcome not in {"pass", "not-applicable"}}
    assert not_passed == missed, run.said


def test_examples_are_in_many_stacks_and_languages() -> None:
    correct = [targets()[name] for name in CONFORMANT]
    assert len(correct) >= 16
    assert len({target.language for target in correct}) >= 8


def test_socat_closes_as_it_should(tmp_path: Path) -> None:
    command = [needed("socat"), "TCP-LISTEN:{port},fork,reuseaddr", "EXEC:cat"]
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
