"""Known failures as a user meets them."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest
from cli_program import ODD_SERVER, TUTORIAL, Program, started

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = ("--command", started(TUTORIAL), "--examples", "quick", "--jobs", "1", "-k", "close.coalesced or close.eof")


def known(folder: Path, **entry: str) -> tuple[str, str]:
    lines = ["[[known]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items())]
    (folder / "known.toml").write_text("\n".join(lines))
    return "--known-failures", "known.toml"


def test_a_known_failure_is_told_and_fails_nothing(program: Program, tmp_path: Path) -> None:
    words = known(tmp_path, clause="close.coalesced", contains="exited with status 1", reason="it is the tutorial's")
    ran, data = program.json(*BROKEN, *words)
    assert ran.code == 0, ran.text
    assert "close.coalesced                      fail (known)" in ran.stdout
    assert "close.coalesced (MUST) does not hold, and is known: it is the tutorial's" in ran.stdout
    assert "tutorial_select.py: conformant but for 1 known failure (1 pass, 1 fail)" in ran.stdout
    (coalesced, eof) = data["targets"][0]["clauses"]
    assert (coalesced["outcome"], coalesced["known"]) == ("fail", "it is the tutorial's")
    assert (eof["outcome"], eof["known"]) == ("pass", None)


def test_a_stale_entry_fails_the_run(program: Program, tmp_path: Path) -> None:
    words = known(tmp_path, clause="close.eof", reason="it was so")
    ran, data = program.json("--backend", "epoll", "--examples", "1", "-k", "close.eof", *words)
    assert ran.code == 1, ran.text
    (stale,) = data["stale"]
    assert stale == "known.toml, line 1: close.eof is said to fail, and passes: remove it (--known-failures)"
    assert stale in ran.stdout


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"clause": "close.eoff"}, "line 2: this known failure matches nothing: clause 'close.eoff'; did you mean"),
        (
            {"clause": "close.eof", "target": "x"},
            "line 3: this known failure matches nothing: target 'x'; known: ep",
        ),
    ],
)
def test_an_entry_that_matches_nothing_is_an_error(
    program: Program, tmp_path: Path, entry: dict[str, str], said: str
) -> None:
    ran = program("run", "--backend", "epoll", "-k", "close.eof", *known(tmp_path, **entry, reason="x"))
    assert ran.code == 2, ran.text
    assert said in ran.stderr
    assert ran.stdout == ""


def test_a_crash_is_not_hidden_by_another_fault(program: Program, tmp_path: Path) -> None:
    dying = ("run", "--command", started(ODD_SERVER, "dying"), "--examples", "3", "-k", "sequence", "--seed", "1")
    for contains, code in ((None, 1), ("exited with status 7", 0)):
        entry = {"clause": "reply.sequence", "reason": "x"} | ({"contains": contains} if contains else {})
        ran = program(*dying, *known(tmp_path, **entry))
        assert ran.code == code, (contains, ran.text)


def test_what_was_written_makes_the_next_run_pass(program: Program, tmp_path: Path) -> None:
    ran = program("run", *BROKEN, "--write-known-failures", "known.toml")
    assert ran.code == 1, ran.text
    (entry,) = tomllib.loads((tmp_path / "known.toml").read_text())["known"]
    assert (entry["clause"], entry["target"]) == ("close.coalesced", "tutorial_select.py")
    assert entry["reason"].startswith("not looked into yet: expected ")
    ran = program("run", *BROKEN, "--known-failures", "known.toml")
    assert ran.code == 0, ran.text
