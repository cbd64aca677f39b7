"""What a newcomer meets: help, hints, progress, completion, and an interrupt that loses nothing."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from cli_program import BOUND_S, ODD_SERVER, PROGRAM, Program, started
from rich.console import Console
from test_cli_exit_codes import interrupted

from conformance.cli_help import SECTIONS
from conformance.report.outcome import ClauseResult, Outcome
from conformance.report.terminal import Progressing

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 80
FEW = ("--examples", "2", "--jobs", "1", "-k", "reply.prompt or close.eof")
ECHOING = ("--command", started(ODD_SERVER, "echoing"))


@pytest.mark.parametrize("words", [(), ("run",), ("list",), ("explain",), ("serve",), ("completion",)])
def test_help_fits_a_terminal(program: Program, words: tuple[str, ...]) -> None:
    ran = program(*words, "--help", COLUMNS=str(WIDTH))
    assert ran.code == 0, ran.text
    assert max(map(len, ran.stdout.splitlines())) <= WIDTH
    assert "..." not in ran.stdout.replace("[OPTIONS] COMMAND [ARGS]...", "").replace("[ARGUMENTS]...", "")


def test_help_of_run_is_in_sections(program: Program) -> None:
    said = program("run", "--help").stdout
    places = [said.index(f"\n{title}:\n") for title in (*SECTIONS, "What is told")]
    assert places == sorted(places)
    assert "Options:" not in said


def test_a_plain_echo_server_is_told_its_profile(program: Program) -> None:
    ran, data = program.json(*ECHOING, *FEW)
    assert ran.code == 1, ran.text
    hint = "the answer was the very bytes that were sent: it looks like RFC 862; try --profile echo"
    assert ran.stdout.count(hint) == 1
    assert data["targets"][0]["hint"] == hint


def test_a_server_that_answers_the_tutorial_is_told_its_profile(program: Program) -> None:
    command = f"{PROGRAM[0]} -m reference_servers epoll --port {{port}}"
    ran, data = program.json("--command", command, "--profile", "echo", *FEW)
    assert ran.code == 1, ran.text
    assert "try --profile received" in data["targets"][0]["hint"]


def test_a_right_answer_takes_no_hint(program: Program) -> None:
    ran, data = program.json(*ECHOING, "--profile", "echo", *FEW)
    assert ran.code == 0, ran.text
    assert data["targets"][0]["hint"] is None


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_leaves_a_report_of_what_is_done(program: Program, tmp_path: Path, jobs: str) -> None:
    hangs, results = tmp_path / "hangs", tmp_path / "results.json"
    server = started(ODD_SERVER, "hanging", str(hangs))
    words = ["run", "--command", server, "--jobs", jobs, "--examples", "thorough", "--json", str(results)]
    code, said = interrupted(program, [*words, "-k", "close.eof or reply.prompt"], hangs)
    assert code == 130, said
    data = json.loads(results.read_text())
    assert data["interrupted"] is True
    assert all(c["id"] == "close.eof" for target in data["targets"] for c in target["clauses"])


def test_an_interrupt_before_anything_runs_is_no_verdict(program: Program, tmp_path: Path) -> None:
    text = "[mine]\ncommand = './none {port}'\nbuild = 'sh -c \"touch builds; sleep 60\"'\n"
    (tmp_path / "targets.toml").write_text(text)
    code, said = interrupted(program, ["run", "--target", "mine"], tmp_path / "builds")
    assert code == 130, said
    assert "Traceback" not in said


def test_progress_says_what_is_tried_and_how_far_it_is() -> None:
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=WIDTH, _environ={})
    progress = Progressing(console)
    progress.start()
    progress.expect(4)
    progress.began("close.eof", "[bold]mine")
    progress.done("[bold]mine", ClauseResult("close.eof", "MUST", Outcome.FAIL, 1234, 0.1, ""))
    progress.began("close.churn", "mine")
    progress.stop()
    shown = drawn.getvalue()
    assert "1,234 cases, 1 failed close.churn [mine]" in shown
    assert "1/4" in shown


def test_no_progress_where_nobody_watches(program: Program) -> None:
    ran = program("run", "--backend", "epoll", *FEW)
    assert "left" not in ran.text
    assert "\x1b" not in ran.text


def completed(program: Program, *words: str) -> list[str]:
    """What bash would be told, for words of which the last one is being typed."""
    environment = program.environment | {
        "_ECHO_CONFORMANCE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["echo-conformance", *words]),
        "COMP_CWORD": str(len(words)),
    }
    code = "from conformance.cli import main; main(prog_name='echo-conformance')"
    done = subprocess.run(
        [PROGRAM[0], "-c", code], cwd=program.folder, env=environment, capture_output=True, text=True, timeout=BOUND_S,
        check=False,
    )  # fmt: skip
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_names_are_completed(program: Program, tmp_path: Path) -> None:
    (tmp_path / "targets.toml").write_text("[mine]\n[other]\n")
    (tmp_path / "more.toml").write_text("[more]\n")
    assert completed(program, "run", "--backend", "epoll") == ["epoll", "epoll-edge"]
    assert completed(program, "run", "--backend", "kq") == ["kqueue", "kqueue-edge"]
    assert completed(program, "run", "--zoo", "drops-short") == ["drops-short-send"]
    assert completed(program, "run", "-k", "close.coa") == ["close.coalesced"]
    assert completed(program, "explain", "limits.b") == [
        "limits.backlog",
        "limits.beyond-fd-setsize-safe",
        "limits.beyond-fd-setsize-served",
    ]
    assert completed(program, "run", "--target", "m") == ["mine"]
    assert completed(program, "run", "--targets", "more.toml", "--target", "m") == ["more"]
    (tmp_path / "broken.toml").write_text("[mi")
    assert completed(program, "run", "--targets", "broken.toml", "--target", "m") == []
    assert "--known-failures" in completed(program, "run", "--k")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_one(program: Program, shell: str) -> None:
    ran = program("completion", shell)
    assert ran.code == 0, ran.text
    assert "_ECHO_CONFORMANCE_COMPLETE" in ran.stdout
    if shutil.which(shell) and os.path.exists("/dev/stdin"):
        subprocess.run([shell, "-n"], input=ran.stdout, text=True, check=True, timeout=BOUND_S)
