"""What a known failure hides, and what it never does."""

from __future__ import annotations

import resource
import stat
import tomllib
from typing import TYPE_CHECKING

import pytest

from conformance.known_failures import Entry, KnownFailures, kind_of, write_known_failures
from conformance.report.failure import Failure
from conformance.report.outcome import ClauseResult, ExitCode, Outcome, Run, Verdict
from conformance.toml_file import BadFile

if TYPE_CHECKING:
    from pathlib import Path

PROMPT, EOF, PREFIX = "reply.prompt", "close.eof", "reply.prefix"
WRONG = "client 1: byte 0 and on of what was sent came a second time where byte 5 was due: b'x'"
DIED = "the server was ended by SIGSEGV; client 1: byte 0 and on of what was sent came a second time where nothing was"
SILENT = "nothing more came for 10 s; 0 of the 16 bytes it sent were answered"
BAD = {
    "no reason": ('[[known]]\nclause = "close.eof"', 1, "has no reason, which must be said"),
    "empty reason": ('[[known]]\nclause = "close.eof"\nreason = " "', 3, "reason is ' ', and should be a text"),
    "no clause": ('[[known]]\nreason = "x"', 1, "has no clause"),
    "other key": ('[[known]]\nclause = "close.eof"\nreasons = "x"', 3, "no key 'reasons'; did you mean reason?"),
    "other table": ('[[knwon]]\nclause = "close.eof"', 1, "no key 'knwon': each failure is a table [[known]]"),
    "no truth": ('[[known]]\nclause = "close.eof"\nreason = "x"\nsometimes = "yes"', 4, "should be true or false"),
    "no list": ('[known]\nclause = "close.eof"', 1, "write [[known]] above each"),
}


def failed(clause: str, actual: str, outage: str = "", level: str = "MUST") -> ClauseResult:
    failure = Failure("it", actual, "", "", "", "", "", outage=outage)
    return ClauseResult(clause, level, Outcome.FAIL, 1, 0.1, "", f"expected it; got {actual}", failure)


def passed(clause: str) -> ClauseResult:
    return ClauseResult(clause, "MUST", Outcome.PASS, 1, 0.1, "")


def run_of(**targets: list[ClauseResult]) -> Run:
    run = Run("0", "received", 1)
    for target, results in targets.items():
        for result in results:
            run.add(target, result)
    run.expected = sum(map(len, targets.values()))
    return run


def known(folder: Path, *entries: str, others: tuple[str, ...] = ()) -> KnownFailures:
    path = folder / "known.toml"
    path.write_text("\n".join(f"[[known]]\nreason = 'so it is'\n{entry}" for entry in entries))
    return KnownFailures(path, others)


HIDDEN = [
    (Entry(PROMPT, "r"), failed(PROMPT, WRONG), True),
    (Entry(PROMPT, "r", "t"), failed(PROMPT, WRONG), True),
    (Entry(PROMPT, "r", "other"), failed(PROMPT, WRONG), False),
    (Entry(EOF, "r"), failed(PROMPT, WRONG), False),
    (Entry(PROMPT, "r", "t", "came a second time"), failed(PROMPT, WRONG), True),
    (Entry(PROMPT, "r", "t", "went unanswered"), failed(PROMPT, WRONG), False),
    (Entry(PROMPT, "r"), passed(PROMPT), False),
    # A death is hidden by what names it, and not by what else stands in the message.
    (Entry(PROMPT, "r"), failed(PROMPT, DIED, "the server was ended by SIGSEGV"), False),
    (Entry(PROMPT, "r", None, "came a second time"), failed(PROMPT, DIED, "the server was ended by SIGSEGV"), False),
    (Entry(PROMPT, "r", None, "client 1"), failed(PROMPT, DIED, "the server was ended by SIGSEGV"), False),
    (Entry(PROMPT, "r", None, "ended by SIGSEGV"), failed(PROMPT, DIED, "the server was ended by SIGSEGV"), False),
    (Entry(PROMPT, "r", None, "was ended by SIGSEGV"), failed(PROMPT, DIED, "the server was ended by SIGSEGV"), True),
    (Entry(PROMPT, "r", None, "was ended by"), failed(PROMPT, DIED, "the server was ended by SIGSEGV"), True),
    *(
        (Entry(PROMPT, "r", None, vague), failed(PROMPT, DIED, "the server was ended by SIGSEGV"), False)
        for vague in ("the server", "ended", "SIGSEGV", "e", " ", "was ended by SIG")
    ),
    (Entry(PROMPT, "r", None, "SIGABRT"), failed(PROMPT, DIED, "the server was ended by SIGSEGV"), False),
    (Entry(PROMPT, "r", None, DIED), failed(PROMPT, DIED, "the server was ended by SIGSEGV"), True),
    # A death that the message does not lead with.
    (Entry(PROMPT, "r", None, "came a second time"), failed(PROMPT, WRONG, "the server exited with status 7"), False),
    (Entry(PROMPT, "r", None, "exited with status 7"), failed(PROMPT, WRONG, "the server exited with status 7"), True),
    (
        Entry(PROMPT, "r", None, "exited with status 7"),
        failed(PROMPT, WRONG, "the server exited with status 77"),
        False,
    ),
    (Entry(PROMPT, "r", None, "is stopped"), failed(PROMPT, WRONG, "the server is stopped"), True),
    (Entry(PROMPT, "r", None, "stopped"), failed(PROMPT, WRONG, "the server is stopped"), False),
    (Entry(PROMPT, "r", None, "nothing"), failed(PROMPT, SILENT, "nothing more came"), False),
    (Entry(PROMPT, "r"), failed(PROMPT, SILENT, "nothing more came"), False),
    (Entry(PROMPT, "r", None, "of the 16 bytes"), failed(PROMPT, SILENT, "nothing more came"), False),
    (Entry(PROMPT, "r", None, "nothing more came for 10 s"), failed(PROMPT, SILENT, "nothing more came"), True),
]


