"""Servers that are out to stop the run do not: it ends, names the fault, and leaves nothing of them behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from verdict_runs import HOSTILE, assert_nothing_is_left, copy_of, judged, script

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE_SERVERS = {
    "silent": (1, ["nothing more came for", "0 of the 1 bytes it sent were answered", "reply.prompt"]),
    "endless": (1, ["reply.unsolicited (MUST) does not hold", "came where", "due"]),
    "exits_at_first_connection": (1, ["exited with status 3", "its last line was: fatal: a client connected"]),
    "never_opens": (2, ["the target opened no port within", "nothing accepts on 127.0.0.1:"]),
    "forks_and_ignores_term": (0, ["conformant"]),
}


@pytest.mark.parametrize(("name", "expected"), HOSTILE_SERVERS.items(), ids=HOSTILE_SERVERS)
def test_the_run_survives(name: str, expected: tuple[int, list[str]], tmp_path: Path) -> None:
    code, words = expected
    server = copy_of(HOSTILE / f"{name}.py", tmp_path)
    run = judged(tmp_path, script(server))
    assert_nothing_is_left(server)
    assert run.code == code, run.said
    shown = " ".join(run.said.split())
    for said in words:
        assert said in shown
    assert "\x1b" not in run.said


def test_a_flood_of_output_is_no_fault(tmp_path: Path) -> None:
    server = copy_of(HOSTILE / "floods_output.py", tmp_path)
    run = judged(tmp_path, script(server), "--examples", "quick", "-k", "reply or close and not readiness")
    assert_nothing_is_left(server)
    assert (run.code, run.verdict) == (0, "conformant"), run.said
    assert "\x1b" not in run.said
