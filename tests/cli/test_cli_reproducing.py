"""Reproducers are an extra: what goes wrong with them loses no run that is done, and says what there is of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from conformance import cli_reproducing
from conformance.cli_reproducing import reproduce
from conformance.report.failure import Failure
from conformance.report.outcome import ClauseResult, Outcome, Run
from conformance.report.reached import Means

if TYPE_CHECKING:
    from pathlib import Path

MEANS = Means(["--command", "s"], ["false"], None, None, "received", 1024)


def failed_run() -> Run:
    """Two failures, of which the second cannot be written where its file is a folder."""
    run = Run("0", "received", 1)
    for clause in ("close.eof", "reply.prompt"):
        failure = Failure("it", "other", "", "", "", "", "", steps=[{"do": "connect", "client": 1}])
        run.add("s", ClauseResult(clause, "MUST", Outcome.FAIL, 1, 0.1, "so it is", "why", failure), means=MEANS)
    return run


def reproduced(run: Run, folder: Path) -> list[tuple[str | None, str | None]]:
    """Return the reproducer of each failure, and what is said of it."""
    reproduce(run, folder, folder, Console(file=io.StringIO()), packets=False)
    failures = [clause.failure for clause in run.targets["s"].clauses]
    return [(failure.reproducer, failure.shows) for failure in failures if failure is not None]


def test_an_interrupt_while_they_are_written_loses_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_reproducing, "write_reproducers", interrupted)
    assert reproduced(failed_run(), tmp_path) == [(None, None), (None, None)]
    assert capsys.readouterr().err == "interrupted: no reproducers\n"


def test_where_not_all_can_be_written_those_that_are_do_not_look_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "reproducers" / "reply.prompt--s.py").mkdir(parents=True)
    first = str(tmp_path / "reproducers" / "close.eof--s.py")
    assert reproduced(failed_run(), tmp_path) == [(first, None), (None, None)]
    assert capsys.readouterr().err == (
        f"1 of 2 reproducers, none of them tried: cannot write into {tmp_path}: Is a directory\n"
    )
