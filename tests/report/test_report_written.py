"""The files of reproducers: one for each failure, whatever targets are called and by what words they are reached."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from faces_runs import clause
from reproducer_cases import means

from conformance.report.outcome import Outcome, Run
from conformance.report.reproducer import case_in
from conformance.report.reproducers import LONGEST_NAME, write_reproducers

if TYPE_CHECKING:
    from pathlib import Path


def of_targets(*names: str) -> Run:
    run = Run("0.1.0", "received", 5)
    for name in names:
        run.add(name, clause("close.eof", Outcome.FAIL), means=means(options=["--command", name]))
    return run


@pytest.mark.parametrize(
    ("one", "other"), [("server", "server.py"), ("a b", "a_b"), ("Server", "server"), ("x" * 150, "x" * 151)]
)
def test_two_targets_have_two_files(tmp_path: Path, one: str, other: str) -> None:
    written = write_reproducers(of_targets(one, other, "third"), tmp_path, tmp_path)
    assert len({each.file.name.casefold() for each in written}) == 3
    assert all(len(each.file.name) <= LONGEST_NAME + len(".py") for each in written)
    for each in written:
        assert case_in(each.file)["target"] == ["--command", each.target.name]
    assert written[2].file.name == "close.eof--third.py"  # only what clashes has a longer name
    (again, *_) = write_reproducers(of_targets(other, one), tmp_path, tmp_path)
    assert again.file in {each.file for each in written}


def test_words_that_are_no_text_lose_no_run(tmp_path: Path) -> None:
    run = of_targets("caf\udce9")
    run.targets["caf\udce9"].means = means(command=["./caf\udce9", "{port}"], options=["--command", "./caf\udce9"])
    (written,) = write_reproducers(run, tmp_path, tmp_path)
    subprocess.run([sys.executable, "-W", "error", "-m", "py_compile", str(written.file)], check=True, timeout=300)
    assert case_in(written.file)["target"] == ["--command", "./caf\udce9"]
