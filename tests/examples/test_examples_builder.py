"""The builder of the examples: what it builds is current and whole, and what it cannot build it says."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from examples import build
from examples.build import NotBuilt, Target, missing, start_command, targets

if TYPE_CHECKING:
    from pathlib import Path

COPIED = Target(
    "copied",
    source="net.js",
    language="none",
    stack="none",
    build="{python} -c 'import shutil, sys; shutil.copy(*sys.argv[1:])' {source} {output}",
    command="{output} {port}",
)


@pytest.fixture(autouse=True)
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(build, "BUILT", tmp_path / "built")
    return tmp_path / "built"


def test_every_target_is_told_apart_and_takes_a_port() -> None:
    known = targets().values()
    assert len({target.source for target in known}) == len(known)
    for target in known:
        assert target.command.endswith("{port}"), target.name
        assert bool(target.build) == ("{output}" in target.command), target.name
        assert bool(target.finding) == bool(target.breaks), target.name
        assert all(target.shoulds_missed.values()), target.name


def test_a_target_is_built_once(built: Path) -> None:
    output, port = start_command(COPIED)
    assert port == "{port}"
    assert [str(path) for path in built.iterdir()] == [output]
    before = os.stat(output)
    assert start_command(COPIED) == [output, port]
    assert os.stat(output).st_ino == before.st_ino


def test_another_build_command_builds_elsewhere() -> None:
    assert replace(COPIED, build=COPIED.build + " ").output != COPIED.output


def test_a_script_needs_no_build(built: Path) -> None:
    assert start_command(replace(COPIED, build="", command="{python} {source} {port}"))[0] == sys.executable
    assert not built.exists()


def test_a_build_that_fails_leaves_nothing_and_says_why(built: Path) -> None:
    target = replace(COPIED, build="{python} -c 'import sys; sys.exit(\"no such stack\")' {output}")
    with pytest.raises(NotBuilt, match="no such stack"):
        start_command(target)
    assert list(built.iterdir()) == []


def test_what_is_missing_is_said_with_what_would_give_it() -> None:
    needs = {"no-such-compiler": "compiler-package", "no/such.h": "header-package", "sh": "dash"}
    assert missing(replace(COPIED, needs=needs, python=["pytest", "no-such-package"])) == [
        "no-such-compiler (Debian package compiler-package)",
        "no/such.h (Debian package header-package)",
        "no-such-package (Python package)",
    ]
