"""The page that mends the tutorial's select server: each clause fails before its change and holds after it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from docs_pages import DOCS, ROOT, blocks, comparable, played, session

from conformance.zoo import exhibits

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "mending-the-tutorial.md"
TUTORIAL = ROOT / "conformance" / "zoo" / "programs" / "tutorial_select.py"
SERVER = "server.py"
CHANGES = [block.text for block in blocks(PAGE, "diff")]
*BEFORE, VERDICT = [shown for block in blocks(PAGE, "console") for shown in session(block)]
# Each command asks for the clause of the last change, if there was one, and for that of the next. The last change has
# none: to see its clause fail is dear, and on a busy machine inconclusive now and then.
CLAUSES = [re.findall(r"-k '?(?:\S+ or )?([\w.-]+)", shown.command)[0] for shown in BEFORE]
LAST = "backpressure.bounded-memory"
TABLE = {
    "select": exhibits.TUTORIAL_SELECT,
    "poll": exhibits.TUTORIAL_POLL,
    "epoll": exhibits.TUTORIAL_EPOLL,
    "selectors, queues": exhibits.TUTORIAL_SELECTORS_QUEUE,
    "selectors, callbacks": exhibits.TUTORIAL_SELECTORS_CALLBACK,
}
# How far the clients had got when the server died is a race; how much a socket or a pipe holds is the kernel's.
RACES = re.compile(r"^  (?:Expected|Actual|Ended): .*\n(?: {15}.*\n)*", re.MULTILINE)
HELD = re.compile(r"\([\d,]+ (bytes|times)\)")
ONE_JOB = " --jobs 1"  # each worker has to start, and there is little to do


def changed(program: str, change: str) -> str:
    """Make a change, each part of which has one place in the program."""
    for part in re.split(r"^@@\n", change, flags=re.MULTILINE):
        old, new = ("".join(line[1:] for line in part.splitlines(True) if line[0] in f" {sign}") for sign in "-+")
        assert f"\n{program}".count(f"\n{old}") == 1, part
        program = f"\n{program}".replace(f"\n{old}", f"\n{new}")[1:]
    return program


def mended(changes: int) -> str:
    """Return the tutorial's program after the first so many changes of the page."""
    program = TUTORIAL.read_text()
    for change in CHANGES[:changes]:
        program = changed(program, change)
    return program


def told(said: str) -> str:
    """What a command said, less what depends on the run or the machine."""
    return HELD.sub(r"(N \1)", RACES.sub("", comparable(said)))


def test_each_command_sees_the_last_change_hold_and_the_next_one_missing() -> None:
    for number, shown in enumerate(BEFORE):
        marks = {clause: mark for mark, clause in re.findall(r"^  ([✓✗]) \w+ +(\S+)", shown.output, re.MULTILINE)}
        held = {CLAUSES[number - 1]: "✓"} if number else {}
        assert marks == {**held, CLAUSES[number]: "✗"}


@pytest.mark.parametrize("number", range(len(BEFORE)), ids=CLAUSES)
def test_a_clause_fails_before_its_change_and_holds_after(number: int, tmp_path: Path) -> None:
    shown = BEFORE[number]
    (tmp_path / SERVER).write_text(mended(number))
    (said,), errors = played([shown.command + ONE_JOB], tmp_path)
    assert told(said) == told(shown.output), errors

    (reproducer,) = re.findall(r"^  Reproducer: (.*)", shown.output, re.MULTILINE)
    (tmp_path / SERVER).write_text(mended(number + 1))
    (tried, status), errors = played([reproducer, "echo $?"], tmp_path)
    assert status == "0\n", tried + errors


def test_in_the_end_it_is_conformant(tmp_path: Path) -> None:
    assert len(CHANGES) == len([*CLAUSES, LAST])
    (tmp_path / SERVER).write_text(mended(len(CHANGES)))
    whole, _, shortened = VERDICT.command.partition(" | ")
    (said,), errors = played([f"{whole}{ONE_JOB} | {shortened}"], tmp_path)
    assert said == VERDICT.output, errors


def test_the_page_begins_with_the_exhibit() -> None:
    assert f"cp {TUTORIAL.relative_to(ROOT)} {SERVER}" in PAGE.read_text()


def test_the_table_is_of_all_five() -> None:
    assert f"| | {' | '.join(TABLE)} |" in PAGE.read_text()


@pytest.mark.parametrize("clause", [*CLAUSES, LAST])
def test_the_other_four_are_as_the_zoo_has_them(clause: str) -> None:
    marks = [
        "✗" if clause in exhibit.bug.breaks else "(✗)" if clause in exhibit.bug.collateral else ""
        for exhibit in TABLE.values()
    ]
    row = re.findall(rf"^\| \[{re.escape(clause)}\]\(\S+\) \|(.*)\|$", PAGE.read_text(), re.MULTILINE)
    assert [cell.strip() for cell in row[0].split("|")] == marks


@pytest.mark.parametrize("name", list(TABLE)[1:])
def test_their_own_faults_are_as_the_zoo_has_them(name: str) -> None:
    (told_of_it,) = re.findall(rf"^- \*\*{name}\*\* (.*(?:\n  .*)*)", PAGE.read_text(), re.MULTILINE)
    faults = {*TABLE[name].bug.breaks, *TABLE[name].bug.collateral}
    assert set(re.findall(r"\[([\w.-]+)\]", told_of_it)) <= faults
