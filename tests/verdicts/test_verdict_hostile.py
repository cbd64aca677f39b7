"""Whole runs on hostile servers, all clauses and several workers; most ways are tried on few clauses beside this."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from verdict_runs import HOSTILE, assert_nothing_is_left, copy_of, judged, script

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE_SERVERS = {
    "endless": (1, ["reply.unsolicited (MUST) does not hold", "came where", "due"]),
    "forks_and_ignores_term": (0, ["conformant"]),
}


@pytest.mark.long
@pytest.mark.parametrize(("name", "expected"), HOSTILE_SERVERS.items(), ids=HOSTILE_SERVERS)
def test_the_run_survives(name: str, expected: tuple[int, list[str]], tmp_path: Path) -> None:
    code, words = expected
    server = copy_of(HOSTILE / f"{name}.py", tmp_path)
    run = judged(tmp_path, script(server), "--examples", "quick")
    assert_nothing_is_left(server)
    assert run.code == code, run.said
    shown = " ".join(run.said.split())
    for said in words:
        assert said in shown
    assert "\x1b" not in run.said