@pytest.mark.parametrize(("entry", "result", "hidden"), HIDDEN)
def test_what_is_hidden(entry: Entry, result: ClauseResult, hidden: bool) -> None:
    assert entry.hides("t", result) == hidden


@pytest.mark.parametrize(("text", "line", "said"), BAD.values(), ids=BAD)
def test_a_file_that_cannot_be_meant(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(BadFile) as bad:
        KnownFailures(path)
    assert str(bad.value).startswith(f"{path}, line {line}: ")
    assert said in str(bad.value)


MATCHES_NOTHING = {
    "clause": ('clause = "close.eof2"', "clause 'close.eof2'; did you mean close.eof"),
    "target": ('clause = "close.eof"\ntarget = "ours"', "target 'ours'; known: mine, else"),
    "profile": (
        'clause = "reply.prefix"\ntarget = "mine"',
        "clause 'reply.prefix'; it is about the profile received",
    ),
}


@pytest.mark.parametrize(("entry", "said"), MATCHES_NOTHING.values(), ids=MATCHES_NOTHING)
def test_what_can_match_nothing_is_an_error(tmp_path: Path, entry: str, said: str) -> None:
    entries = known(tmp_path, entry, others=("else",))
    with pytest.raises(BadFile) as bad:
        entries.check({"mine": "echo"})
    assert f"this known failure matches nothing: {said}" in str(bad.value)


def test_what_is_only_not_tried_now_is_no_error(tmp_path: Path) -> None:
    entries = known(tmp_path, 'clause = "close.eof"\ntarget = "else"', 'clause = "reply.prefix"', others=("else",))
    entries.check({"mine": "echo", "yours": "received"})


def test_a_known_failure_breaks_no_verdict(tmp_path: Path) -> None:
    entries = known(tmp_path, 'clause = "reply.prompt"')
    run = run_of(t=[entries.marked("t", failed(PROMPT, WRONG)), passed(EOF)])
    (first, _) = run.targets["t"].clauses
    assert (first.outcome, first.known) == (Outcome.FAIL, "so it is")
    assert (run.targets["t"].verdict, run.exit_code(strict=True)) == (Verdict.CONFORMANT, ExitCode.CONFORMANT)
    assert run_of(t=[first]).exit_code() is ExitCode.CONFORMANT
    assert run_of(t=[first, failed(EOF, WRONG)]).exit_code() is ExitCode.NONCONFORMANT
    assert entries.stale(run) == []


def test_a_failure_by_another_fault_says_that_one_is_known(tmp_path: Path) -> None:
    entries = known(tmp_path, 'clause = "reply.prompt"\ncontains = "was reset"')
    marked = entries.marked("t", failed(PROMPT, WRONG))
    assert marked.known is None
    assert marked.failure is not None
    assert marked.failure.note == f"{tmp_path}/known.toml, line 1 names a known failure of it, by another fault"
    assert entries.marked("t", failed(EOF, WRONG)).failure == failed(EOF, WRONG).failure


def test_what_is_known_is_not_strict(tmp_path: Path) -> None:
    entries = known(tmp_path, 'clause = "reply.prompt"')
    should = ClauseResult("close.churn", "SHOULD", Outcome.PASS, 1, 0.1, "")
    assert run_of(t=[passed(EOF), should]).targets["t"].verdict is Verdict.STRICT
    result = entries.marked("t", failed(PROMPT, WRONG))
    assert run_of(t=[passed(EOF), should, result]).targets["t"].verdict is Verdict.CONFORMANT


def test_what_passes_by_now_is_stale(tmp_path: Path) -> None:
    entries = known(tmp_path, 'clause = "reply.prompt"', 'clause = "close.eof"\ntarget = "u"')
    run = run_of(t=[passed(PROMPT), failed(EOF, WRONG)], u=[passed(PROMPT), passed(EOF)])
    run.stale = entries.stale(run)
    assert [line.partition(": ")[0] for line in run.stale] == [f"{tmp_path}/known.toml, line {n}" for n in (1, 4)]
    assert "close.eof on u is said to fail, and passes" in run.stale[1]
    assert run_of(t=[passed(EOF)]).exit_code() is ExitCode.CONFORMANT
    run = run_of(t=[passed(EOF)])
    run.stale = ["x"]
    assert run.exit_code() is ExitCode.NONCONFORMANT


def test_what_passes_on_one_of_several_is_not_stale(tmp_path: Path) -> None:
    entries = known(tmp_path, 'clause = "reply.prompt"')
    assert entries.stale(run_of(t=[passed(PROMPT)], u=[failed(PROMPT, WRONG)])) == []
    unobserved = ClauseResult(PROMPT, "MUST", Outcome.UNOBSERVED, 0, 0.1, "", "why")
    assert entries.stale(run_of(t=[passed(PROMPT)], u=[unobserved])) == []
    assert entries.stale(run_of(t=[passed(EOF)])) == []


def test_what_fails_sometimes_is_never_stale(tmp_path: Path) -> None:
    entries = known(tmp_path, 'clause = "reply.prompt"\nsometimes = true', 'clause = "close.eof"\nsometimes = false')
    run = run_of(t=[passed(PROMPT), passed(EOF)])
    (line,) = entries.stale(run)
    assert "close.eof is said to fail, and passes" in line
    assert entries.marked("t", failed(PROMPT, WRONG)).known == "so it is"


@pytest.mark.parametrize("outcome", ["passed", "failed"])
def test_writing_anew_keeps_what_fails_sometimes(tmp_path: Path, outcome: str) -> None:
    before = known(tmp_path, 'clause = "reply.prompt"\ntarget = "t"\nsometimes = true')
    result = passed(PROMPT) if outcome == "passed" else before.marked("t", failed(PROMPT, WRONG))
    path = tmp_path / "new.toml"
    assert write_known_failures(run_of(t=[result]), path, before) == 1
    (entry,) = KnownFailures(path).entries
    assert (entry.clause, entry.reason, entry.sometimes) == (PROMPT, "so it is", True)


def test_what_is_written_hides_what_it_was_written_of(tmp_path: Path) -> None:
    path = tmp_path / "written.toml"
    results = [
        failed(PROMPT, WRONG),
        failed(EOF, SILENT, "nothing more came"),
        failed(PREFIX, DIED, "the server was ended by SIGSEGV"),
    ]
    assert write_known_failures(run_of(t=[*results, passed("close.churn")]), path, None) == 3
    entries = KnownFailures(path)
    entries.check({"t": "received"})
    assert [entries.marked("t", result).known for result in results] == [
        f"not looked into yet: {result.message}" for result in results
    ]
    assert {entry.contains for entry in entries.entries} == {
        "and on of what was sent came a second time where byte",
        "nothing more came",
        "the server was ended by SIGSEGV",
    }
    assert all(entries.marked("u", result).known is None for result in results)


def test_another_case_of_the_same_fault_is_of_the_same_kind() -> None:
    other = 'client 7: byte 90 and on of what was sent came a second time where byte 512 was due: b"it\'s"'
    assert kind_of(failed(PROMPT, WRONG)) == kind_of(failed(PROMPT, other))


def test_writing_anew_keeps_reasons_and_what_was_not_tried(tmp_path: Path) -> None:
    before = known(tmp_path, 'clause = "reply.prompt"', 'clause = "close.eof"', 'clause = "reply.prefix"')
    run = run_of(t=[before.marked("t", failed(PROMPT, WRONG)), passed(EOF)])
    path = tmp_path / "new.toml"
    assert write_known_failures(run, path, before) == 2
    tables = tomllib.loads(path.read_text())["known"]
    assert [(table["clause"], table["reason"], "contains" in table) for table in tables] == [
        ("reply.prefix", "so it is", False),
        ("reply.prompt", "so it is", True),
    ]


def test_a_file_that_cannot_be_written_whole_stays_what_it_was(tmp_path: Path) -> None:
    before = known(tmp_path, 'clause = "reply.prompt"')
    path = tmp_path / "known.toml"
    text = path.read_text()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, hard))  # a disk that is full, as far as this process can tell
    try:
        with pytest.raises(OSError, match="too large"):
            write_known_failures(run_of(t=[failed(PROMPT, WRONG)]), path, before)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


def test_writing_anew_keeps_what_the_file_is(tmp_path: Path) -> None:
    before = known(tmp_path, 'clause = "reply.prompt"')
    real, link = tmp_path / "known.toml", tmp_path / "link.toml"
    real.chmod(0o640)
    link.symlink_to(real.name)
    write_known_failures(run_of(t=[failed(EOF, WRONG)]), link, before)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert len(KnownFailures(real).entries) == 2


def test_nothing_to_write_is_a_file_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert write_known_failures(run_of(t=[passed(EOF)]), path, None) == 0
    assert KnownFailures(path).entries == []
