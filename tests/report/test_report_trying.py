"""What is said of a reproducer once it was tried."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from reproducer_cases import EPOLL, broken, failed, means, written

from conformance.report.failure import SHOWS
from conformance.report.outcome import TargetResult
from conformance.report.reproducers import Written
from conformance.trying import try_reproducers

if TYPE_CHECKING:
    from pathlib import Path

    from reproducer_cases import Steps

    from conformance.report.reached import Means

# The first byte that is no ASCII finds the bug `extends-sign` out.
CASE: Steps = [{"do": "connect", "client": 1}, {"do": "ping", "client": 1, "data": r"b'\x80'"}]


def said_of(file: Path, reached: Means) -> str | None:
    target = TargetResult("mine", clauses=[failed([])], means=reached)
    try_reproducers([Written(file, reached, target, 0)])
    (clause,) = target.clauses
    assert clause.failure is not None
    return clause.failure.shows


def test_a_fault_shows_or_does_not(tmp_path: Path) -> None:
    file = written(tmp_path, CASE)
    assert said_of(file, means(command=broken("extends-sign"))) == SHOWS
    assert said_of(file, means(command=EPOLL)) == "did not show the fault when it was tried"


@pytest.mark.parametrize("text", ["raise SystemExit(1)", "import there_is_no_such_module", "(", "print('does not')"])
def test_a_python_that_fails_is_no_word_against_the_server(tmp_path: Path, text: str) -> None:
    file = tmp_path / "reproducer.py"
    file.write_text(f"{text}\nraise SystemExit(1)\n")
    assert said_of(file, means(command=[sys.executable, "-c", ""])) == "could not tell"
