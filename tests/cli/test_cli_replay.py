"""What a failed run leaves behind to show its faults, and playing it again."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cli_program import BOUND_S, ODD_SERVER, TUTORIAL, Program, reference_server, started

from conformance.report.reproducer import case_in

REPRODUCER = Path("report", "reproducers", "close.coalesced--tutorial_select.py")
BROKEN = ("--command", started(TUTORIAL), "--examples", "quick", "-k", "close.coalesced")

CHANGING = """
import os, sys
sys.path.insert(0, {folder!r})
import odd_server

def right(request):
    while chunk := request.recv(1024):
        request.sendall(odd_server.reply(chunk))

with open(f"/proc/{{os.getppid()}}/cmdline") as parent:
    odd_server.ODDITIES["chosen"] = right if "reproducers" in parent.read() else odd_server.forgetful
sys.argv[2:] = ["chosen"]
odd_server.Server(("127.0.0.1", int(sys.argv[1])), odd_server.Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A folder in which a broken server was judged."""
    program = Program(tmp_path_factory.mktemp("judged"))
    assert program("run", *BROKEN).code == 1
    return program


def test_a_reproducer_shows_the_fault_by_the_command_that_is_told(program: Program) -> None:
    ran = program("run", *BROKEN)
    (told,) = [line for line in ran.stdout.splitlines() if line.startswith("  Reproducer: ")]
    python, *words = shlex.split(told.removeprefix("  Reproducer: "))
    assert python == "python"
    assert words[0] == str(REPRODUCER)
    done = subprocess.run(
        [sys.executable, *words], cwd=program.folder, capture_output=True, timeout=BOUND_S, check=False
    )
    assert done.returncode == 1, done.stdout


def test_a_passing_run_writes_nothing(program: Program) -> None:
    assert program("run", "--backend", "epoll", "--examples", "1", "-k", "reply.prompt").code == 0
    assert list(program.folder.iterdir()) == []


def test_reports_go_where_they_are_wanted(program: Program) -> None:
    assert program("run", *BROKEN, "--report", "else/where").code == 1
    assert [file.name for file in program.folder.rglob("*.py")] == [REPRODUCER.name]
    assert (program.folder / "else" / "where" / "reproducers" / REPRODUCER.name).is_file()


def test_a_folder_that_cannot_be_written_changes_no_verdict(program: Program) -> None:
    (program.folder / "report").write_text("a file")
    ran = program("run", *BROKEN)
    assert ran.code == 1, ran.text
    assert ran.stderr == "no reproducers: cannot write into report: Not a directory\n"
    assert "Reproducer: " not in ran.stdout


def test_a_reproducer_that_does_not_show_the_fault_is_marked(program: Program) -> None:
    """The server has its fault only as a child of the suite, and none as a reproducer's."""
    server = program.folder / "server.py"
    server.write_text(CHANGING.format(folder=str(ODD_SERVER.parent)))
    command = f"{sys.executable} {server} {{port}}"
    ran, data = program.json("--command", command, "--examples", "quick", "-k", "reply.prompt")
    assert ran.code == 1, ran.text
    (clause,) = data["targets"][0]["clauses"]
    assert clause["shows"] == "did not show the fault when it was tried"
    assert "    (did not show the fault when it was tried)\n" in ran.stdout


@pytest.mark.parametrize("what", [str(REPRODUCER), "close.coalesced"])
def test_a_case_is_played_again(judged: Program, what: str) -> None:
    ran = judged("replay", what)
    assert ran.code == 1, ran.text
    assert "close.coalesced (MUST) does not hold" in ran.stdout
    assert "1 cases in " in ran.stdout
    assert f"Run again: echo-conformance replay {judged.folder / REPRODUCER} --command " in ran.stdout


def test_a_case_is_played_on_another_server(judged: Program) -> None:
    file = judged.folder / "results.json"
    ran = judged("replay", "close.coalesced", "--backend", "epoll", "--json", str(file))
    assert ran.code == 0, ran.text
    assert "epoll: conformant (1 pass)" in ran.stdout
    carry(judged, [], chunk_limit=10)
    assert judged("replay", "foreign.py", "--backend", "epoll").code == 0
    with reference_server() as (_, address):
        ran = judged("replay", "close.coalesced", "--address", address)
    assert ran.code == 3, ran.text


def carry(judged: Program, target: list[str], **others: object) -> None:
    """Have foreign.py carry the case, with other words for its target."""
    case = case_in(judged.folder / REPRODUCER) | {"target": target} | others
    (judged.folder / "foreign.py").write_text(f"CASE = {case}")


def test_what_the_user_says_beside_a_file_s_target_is_heeded(judged: Program) -> None:
    again = judged.folder / "again.xml"
    ran = judged("replay", str(REPRODUCER), "--chunk-limit", "7", "--patience", "2", "--junit", str(again))
    assert ran.code == 1, ran.text
    assert "--chunk-limit 7 --patience 2" in again.read_text()
    ran = judged("replay", str(REPRODUCER), "--pid", "1")
    assert ran.code == 2, ran.text
    assert "--pid says something of --address, which is missing" in ran.stderr
    file = judged.folder / "results.json"
    assert judged("replay", str(REPRODUCER), "--profile", "echo", "--json", str(file)).code == 3
    assert json.loads(file.read_text())["targets"][0]["profile"] == "echo"


def test_a_file_s_target_is_told_before_it_is_started(judged: Program) -> None:
    carry(judged, ["--command", f"{started(TUTORIAL)} \x1b[2J"])
    ran = judged("replay", "foreign.py")
    assert ran.stderr == f"playing close.coalesced on tutorial_select.py: {started(TUTORIAL)} \\x1b[2J\n"
    ran = judged("replay", "foreign.py", "--backend", "epoll")
    assert (ran.code, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--help"], "No such option '--help'"),
        (["-h"], "No such option '-h'"),
        (["--backend", "epoll", "--json", "results.json"], "No such option '--json'"),
        (["--backend", "epoll", "more"], "Got unexpected extra argument (more)"),
        (["--backend", "epoll", "--patience", "0"], "'0' is not a factor from 0.05 to 100"),
        (["--\x1b[2J"], "No such option '--\\x1b[2J'"),
        (["--targets", "\0"], "embedded null byte"),
    ],
)
def test_a_file_s_words_name_a_target_and_do_nothing_else(judged: Program, words: list[str], said: str) -> None:
    carry(judged, words)
    ran = judged("replay", "foreign.py")
    assert ran.code == 2, ran.text
    assert "foreign.py does not name a target: " in " ".join(ran.stderr.split())
    assert said in ran.stderr


