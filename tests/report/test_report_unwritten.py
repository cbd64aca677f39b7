"""Faces that cannot be written, and output that nobody reads: neither hides the verdict nor the other faces."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from faces_runs import clause, every_outcome
from report_command import BOUND_S, kept, report, started, well

from conformance.cli_report import Faces
from conformance.report.outcome import Run

if TYPE_CHECKING:
    from pathlib import Path

FACES = ("json", "junit", "markdown")


@pytest.mark.parametrize("face", FACES)
def test_a_face_that_cannot_be_written_is_told_in_a_line(face: str, tmp_path: Path) -> None:
    file = kept(well(), tmp_path)
    code, _, complained = report("show", file, f"--{face}", tmp_path / "no" / "such")
    assert code == 2
    assert f"to write such into (--{face})" in " ".join(complained.split())
    others = [f"--{name}={tmp_path / name}" for name in FACES if name != face]
    code, said, complained = report("show", file, f"--{face}", "/dev/full", *others)
    assert code == 3
    assert complained == "cannot write the report /dev/full: No space left on device\n"
    assert "epoll: conformant (1 pass)" in said
    assert all((tmp_path / name).exists() for name in FACES if name != face)


def test_a_folder_that_is_not_ours_to_write_into_is_told_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (tmp_path, os.W_OK))
    with pytest.raises(click.UsageError, match=r"cannot write into .* \(--markdown\)"):
        Faces(None, None, tmp_path / "new", None, None, tmp_path, strict=False)
    (tmp_path / "there").touch()
    Faces(None, None, tmp_path / "there", None, None, tmp_path, strict=False)


@pytest.mark.parametrize("broken", [False, True])
def test_a_reader_that_has_seen_enough_takes_no_face_away(broken: bool, tmp_path: Path) -> None:
    run = Run("0.1.0", "received", 5, expected=1)
    run.add("epoll", clause("close.eof"))
    file = kept(every_outcome() if broken else run, tmp_path)
    faces = [f"--{name}={tmp_path / name}" for name in (*FACES, "report")]
    reading, writing = os.pipe()
    os.close(reading)
    with started(["show", file, *faces], {}, writing) as process:
        os.close(writing)
        _, complained = process.communicate(timeout=BOUND_S)
    assert (process.returncode, complained) == (2 if broken else 0, "")
    assert all((tmp_path / name).exists() for name in (*FACES, "report/index.html"))


def test_an_output_that_is_full_leaves_the_faces(tmp_path: Path) -> None:
    words = ("show", kept(well(), tmp_path), f"--json={tmp_path / 'json'}")
    with open("/dev/full", "wb") as full, started(words, {}, full.fileno()) as process:
        _, complained = process.communicate(timeout=BOUND_S)
    assert (process.returncode, complained) == (3, "cannot write the report: No space left on device\n")
    assert (tmp_path / "json").exists()


def test_an_output_that_is_closed_changes_no_verdict(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "conformance.cli", "report", "show", str(kept(well(), tmp_path))]
    words += [f"--json={tmp_path / 'json'}", f"--report={tmp_path / 'report'}"]
    closing = ["sh", "-c", 'exec "$@" >&-', "sh", *words]
    done = subprocess.run(closing, capture_output=True, text=True, timeout=BOUND_S, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "json").read_text().startswith("{")
