"""Correct clients are not accused, and each broken one is found by the clauses that it breaks."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from clients_judged import BOUND_S, CORRECT, FEW_CASES, KNOWN, run_of, there

from conformance import own_servers
from conformance.clauses import CLIENT_SPECS, all_clauses
from conformance.client_matrix import unbroken
from conformance.report.outcome import Outcome, Verdict

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = own_servers.broken_clients()
CLAUSES = {clause.id: clause for clause in all_clauses(CLIENT_SPECS)}


@pytest.mark.parametrize("name", list(CORRECT))
def test_a_correct_client_keeps_every_clause_about_it(name: str, tmp_path: Path) -> None:
    command, conversation = there(name)
    run = run_of(tmp_path, command, "--conversation", conversation, "--examples", FEW_CASES, "--jobs", "1")
    (target,) = run.targets.values()
    about = {clause.id for clause in CLAUSES.values() if conversation in clause.profiles}
    assert {clause.id for clause in target.clauses} == about
    untold = [f"{each.id}: {each.message}" for each in target.clauses if each.outcome is not Outcome.PASS]
    assert {each.partition(":")[0] for each in untold} <= KNOWN.get(name, set()), untold
    assert target.verdict in {Verdict.STRICT, Verdict.CONFORMANT}


def test_every_broken_client_is_found() -> None:
    """Once each, by each of its clauses; `make zoo-clients` asks twenty times."""
    words = [sys.executable, "-P", "-m", "conformance.client_matrix", "--runs", "1", "--examples", "3", "--jobs", "2"]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, stdin=subprocess.DEVNULL, timeout=BOUND_S
    )
    assert done.returncode == 0, done.stdout.decode()


def test_every_clause_is_broken_by_some_client() -> None:
    assert not unbroken()


@pytest.mark.parametrize("bug", BROKEN, ids=[bug["name"] for bug in BROKEN])
def test_a_bug_is_told_in_a_sentence_with_its_clauses(bug: dict[str, object]) -> None:
    assert str(bug["sentence"]).endswith(".")
    assert isinstance(bug["breaks"], list)
    assert set(bug["breaks"]) <= CLAUSES.keys()


def test_replies_meet_also_where_a_client_is_long_about_what_is_typed(tmp_path: Path) -> None:
    """Each line is to be one that it says by itself: what it takes together has one reply."""
    program = tmp_path / "slow.py"
    program.write_text(
        "import sys, time\n"
        "from conformance.zoo.clients.broken import TakesOneReplyOutOfASegment\n"
        "class Slow(TakesOneReplyOutOfASegment):\n"
        "    def turn(self):\n"
        "        until = time.monotonic() + 0.1\n"
        "        while time.monotonic() < until: pass\n"
        "        super().turn()\n"
        "sys.exit(Slow(sys.argv[1], int(sys.argv[2])).run())\n"
    )
    run = run_of(tmp_path, f"{sys.executable} {program} {{host}} {{port}}", "-k", "coalesced", "--examples", "3")
    (target,) = run.targets.values()
    assert [clause.outcome for clause in target.clauses] == [Outcome.FAIL]
