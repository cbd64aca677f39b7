"""The exit code is the verdict: 0 conformant, 1 nonconformant, 2 not the server's fault, 3 nobody can tell."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from cli_program import BOUND_S, HOSTILE, ODD_SERVER, PROGRAM, TUTORIAL, Program, started
from click.testing import CliRunner

from conformance import cli, judge, own_servers
from conformance.report.json_report import write_json
from conformance.report.outcome import ClauseResult, Outcome, Run

if TYPE_CHECKING:
    from pathlib import Path

EPOLL = ("--backend", "epoll")
QUICK = ("--examples", "quick", "-k", "reply.prompt")

NOT_MEANT = {
    "unknown backend": (("--backend", "nosuch"), "there is no backend 'nosuch'; there are "),
    "no target": ((), "no server to judge: name one with --backend, --zoo, --command, --address or --target"),
    "examples by no word": ((*EPOLL, "--examples", "many"), "'many' is not quick, standard, thorough or a number"),
    "no examples": ((*EPOLL, "--examples", "0"), "'0' is not quick, standard, thorough or a number from 1 on"),
    "no jobs": ((*EPOLL, "--jobs", "0"), "'0' is neither auto nor a number from 1 on"),
    "jobs by no word": ((*EPOLL, "--jobs", "all"), "'all' is neither auto nor a number from 1 on"),
    "no such profile": ((*EPOLL, "--profile", "daytime"), "'daytime' is not one of 'received', 'echo'"),
    "other profile": (
        (*EPOLL, "--profile", "echo"),
        "the reference servers answer by the profile received, not echo",
    ),
    "host of no command": ((*EPOLL, "--host", "::1"), "--host says something of --command, which is missing"),
    "chunk limit of ours": ((*EPOLL, "--chunk-limit", "10"), "--chunk-limit says something of a server of yours: the"),
    "chunk limit of the zoo": (("--zoo", "drops-short-send", "--chunk-limit", "10"), "--chunk-limit says something of"),
    "no such command": (("--command", "./no-such-server {port}", *QUICK), "cannot start ./no-such-server: No such"),
    "unknown placeholder": (
        ("--command", "./server {prot}"),
        "{prot}, which is no placeholder: {host}, {port} and {udp_port} are",
    ),
    "two ports": (("--command", "./server {port}", "--port", "8001"), "--port must not name one"),
    "unreachable": (("--address", "127.0.0.1:1", *QUICK), "nobody answers on 127.0.0.1:1: Connection refused"),
    "no address": (("--address", "127.0.0.1"), "write HOST:PORT, such as 127.0.0.1:8001"),
    "no digits": (("--address", "127.0.0.1:²"), "write HOST:PORT, such as 127.0.0.1:8001"),
    "no clause": ((*EPOLL, "-k", "nothing"), "no clause matches -k 'nothing'; `echo-conformance list clauses` names"),
    "half an expression": ((*EPOLL, "-k", "close and"), "close and"),
    "no folder": ((*EPOLL, *QUICK, "--json", "no/such/folder.json"), "no/such"),
}


def test_conformant(program: Program) -> None:
    ran = program("run", *EPOLL, *QUICK)
    assert ran.code == 0, ran.text
    assert "epoll: conformant (1 pass)" in ran.stdout
    assert ran.stderr == ""


def test_nonconformant(program: Program) -> None:
    ran = program("run", "--command", started(TUTORIAL), "--examples", "quick", "-k", "close.coalesced")
    assert ran.code == 1, ran.text
    assert "close.coalesced (MUST) does not hold" in ran.stdout
    assert "nonconformant (1 fail)" in ran.stdout


@pytest.mark.parametrize(("words", "said"), NOT_MEANT.values(), ids=NOT_MEANT)
def test_what_cannot_be_meant(program: Program, words: tuple[str, ...], said: str) -> None:
    ran = program("run", *words)
    assert ran.code == 2, ran.text
    assert said in " ".join(ran.text.split())
    assert "Traceback" not in ran.text
    assert "INTERNALERROR" not in ran.text


def test_inconclusive(program: Program) -> None:
    ran = program("run", "--command", started(HOSTILE / "exits_at_first_connection.py"), "-k", "close.eof")
    assert ran.code == 3, ran.text
    assert "the server does not answer one lone message" in ran.stdout
    assert "inconclusive (1 inconclusive)" in ran.stdout


def test_a_fault_of_the_suite_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "settled", broken)
    ran = CliRunner().invoke(cli.main, ["run", *EPOLL])
    assert ran.exit_code == 3, ran.output
    assert ran.stderr.startswith("Traceback ")
    assert ran.stderr.endswith("ZeroDivisionError\n")


@pytest.mark.parametrize("name", ["epoll", "kqueue"])
def test_an_unavailable_backend_is_told_with_the_reason(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(own_servers, "reference_backends", lambda: {"kqueue": None, "epoll": "there is none"})
    ran = CliRunner().invoke(cli.main, ["run", "--backend", name, "-k", "no-such-clause"])
    assert ran.exit_code == 2, ran.output
    assert ("the backend epoll is not available here: there is none" in ran.output) == (name == "epoll")


def test_a_machine_too_busy_to_list_servers_gives_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    own_servers.reference_backends.cache_clear()
    monkeypatch.setattr(own_servers, "LIST_WITHIN_S", 0.001)
    ran = CliRunner().invoke(cli.main, ["run", *EPOLL])
    assert ran.exit_code == 3, ran.output
    assert ran.stderr == (
        "reference_servers did not list its servers within 0.001 s: this machine is too busy to judge on\n"
    )


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_specs_that_cannot_be_read_are_no_interrupt(program: Program, tmp_path: Path, jobs: str) -> None:
    (tmp_path / "test_broken.py").write_text("import no_such_module\n")
    code = (
        "import sys; from conformance import judge, cli; broken = judge.SERVERS._replace(package=sys.argv.pop(1)); "
        "judge.judge.__kwdefaults__['suite'] = broken; "
        "judge.SETTINGS = ('--config-file=/dev/null', '--noconftest'); cli.main()"
    )
    words = ["run", *EPOLL, "--jobs", jobs, "--examples", "1"]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), *words],
        cwd=program.folder,
        env=program.environment,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "a fault of the suite itself: its specs cannot be read" in done.stderr
    assert "No module named 'no_such_module'" in done.stderr
    assert "interrupted" not in done.stdout + done.stderr


def test_an_interrupt_shows_what_was_done(program: Program, tmp_path: Path) -> None:
    hangs = tmp_path / "hangs"
    words = ["run", "--command", started(ODD_SERVER, "hanging", str(hangs)), "--jobs", "1", "--examples", "thorough"]
    code, said = interrupted(program, [*words, "-k", "close.eof or reply.prompt"], hangs)
    assert code == 130, said
    assert "close.eof" in said
    assert "interrupted after 1 of 2 clauses: no verdict" in said
    assert "Traceback" not in said


def test_an_interrupt_reaches_all_workers(program: Program, tmp_path: Path) -> None:
    hangs = tmp_path / "hangs"
    words = ["run", "--command", started(ODD_SERVER, "hanging", str(hangs)), "--jobs", "2", "--examples", "thorough"]
    code, said = interrupted(program, words, hangs)
    assert code == 130, said
    assert "Traceback" not in said


@pytest.mark.parametrize("soon_s", [judge.SOON_S, 0])
def test_an_interrupt_is_not_forgotten_where_exceptions_are(monkeypatch: pytest.MonkeyPatch, soon_s: float) -> None:
    """Not even where it comes again so soon that it is still being seen to."""

    class Interrupted:
        def __del__(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(judge, "SOON_S", soon_s)
    monkeypatch.setattr(sys, "unraisablehook", judge.interrupt_again)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for _ in range(1 if soon_s else 100):
            with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - it comes while something else goes on
                Interrupted()
                deadline = time.monotonic() + BOUND_S
                while time.monotonic() < deadline:
                    time.sleep(BOUND_S if soon_s else 0.001)  # what comes at once may come just before a wait
    finally:
        signal.signal(signal.SIGINT, before)


def interruptible() -> None:
    """A shell starts what it puts into the background with SIGINT ignored, and all that comes of it inherits that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupted(program: Program, words: list[str], when: Path) -> tuple[int, str]:
    """Run, and interrupt as a terminal does, the whole process group, once a file is there."""
    with subprocess.Popen(
        [*PROGRAM, *words],
        cwd=program.folder,
        env=program.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=interruptible,  # noqa: PLW1509 - no other thread runs in this test
    ) as process:
        deadline = time.monotonic() + BOUND_S
        while not when.exists():
            assert time.monotonic() < deadline, f"not within {BOUND_S} s: {when} is there"
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=BOUND_S)
    return process.returncode, said.decode()


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_where_nobody_reads_what_is_told_there_is_no_verdict(program: Program, closed: str) -> None:
    run = Run("0.1.0", "received", 5, expected=1)
    run.add("mine", ClauseResult("close.eof", "MUST", Outcome.PASS, 1, 0.1, "It ends."))
    write_json(run, program.folder / "run.json")
    words = {"stdout": ("list", "clauses"), "stderr": ("report", "merge", "run.json", "run.json")}[closed]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*PROGRAM, *words],
        cwd=program.folder,
        env=program.environment,
        stdout=writer if closed == "stdout" else subprocess.DEVNULL,
        stderr=writer if closed == "stderr" else subprocess.DEVNULL,
        timeout=BOUND_S,
        check=False,
    )
    os.close(writer)
    assert done.returncode == 3
