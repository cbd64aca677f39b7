"""What is said of the broken servers is right as far as it can be seen without running them, and all can be run."""

from __future__ import annotations

import subprocess
import sys

import pytest

from conformance import own_servers
from conformance.clauses import all_clauses

ZOO = own_servers.zoo()
CLAUSES = {clause.id: clause for clause in all_clauses()}
ENOUGH = 60
LONGEST_S = 3600  # a guard: 130 s on a quiet machine, and 190 s beside the other tests


def test_there_are_enough_of_them() -> None:
    assert len(ZOO) >= ENOUGH


@pytest.mark.parametrize("entry", ZOO, ids=[entry["name"] for entry in ZOO])
def test_a_bug_is_told_in_a_sentence_with_its_clauses(entry: dict[str, object]) -> None:
    breaks, collateral = entry["breaks"], entry["collateral"]
    assert isinstance(breaks, list)
    assert isinstance(collateral, dict)
    assert breaks
    assert {*breaks, *collateral} <= CLAUSES.keys()
    assert not set(breaks) & collateral.keys()
    assert all(collateral.values()), "each with its reason"
    assert str(entry["sentence"]).endswith(".")
    assert all(entry["profile"] in CLAUSES[clause].profiles for clause in breaks)


@pytest.mark.parametrize("level", ["MUST", "SHOULD"])
def test_every_clause_is_broken_by_some_bug(level: str) -> None:
    broken = {clause for entry in ZOO for clause in entry["breaks"]}
    assert not [clause.id for clause in CLAUSES.values() if clause.level == level and clause.id not in broken]


@pytest.mark.parametrize(
    ("words", "said"), [((), "which bug? --json lists them"), (("sound",), "there is no bug 'sound' in the zoo")]
)
def test_a_bug_that_there_is_not(words: tuple[str, ...], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "conformance.zoo", *words],
        stderr=subprocess.PIPE,
        check=False,
        timeout=LONGEST_S,
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, done.stderr.decode()) == (2, f"python -m conformance.zoo: {said}\n")


@pytest.mark.long
def test_every_bug_is_found() -> None:
    """The fast form of the kill matrix: by some of its clauses; `make zoo` asks for each of them, twenty times."""
    words = [sys.executable, "-P", "-m", "conformance.matrix", "--fast"]
    done = subprocess.run(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LONGEST_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    said = done.stdout.decode()
    assert done.returncode == 0, said[said.rfind("median time") :]
