"""What is built is current and whole, and what cannot be built says why."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.targets import building
from conformance.targets.building import NotBuilt, build, missing, remove_stale
from conformance.targets.described import BUILT, Described

if TYPE_CHECKING:
    from pathlib import Path

COPIES = "{python} -c 'import shutil, sys; shutil.copy(*sys.argv[1:])' {source} {output}"
LEAVES = "sh -c 'exec 3>held; echo begun >&3; sleep 60 & wait'"
BOUND_S, SOON_S = 300, 0.05
FAILS = """{python} -c 'import sys; print("\\x1b[31mno such stack\\x1b[0m"); sys.exit(3)' {output}"""


@pytest.fixture
def copied(tmp_path: Path) -> Described:
    (tmp_path / "server.sh").write_text("exec true")
    return Described("copied", tmp_path, source="server.sh", build=COPIES, command="{output} {port}")


def interrupt_at(reader: int) -> None:
    """Interrupt this process once something is written there."""
    if select.select([reader], [], [], BOUND_S)[0]:
        os.kill(os.getpid(), signal.SIGINT)


def built(target: Described) -> list[Path]:
    return sorted((target.home / BUILT).glob("*"))


def test_a_target_is_built_once_for_each_content(copied: Described) -> None:
    build(copied)
    assert built(copied) == [copied.output]
    before = os.stat(copied.output).st_ino
    build(copied)
    assert os.stat(copied.output).st_ino == before
    first = copied.output
    (copied.home / copied.source).write_text("exec false")
    build(copied)
    assert built(copied) == sorted([first, copied.output])
    remove_stale([copied])
    assert built(copied) == [copied.output]
    assert copied.output.read_text() == "exec false"


def test_what_is_of_another_target_is_not_stale(copied: Described) -> None:
    build(copied)
    other = replace(copied, name="copied-too")
    build(other)
    remove_stale([copied])
    assert built(copied) == sorted([copied.output, other.output])


def test_another_build_line_builds_elsewhere(copied: Described) -> None:
    assert replace(copied, build=copied.build + " ").output != copied.output


def test_without_a_source_it_is_built_each_time(copied: Described) -> None:
    line = '{python} -c \'import sys, os; open(sys.argv[1], "w").write(os.environ["SAYS"])\' {output}'
    for says in ("one", "two"):
        target = replace(copied, source="", build=line, environment={"SAYS": says})
        build(target)
        assert target.output.read_text() == says


def test_a_build_line_may_make_what_it_likes(copied: Described) -> None:
    (copied.home / "sub").mkdir()
    build(replace(copied, source="", build="touch made", command="./made {port}", folder="sub"))
    assert (copied.home / "sub" / "made").exists()
    assert not built(copied)


def test_a_build_that_fails_leaves_nothing_and_says_why(copied: Described) -> None:
    with pytest.raises(NotBuilt) as failed:
        build(replace(copied, build=FAILS))
    assert "the build line of copied failed: " in str(failed.value)
    assert str(failed.value).endswith("\\x1b[31mno such stack\\x1b[0m\nit ended with status 3")
    assert built(copied) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [("no-such-compiler {output}", "No such file or directory"), ("true {output}", "succeeded, and made no {output}")],
)
def test_a_build_line_that_makes_nothing(copied: Described, line: str, said: str) -> None:
    with pytest.raises(NotBuilt, match=said):
        build(replace(copied, build=line))


@pytest.mark.parametrize("interrupt", [False, True], ids=["timeout", "interrupt"])
def test_a_build_that_is_cut_short_leaves_nothing_running(
    copied: Described, interrupt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = copied.home / "held"
    os.mkfifo(held)
    reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    communicate = subprocess.Popen.communicate

    def once_begun(process: subprocess.Popen[bytes], timeout: float) -> tuple[bytes, bytes]:
        assert select.select([reader], [], [], BOUND_S)[0]
        return communicate(process, timeout=timeout)

    if not interrupt:
        monkeypatch.setattr(building, "WITHIN_S", SOON_S)
        monkeypatch.setattr(subprocess.Popen, "communicate", once_begun)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if interrupt:
            threading.Thread(target=interrupt_at, args=(reader,)).start()
        with pytest.raises(KeyboardInterrupt if interrupt else NotBuilt, match=None if interrupt else "not done after"):
            build(replace(copied, source="", build=LEAVES, command="./made {port}"))
        assert os.read(reader, 100) == b"begun\n"
        assert select.select([reader], [], [], BOUND_S)[0], "what the build line had started still runs"
        assert os.read(reader, 100) == b""
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(reader)


def test_an_interrupt_while_a_build_line_is_started_leaves_nothing_running(
    copied: Described, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self.pid)
            os.kill(os.getpid(), signal.SIGINT)

    started: list[int] = []
    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            build(replace(copied, source="", build="sleep 60", command="./made {port}"))
        with pytest.raises(ProcessLookupError):
            os.kill(started[0], 0)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_build_line_reads_nothing_of_what_is_typed(copied: Described) -> None:
    terminal, typed = os.pipe()
    os.write(typed, b"typed")
    os.close(typed)
    kept = os.dup(0)
    os.dup2(terminal, 0)
    try:
        build(replace(copied, source="", build="sh -c 'cat > read'", command="./made {port}"))
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(terminal)
    assert (copied.home / "read").read_bytes() == b""


def test_where_nothing_can_be_written_nothing_is_built(copied: Described) -> None:
    place = copied.home / BUILT
    place.touch()
    with pytest.raises(NotBuilt) as failed:
        build(copied)
    assert str(failed.value) == f"copied cannot be built in {place}: {place}: File exists"


def test_what_is_missing_is_said_with_what_would_give_it(copied: Described) -> None:
    needs = {"no-such-compiler": "compiler-package", "no/such.h": "header-package", "sh": "dash"}
    assert missing(replace(copied, needs=needs, python=["pytest", "no-such-package"])) == [
        "no-such-compiler (Debian package compiler-package)",
        "no/such.h (Debian package header-package)",
        "no-such-package (Python package)",
    ]
