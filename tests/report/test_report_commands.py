"""`echo-conformance report`: earlier runs shown again, joined, and their schema."""

from __future__ import annotations

import json
import os
import pty
import re
from typing import TYPE_CHECKING, Any

import pytest
from faces_runs import clause, every_outcome, hostile
from report_command import kept, report, started, well

from conformance.report.json_report import read_json, schema, to_json
from conformance.report.outcome import Outcome, Run, Shard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COLOUR = re.compile(r"\x1b\[[0-9;]*\b(3[0-9]|4[0-9]|9[0-7]|10[0-7])m")


def on_terminal(*words: str | Path, **environment: str) -> str:
    """What the command writes to a terminal."""
    ours, its = pty.openpty()
    with started(words, {"TERM": "xterm-256color", **environment}, its):
        os.close(its)
        said = b""
        while True:
            try:
                said += os.read(ours, 65536)
            except OSError:  # EIO: the terminal is closed on the other side
                os.close(ours)
                return said.decode()


def with_should_broken() -> Run:
    run = well()
    run.expected = 2
    run.add("epoll", clause("reply.prompt", Outcome.FAIL, level="SHOULD"))
    return run


def with_nothing_but_a_should_broken() -> Run:
    run = Run("0.1.0", "received", 5, expected=1)
    run.add("epoll", clause("reply.prompt", Outcome.FAIL, level="SHOULD"))
    return run


def interrupted() -> Run:
    run = well()
    run.interrupted = True
    return run


def misconfigured() -> Run:
    run = Run("0.1.0", "received", 5, expected=1)
    run.add("server", clause("close.eof", Outcome.ERROR, misconfigured=True))
    return run


@pytest.mark.parametrize(
    ("make", "words", "code"),
    [
        (well, [], 0),
        (every_outcome, [], 2),
        (hostile, [], 1),
        (misconfigured, [], 2),
        (lambda: Run("0.1.0", "received", 5), [], 3),
        (with_should_broken, [], 0),
        (with_should_broken, ["--strict"], 1),
        (with_nothing_but_a_should_broken, [], 0),
        (with_nothing_but_a_should_broken, ["--strict"], 1),
        (interrupted, [], 130),
    ],
)
def test_the_exit_code_is_the_runs(make: Callable[[], Run], words: list[str], code: int, tmp_path: Path) -> None:
    assert report("show", kept(make(), tmp_path), *words)[0] == code


def test_a_run_is_shown_as_it_was(tmp_path: Path) -> None:
    _, said, complained = report("show", kept(every_outcome(), tmp_path))
    assert complained == ""
    assert "bad: close.eof (MUST) does not hold" in said
    assert "good: conformant (1 pass, 1 unobserved)" in said
    assert "77 cases in 4.5 s, profile received, seed 5" in said


def test_what_is_no_terminal_gets_plain_text(tmp_path: Path) -> None:
    for run in (every_outcome(), hostile()):
        _, said, _ = report("show", kept(run, tmp_path))
        assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", said) == []


def test_a_terminal_gets_colours_unless_it_wants_none(tmp_path: Path) -> None:
    file = kept(every_outcome(), tmp_path)
    assert COLOUR.search(on_terminal("show", file))
    assert not COLOUR.search(on_terminal("show", file, NO_COLOR="1"))


def test_all_faces_of_a_merged_run(tmp_path: Path) -> None:
    poll = Run("0.1.0", "received", 5, expected=1)
    poll.add("poll", clause("close.eof", Outcome.FAIL))
    files = [kept(well(), tmp_path, "a.json"), kept(poll, tmp_path, "b.json")]
    faces = [f"--{name}={tmp_path / name}" for name in ("json", "junit", "markdown")]
    code, said, complained = report("merge", *files, *faces)
    assert (code, complained) == (1, "")
    assert "epoll: conformant (1 pass)" in said
    assert list(read_json(tmp_path / "json").targets) == ["epoll", "poll"]
    assert '<testsuites name="echo-conformance" tests="2" failures="1"' in (tmp_path / "junit").read_text()
    assert "<code>poll</code>: **nonconformant**" in (tmp_path / "markdown").read_text()


def test_what_is_merged_twice_is_told_on_the_side(tmp_path: Path) -> None:
    file = kept(well(), tmp_path)
    code, said, complained = report("merge", file, file)
    assert code == 0
    assert complained == "close.eof came 2 times on epoll: pass is kept\n"
    assert "7 cases" in said


def test_a_merged_run_without_all_its_shards_is_inconclusive(tmp_path: Path) -> None:
    run = well()
    run.shards = [Shard("abc", 2, 2)]
    code, said, _ = report("merge", kept(run, tmp_path))
    assert code == 3
    assert "not in this report: shard 1 of 2" in said


def test_the_schema_is_printed() -> None:
    code, said, _ = report("schema")
    assert code == 0
    assert json.loads(said) == json.loads(schema())


def without_a_verdict(data: Any) -> None:
    data["targets"][0]["verdict"] = "fine"


def of_another_profile(data: Any) -> None:
    data["profile"] = "echo"


def test_a_file_that_is_no_run_is_told_with_the_key(tmp_path: Path) -> None:
    data = to_json(well())
    without_a_verdict(data)
    (tmp_path / "run.json").write_text(json.dumps(data))
    code, _, complained = report("show", tmp_path / "run.json")
    assert code == 2
    assert "run.json: targets[0].verdict: it is 'fine', and from the rest" in " ".join(complained.split())
    assert "Traceback" not in complained


def test_runs_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    data = to_json(well())
    of_another_profile(data)
    (tmp_path / "b.json").write_text(json.dumps(data))
    code, _, complained = report("merge", kept(well(), tmp_path, "a.json"), tmp_path / "b.json")
    assert code == 2
    assert "these runs are not of one profile: received, echo" in complained
