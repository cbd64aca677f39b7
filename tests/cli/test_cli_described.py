"""Targets that a file describes, as a user meets them."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cli_program import BOUND_S, ODD_SERVER, ROOT, Program
from test_cli_targets import plain_pytest

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
[first]
command = "{python} -m reference_servers epoll --port {port}"
folder = "ROOT"

[echoing]
command = "{python} ODD_SERVER {port} echoing"
profile = "echo"

[lacking]
command = "./none {port}"
needs = { no-such-tool = "tool" }

[limited]
command = "sh -c 'test $(ulimit -Sn) = 99 && test $SAYS = so && exec {python} -m reference_servers poll --port {port}'"
limits = { descriptors = 99 }
environment = { SAYS = "so", PYTHONPATH = "ROOT" }

[failing]
command = "./none {port}"
build = "sh -c 'echo no compiler today >&2; exit 3'"
needs = { no-such-tool = "tool" }
"""
FORGETFUL = """
[forgetful]
command = "sh serve.sh {python} ODD_SERVER {port}"
folder = "inside"
limits = { descriptors = 99 }
environment = { SAYS = "so" }
"""
SOME = ("--examples", "2", "--jobs", "2", "-k", "close.eof or reply.prefix")


@pytest.fixture(autouse=True)
def file(tmp_path: Path) -> Path:
    path = tmp_path / "targets.toml"
    path.write_text(FILE.replace("ODD_SERVER", str(ODD_SERVER)).replace("ROOT", str(ROOT)))
    return path


def test_all_of_a_file_each_by_its_own_profile(program: Program) -> None:
    ran, data = program.json("--targets", "targets.toml", *SOME)
    assert ran.code == 0, ran.text
    assert [(target["name"], target["profile"], len(target["clauses"])) for target in data["targets"]] == [
        ("echoing", "echo", 1),
        ("first", "received", 2),
        ("limited", "received", 2),
    ]
    assert [entry["name"] for entry in data["left_out"]] == ["failing", "lacking"]
    assert "lacking was left out: this machine has no no-such-tool (Debian package tool)" in ran.stdout
    assert "profiles echo, received, seed" in ran.stdout


def test_one_of_the_file_beside_a_backend(program: Program) -> None:
    ran, data = program.json("--target", "first", "--backend", "poll", *SOME)
    assert ran.code == 0, ran.text
    assert [target["name"] for target in data["targets"]] == ["poll", "first"]


def test_the_command_that_runs_it_again_names_it(program: Program, file: Path) -> None:
    words = ("--examples", "1", "-k", "reply.prompt", "--seed", "3")
    file.write_text(file.read_text().replace('profile = "echo"\n', ""))
    ran, data = program.json("--target", "echoing", *words)
    assert ran.code == 1, ran.text
    again = "echo-conformance run --target echoing -k reply.prompt --examples 1 --seed 3"
    assert data["targets"][0]["clauses"][0]["again"] == again


def test_a_target_that_no_clause_is_about_is_left_out_and_told(program: Program) -> None:
    for jobs in ("1", "2"):
        words = ("--targets", "targets.toml", "--examples", "1", "--jobs", jobs, "-k", "reply.prefix")
        ran, data = program.json(*words)
        assert ran.code == 0, ran.text
        assert [target["name"] for target in data["targets"]] == ["first", "limited"]
        left_out = {entry["name"]: entry["reason"] for entry in data["left_out"]}
        assert left_out["echoing"] == "no clause that matches is about its profile"
        assert sorted(left_out) == ["echoing", "failing", "lacking"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_target_asked_for_by_name_that_no_clause_is_about_is_an_error(program: Program, jobs: str) -> None:
    words = ("--target", "echoing", "--target", "first", "--jobs", jobs, "-k", "reply.prefix")
    ran = program("run", *words)
    assert ran.code == 2, ran.text
    assert ran.stderr == "ERROR: no clause that matches is about the profile of echoing\n\n"
    assert ran.stdout == ""


WRONG = {
    "unknown": (("--target", "frist"), "targets.toml: there is no target 'frist' in it; did you mean first"),
    "lacking": (("--target", "lacking"), "targets.toml, line 10: lacking cannot be run: this machine has no no-such"),
    "no file": (("--targets", "none.toml"), "'none.toml' does not exist"),
    "twice": (("--target", "first", "--command", "first {port}"), "two of the targets are called first"),
}


@pytest.mark.parametrize(("words", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_meant_of_a_file(program: Program, words: tuple[str, ...], said: str) -> None:
    ran = program("run", *words, *SOME)
    assert ran.code == 2, ran.text
    assert said in " ".join(ran.text.split())


def test_a_build_that_fails_is_the_user_s_fault(program: Program, file: Path) -> None:
    file.write_text(file.read_text().replace("no-such-tool", "sh"))
    ran = program("run", "--target", "failing", *SOME)
    assert ran.code == 2, ran.text
    assert "the build line of failing failed: sh -c" in ran.stderr
    assert "no compiler today\nit ended with status 3" in ran.stderr


def test_a_limit_that_cannot_be_had(program: Program, file: Path) -> None:
    file.write_text(file.read_text().replace("descriptors = 99", f"descriptors = {1 << 40}"))
    ran = program("run", "--target", "limited", *SOME)
    assert ran.code == 2, ran.text
    assert f"the limit descriptors={1 << 40} is above what this user may have" in ran.stdout


def test_plain_pytest_and_a_file(program: Program) -> None:
    ran = plain_pytest(program, "--target", "echoing", "--target", "first", "-n", "2", "-k", "close.eof")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout


def test_what_a_described_target_fails_is_shown_and_played_again(program: Program, file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text() + FORGETFUL.replace("ODD_SERVER", str(ODD_SERVER)))
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "serve.sh").write_text(
        "test $(ulimit -Sn) = 99 && test $SAYS = so && exec $1 $2 $3 forgetful"
    )
    words = ("--target", "forgetful", "-k", "reply.prompt", "--examples", "quick", "--report", "report")
    ran, data = program.json(*words)
    assert ran.code == 1, ran.text
    (clause,) = data["targets"][0]["clauses"]
    assert clause["shows"] == "shows the fault"
    python, *reproducing = shlex.split(f"python {clause['reproducer']} {clause['failure']['reproduce']}")
    done = subprocess.run([sys.executable, *reproducing], cwd=tmp_path, timeout=BOUND_S, check=False)
    assert (python, done.returncode) == ("python", 1)
    assert "Show the reproducer" in (tmp_path / "report" / "index.html").read_text()
    ran = program("replay", "reply.prompt", "--junit", "again.xml")
    assert ran.code == 1, ran.text
    assert "forgetful: nonconformant (1 fail)" in ran.stdout
    assert "1 cases in " in ran.stdout
    assert "--target forgetful" in (tmp_path / "again.xml").read_text()
    assert program("replay", "reply.prompt", "--target", "first").code == 0
