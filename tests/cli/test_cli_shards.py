"""A run in shards, put together again, and the words that go with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from conformance.cli_judging import as_many_as_pay
from conformance.cli_types import AUTO, processors
from conformance.elsewhere import python, version
from conformance.spread import Spread, unfit

if TYPE_CHECKING:
    from pathlib import Path

    from cli_program import Program

WORDS = ("run", "--backend", "epoll", "--examples", "3", "-k", "reply or close", "--seed", "4")
SHARDS = 4


def found(file: Path) -> dict[str, Any]:
    """Return all that a run found, but for how long it took."""
    data: dict[str, Any] = json.loads(file.read_text())
    for part in (data, *data["targets"], *(clause for target in data["targets"] for clause in target["clauses"])):
        del part["seconds"]
    return data | {"joined": False, "shards": []}


def test_merged_shards_are_the_run_that_was_not_split(program: Program, tmp_path: Path) -> None:
    assert program(*WORDS, "--jobs", "1", "--json", "whole.json").code == 0
    shards = [f"shard{group}.json" for group in range(1, SHARDS + 1)]
    for group, file in enumerate(shards, 1):
        ran = program(*WORDS, "--jobs", str(1 + group % 2), "--splits", "4", "--group", str(group), "--json", file)
        assert (ran.code, ran.stderr) == (0, "")
        assert "pytest-split" not in ran.stdout
    assert program("report", "merge", *shards, "--json", "merged.json").code == 0
    assert found(tmp_path / "merged.json") == found(tmp_path / "whole.json")
    parts = [{clause["id"] for clause in found(tmp_path / file)["targets"][0]["clauses"]} for file in shards]
    assert sum(map(len, parts)) == len(set().union(*parts)) == found(tmp_path / "whole.json")["expected"]
    ran = program("report", "merge", *shards[1:])
    assert ran.code == 3
    assert "not in this report: shard 1 of 4" in ran.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--splits", "4", "--seed", "1"), "and --group which of them this is: give both"),
        (("--group", "4", "--seed", "1"), "and --group which of them this is: give both"),
        (("--splits", "4", "--group", "5", "--seed", "1"), "there is no shard 5 of 4"),
        (("--splits", "4", "--group", "1"), "all shards of a run must draw from one seed: give each the same --seed"),
        (("--splits", "9", "--group", "9", "--seed", "1", "-k", "close.eof"), "shard 9 of 9 has no clause"),
        (("--tx", "2*popen", "--port", "1"), "there is one copy, so one worker judges it: give --tx once"),
        (("--rsyncdir", "."), "--rsyncdir sends a folder to workers on other machines: name them with --tx"),
        (("--tx", "popen", "--jobs", "2"), "--tx says how many workers there are: leave --jobs out"),
        (("--rsyncdir", "no-such-folder"), "'no-such-folder' does not exist"),
    ],
)
def test_what_shards_and_workers_cannot_be_meant(program: Program, words: tuple[str, ...], said: str) -> None:
    ran = program("run", "--backend", "epoll", *words)
    assert ran.code == 2, ran.text
    assert said in " ".join(ran.text.replace("│", " ").split())


def test_shards_of_one_run_know_each_other() -> None:
    shards = [Spread(splits=2, group=group).shard_of(["5", "--backend=epoll"]) for group in (1, 2)]
    other = Spread(splits=2, group=1).shard_of(["6", "--backend=epoll"])
    assert {shard.whole for (shard,) in shards} != {shard.whole for shard in other}
    assert len({shard.whole for (shard,) in shards}) == 1
    assert Spread().shard_of([]) == []


def test_workers_are_counted() -> None:
    assert Spread(jobs=3).copies == 3
    assert Spread(jobs=3, workers=("4*popen", "ssh=host")).copies == 5


@pytest.mark.parametrize(
    ("expression", "cases", "targets", "jobs"),
    [
        ("", 500, 1, processors()),
        ("close.eof", 20, 1, 1),
        ("close.eof", 20, 500, processors()),
        ("close.eof", 1000, 1, 2),
    ],
)
def test_there_are_as_many_workers_as_there_is_work_for(expression: str, cases: int, targets: int, jobs: int) -> None:
    options = {"expression": expression, "examples": cases}
    assert as_many_as_pay(Spread(jobs=AUTO), options, targets).jobs == min(jobs, processors())
    assert as_many_as_pay(Spread(jobs=3), options, targets).jobs == 3


@pytest.mark.parametrize(
    ("found", "popen", "said"),
    [
        ({"version": version(), "python": python()}, True, None),
        ({"version": None, "python": python()}, True, None),
        ({"version": version(), "python": "3.99"}, False, None),
        ({"version": version(), "python": "3.99"}, True, "and this is 3.99: reach it by ssh= or socket="),
        ({"version": "0.0.1", "python": python()}, False, "it has echo-conformance 0.0.1, and this is "),
        ({"fault": "it is not there"}, False, "it is not there"),
    ],
)
def test_what_a_worker_has_is_what_is_here(found: dict[str, str | None], popen: bool, said: str | None) -> None:
    told = unfit(found, popen=popen)
    assert told is None if said is None else said in str(told)
