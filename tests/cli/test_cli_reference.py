"""What the program tells of the clauses and of the reference servers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from conformance.clauses import CLIENT_SPECS, Clause, all_clauses
from reference_servers.registry import BACKENDS

if TYPE_CHECKING:
    from cli_program import Program

CLAUSES = all_clauses()


def test_each_clause_is_listed_by_its_name(program: Program) -> None:
    ran = program("list", "clauses")
    assert ran.code == 0, ran.text
    of_servers, _, of_clients = ran.stdout.split("\n\n")
    for listed, clauses in ((of_servers, CLAUSES), (of_clients, all_clauses(CLIENT_SPECS))):
        lines = [line.split(maxsplit=2) for line in listed.splitlines()]
        assert [(name, level) for name, level, _ in lines] == [(clause.id, clause.level) for clause in clauses]


def test_each_backend_is_listed_by_its_name(program: Program) -> None:
    ran = program("list", "backends")
    assert ran.code == 0, ran.text
    lines = [re.split("  +", line, maxsplit=1) for line in ran.stdout.splitlines()]
    assert [name for name, _ in lines] == list(BACKENDS)
    for name, availability in lines:
        reason = BACKENDS[name].reason
        assert availability == ("available" if reason is None else f"unavailable: {reason}")


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.id)
def test_a_clause_is_stated_in_full(clause: Clause) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z-]+", clause.id)
    assert clause.level in {"MUST", "SHOULD", "MAY"}
    assert clause.requirement.endswith(".")
    assert clause.requirement.partition("\n")[0].isascii()
    assert "Source:" in clause.source


def test_no_two_clauses_have_the_same_name() -> None:
    assert len({clause.id for clause in CLAUSES}) == len(CLAUSES)


def test_a_clause_is_explained(program: Program) -> None:
    ran = program("explain", "close.coalesced")
    assert ran.code == 0, ran.text
    assert ran.stdout.startswith("close.coalesced (MUST, profile received and echo)\n")
    for said in ("one batch", "Needs a process", "Source: ", "Try it: "):
        assert said in ran.stdout


def test_a_clause_that_there_is_not(program: Program) -> None:
    ran = program("explain", "close.coalesce")
    assert ran.code == 2, ran.text
    assert "there is no clause 'close.coalesce'; perhaps close.coalesced" in ran.stderr
    assert "`echo-conformance list clauses` names them" in program("explain", "qqq").stderr


@pytest.mark.parametrize("words", [(), ("run",), ("replay",), ("list",), ("explain",), ("serve",)])
def test_help_is_there(program: Program, words: tuple[str, ...]) -> None:
    ran = program(*words, "--help")
    assert ran.code == 0, ran.text
    assert ran.stdout.startswith("Usage: ")


def test_test_vectors_are_listed(program: Program) -> None:
    ran = program("list", "vectors")
    assert ran.code == 0, ran.text
    told = dict(line.split("\t", 1) for line in ran.stdout.splitlines() if not line.startswith("#"))
    assert told["0a"] == r"b'\n'"
    assert told[b"it's".hex()] == '''b"it's"'''
