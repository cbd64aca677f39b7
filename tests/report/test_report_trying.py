"""What is said of a reproducer once it was tried."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from reproducer_cases import EPOLL, broken, failed, means, written

from conformance.report.failure import SHOWS
from conformance.report.outcome import TargetResult
from conformance.report.reproducers import Written
from conformance.trying import try_reproducers

if TYPE_CHECKING:
    from pathlib import Path

    from reproducer_cases import Steps

    from conformance.report.failure import Failure
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


def test_why_it_cannot_be_told_is_said_with_packets_too(tmp_path: Path) -> None:
    file = written(tmp_path, CASE)
    reached = means(command=[sys.executable, "-c", "raise SystemExit(3)", "{port}"])
    target = TargetResult("mine", clauses=[failed([])], means=reached)
    target.clauses[0] = replace(
        target.clauses[0], failure=replace(cast("Failure", target.clauses[0].failure), reproducer=str(file))
    )
    try_reproducers([Written(file, reached, target, 0)], packets=True)
    failure = target.clauses[0].failure
    assert failure is not None
    assert failure.shows == "could not tell: before it served anyone the server exited with status 3"
    assert (failure.capture, failure.capture_remark) == (None, "the server did not come to serve")


@pytest.mark.parametrize("text", ["raise SystemExit(1)", "import there_is_no_such_module", "(", "print('does not')"])
def test_a_python_that_fails_is_no_word_against_the_server(tmp_path: Path, text: str) -> None:
    file = tmp_path / "reproducer.py"
    file.write_text(f"{text}\nraise SystemExit(1)\n")
    assert said_of(file, means(command=[sys.executable, "-c", ""])) == "could not tell"