def test_the_newest_case_of_a_clause_is_meant(judged: Program) -> None:
    newer = judged.folder / "newer"
    newer.mkdir()
    text = (judged.folder / REPRODUCER).read_text()
    for name, age_s, written in (("old", 100, "no case"), ("new", 0, text)):
        file = newer / "reproducers" / f"close.coalesced--{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(written)
        at = file.stat().st_mtime - age_s
        os.utime(file, (at, at))
    assert judged("replay", "close.coalesced", "--from", "newer", "--backend", "epoll").code == 0


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("close.eof", "there is no file close.eof, and no reproducer of such a clause in report/reproducers"),
        ("close", "there is no file close, and no reproducer of such a clause in report/reproducers"),
        ("other.py", "other.py carries no case: it is no reproducer of echo-conformance"),
        ("odd.py", "odd.py has a case that cannot be played: {'do': 'dance'} is no step of a case"),
        ("nobody.py", "nobody.py has a case that cannot be played: send 7 b'001.0': it has not connected"),
        ("negative.py", "negative.py has a case that cannot be played: its chunk_limit is below 1"),
        ("daytime.py", "daytime.py has a case that cannot be played: its profile is none of received, echo"),
        ("five.py", "five.py has a case that cannot be played: 5 is no step of a case"),
        ("huge.py", "huge.py has a case that cannot be played: client of a step 'connect' is not within 0 and 100,000"),
        ("unknown.py", "no clause of this profile is that of the case; `echo-conformance list clauses` names them"),
    ],
)
def test_what_cannot_be_played(judged: Program, what: str, said: str) -> None:
    text = (judged.folder / REPRODUCER).read_text()
    (judged.folder / "other.py").write_text("print('run')")
    (judged.folder / "odd.py").write_text(text.replace("'do': 'thaw'", "'do': 'dance'"))
    (judged.folder / "nobody.py").write_text(text.replace("'send', 'client': 1", "'send', 'client': 7"))
    (judged.folder / "negative.py").write_text(text.replace("'chunk_limit': 1024", "'chunk_limit': -1"))
    (judged.folder / "daytime.py").write_text(text.replace("'profile': 'received'", "'profile': 'daytime'"))
    (judged.folder / "five.py").write_text(text.replace("{'do': 'thaw'}", "5"))
    (judged.folder / "huge.py").write_text(text.replace("'connect', 'client': 1", f"'connect', 'client': {10**30}"))
    (judged.folder / "unknown.py").write_text(text.replace("'close.coalesced'", "'close.nothing'"))
    ran = judged("replay", what)
    assert ran.code == 2, ran.text
    assert said in " ".join(ran.text.split())
