"""What a run writes for machines and shows to people."""

from __future__ import annotations

import re
from importlib import metadata
from typing import Any

import pytest
from cli_program import ODD_SERVER, TUTORIAL, Program, outcomes, started

KINDS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "level": str,
    "outcome": str,
    "examples": int,
    "seconds": float,
    "message": (str, type(None)),
    "known": (str, type(None)),
    "reproducer": (str, type(None)),
    "shows": (str, type(None)),
    "again": (str, type(None)),
    "requirement": str,
    "misconfigured": bool,
    "first_failure_examples": (int, type(None)),
    "first_failure_seconds": (float, type(None)),
    "failure": (dict, type(None)),
}
RUN = ("suite", "version", "profile", "seed", "seconds", "examples", "expected", "interrupted", "joined", "shards")
NOTES = ("left_out", "stale", "maybe_stale")


def shape_of(clause: dict[str, Any]) -> list[str]:
    assert all(isinstance(clause[name], kind) for name, kind in KINDS.items())
    return list(clause)


def test_the_json_file_of_a_conformant_server(program: Program) -> None:
    _, data = program.json("--backend", "epoll", "--backend", "poll", "--examples", "7", "-k", "reply", "--seed", "5")
    assert tuple(data) == (*RUN, *NOTES, "targets")
    assert (data["interrupted"], data["left_out"], data["stale"]) == (False, [], [])
    assert (data["suite"], data["version"]) == ("echo-conformance", metadata.version("echo-conformance"))
    assert (data["profile"], data["seed"]) == ("received", 5)
    assert data["seconds"] > 0
    assert [target["name"] for target in data["targets"]] == ["epoll", "poll"]
    clauses = [clause for target in data["targets"] for clause in target["clauses"]]
    for target in data["targets"]:
        assert list(target) == ["name", "profile", "verdict", "hint", "seconds", "clauses"]
        assert target["verdict"] == "conformant"
        assert target["clauses"] == sorted(target["clauses"], key=lambda clause: clause["id"])
    assert data["examples"] == sum(clause["examples"] for clause in clauses) > 0
    for clause in clauses:
        assert shape_of(clause) == list(KINDS)
        assert (clause["outcome"], clause["message"], clause["reproducer"]) == ("pass", None, None)


def test_the_json_file_of_a_broken_server(program: Program) -> None:
    words = ("--command", started(TUTORIAL), "--examples", "quick", "--seed", "5", "-k", "close.coalesced")
    ran, data = program.json(*words)
    (target,) = data["targets"]
    (clause,) = target["clauses"]
    assert target["verdict"] == "nonconformant"
    assert shape_of(clause) == list(KINDS)
    assert (clause["id"], clause["level"], clause["outcome"]) == ("close.coalesced", "MUST", "fail")
    assert clause["message"].startswith("expected ")
    assert clause["again"] in ran.stdout
    assert clause["again"].startswith("echo-conformance run --command ")
    assert clause["again"].endswith(" -k close.coalesced --examples 20 --seed 5")
    assert clause["reproducer"] == "report/reproducers/close.coalesced--tutorial_select.py"
    assert f"Reproducer: python {clause['reproducer']} -- " in ran.stdout
    assert clause["shows"] == "shows the fault"


def test_the_same_seed_draws_the_same_cases(program: Program) -> None:
    words = ("--backend", "epoll", "--examples", "30", "-k", "order.any-chunking or reply", "--seed", "4")
    once, again = (program.json(*words)[1] for _ in range(2))
    assert once["seed"] == again["seed"] == 4
    assert cases_of(once) == cases_of(again)


def cases_of(data: dict[str, Any]) -> dict[str, int]:
    (target,) = data["targets"]
    return {clause["id"]: clause["examples"] for clause in target["clauses"]}


def test_the_same_seed_finds_the_same_shortest_case(program: Program) -> None:
    words = ("run", "--command", started(ODD_SERVER, "forgetful"), "--examples", "quick", "-k", "prompt", "--seed", "4")
    once, again = (shortest_case(program(*words).stdout) for _ in range(2))
    assert once == again
    assert "(1,024 bytes)" in once


def shortest_case(said: str) -> str:
    return said.partition("Shortest case:")[2].partition("Run again:")[0]


def test_without_a_seed_one_is_chosen_and_told(program: Program) -> None:
    said = [program("run", "--backend", "epoll", "--examples", "1", "-k", "reply.prompt").stdout for _ in range(2)]
    seeds = [re.findall(r"seed (\d+)$", text.strip()) for text in said]
    assert all(len(found) == 1 for found in seeds)
    assert seeds[0] != seeds[1]


@pytest.mark.parametrize("oddity", ["coloured", "dying"])
def test_no_escape_sequence_reaches_who_reads_the_output(program: Program, oddity: str) -> None:
    ran, data = program.json("--command", started(ODD_SERVER, oddity), "--examples", "3", "-k", "sequence or prompt")
    assert ran.code == 1, ran.text
    controls = set(re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", ran.text))
    assert controls == set()
    shown = " ".join(ran.stdout.split())
    assert (r"\x1b[31m" if oddity == "coloured" else r"\x1b]0;title\x07\x1b[2J the end") in shown
    assert "\x1b" not in str(data)


def test_an_output_that_knows_no_check_marks_does_not_change_the_verdict(program: Program) -> None:
    words = ("run", "--backend", "epoll", "--examples", "1", "-k", "reply.prompt")
    ran = program(*words, PYTHONIOENCODING="ascii")
    assert ran.code == 0, ran.text
    assert "epoll: conformant" in ran.stdout


def test_every_backend_that_there_is(program: Program) -> None:
    ran, data = program.json("--backend", "all", "--examples", "1", "-k", "reply.prompt")
    assert ran.code == 0, ran.text
    listed = [line.split("  ") for line in program("list", "backends").stdout.splitlines()]
    there = [name for name, *_, why in listed if why.strip() == "available"]
    assert [target["name"] for target in data["targets"]] == there


def test_a_run_of_few_clauses_judges_only_those(program: Program) -> None:
    _, data = program.json("--backend", "epoll", "--examples", "1", "-k", "close.eof or reply.prompt")
    assert outcomes(data) == {"close.eof": "pass", "reply.prompt": "pass"}


@pytest.mark.parametrize(("oddity", "outcome"), [("hesitant", "inconclusive"), ("hesitant_and_wrong", "fail")])
def test_a_silence_that_does_not_come_again_leaves_the_other_cases_to_tell(
    program: Program, oddity: str, outcome: str
) -> None:
    command = started(ODD_SERVER, oddity, str(program.folder / "happened"))
    words = ("--examples", "100", "--patience", "0.1", "--seed", "1", "-k", "order.any-chunking")
    ran, data = program.json("--command", command, *words)
    assert outcomes(data) == {"order.any-chunking": outcome}, ran.text
    assert ("seen once and not again" in ran.text) == (outcome == "inconclusive")
