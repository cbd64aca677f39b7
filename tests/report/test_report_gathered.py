"""Results are moved with the reproducers beside them, and drawn again or joined elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from faces_runs import clause, failure
from report_command import report

from conformance.report.json_report import read_json, write_json
from conformance.report.outcome import Outcome, Run, Shard
from conformance.report.reproducers import REPORTS, REPRODUCERS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shard(folder: Path, group: int, clause_id: str, *, captured: bool = False) -> Path:
    """Results as a run on another machine left them, where all was in `report`; the file that they are in."""
    file = folder / f"shard-{group}" / "results.json"
    (file.parent / REPRODUCERS).mkdir(parents=True)
    script = f"{clause_id}--mine.py"
    (file.parent / REPRODUCERS / script).write_text(f"# {clause_id}\n")
    found = failure(reproducer=str(REPORTS / REPRODUCERS / script), reproduce="-- ./mine {port}")
    if captured:
        (file.parent / REPRODUCERS / script).with_suffix(".pcap").write_bytes(b"packets")
        found = failure(reproducer=found.reproducer, capture=str(found.reproducer).replace(".py", ".pcap"))
    run = Run("0.1.0", "received", 5, expected=1, shards=[Shard("whole", 2, group)])
    run.add("mine", clause(clause_id, Outcome.FAIL, failure=found))
    write_json(run, file)
    return file


def test_the_page_of_joined_shards_has_their_reproducers(folder: Path) -> None:
    files = [shard(folder, 1, "close.eof"), shard(folder, 2, "reply.prompt", captured=True)]
    names = {"close.eof--mine.py", "reply.prompt--mine.py", "reply.prompt--mine.pcap"}
    for _ in range(2):  # the second time they are there already
        code, said, complained = report("merge", *files, "--report", "joined")
        assert (code, complained) == (1, "")
        assert {file.name for file in (folder / "joined" / REPRODUCERS).iterdir()} == names
    page = (folder / "joined" / "index.html").read_text()
    assert all(f'href="./reproducers/{name}"' in page for name in names)
    assert "Reproducer: python joined/reproducers/close.eof--mine.py -- " in said


def test_reproducers_of_one_name_from_two_runs_are_told_apart(folder: Path) -> None:
    files = [shard(folder, group, "close.eof", captured=True) for group in (1, 2)]
    for number, target in enumerate(("mine", "mine.py"), 1):
        run = read_json(files[number - 1])
        run.targets = {target: replace(run.targets["mine"], name=target)}
        run.shards = []
        write_json(run, files[number - 1])
        (files[number - 1].parent / REPRODUCERS / "close.eof--mine.py").write_text(f"# of {target}")
    code, said, _ = report("merge", *files, "--report", "shard-2")
    assert code == 1
    place = folder / "shard-2" / REPRODUCERS
    assert (place / "close.eof--mine.py").read_text() == "# of mine.py"
    assert (place / "close.eof--mine-2.py").read_text() == "# of mine"
    assert (place / "close.eof--mine-2.pcap").exists()
    assert "shard-2/reproducers/close.eof--mine.py" in said
    assert "shard-2/reproducers/close.eof--mine-2.py" in said


def test_a_copy_does_not_follow_a_link(folder: Path) -> None:
    file = shard(folder, 1, "close.eof")
    place = folder / "page" / REPRODUCERS
    place.mkdir(parents=True)
    (folder / "mine.txt").write_text("mine")
    (place / "close.eof--mine.py").symlink_to(folder / "mine.txt")
    assert report("show", file, "--report", "page")[0] == 1
    assert (folder / "mine.txt").read_text() == "mine"
    assert (place / "close.eof--mine.py").read_text() == "# close.eof\n"


def test_a_folder_that_leads_elsewhere_is_not_looked_into(folder: Path) -> None:
    file = shard(folder, 1, "close.eof")
    (file.parent / REPRODUCERS).rename(folder / "elsewhere")
    (file.parent / REPRODUCERS).symlink_to(folder / "elsewhere")
    assert report("show", file, "--report", "page")[0] == 1
    assert not (folder / "page" / REPRODUCERS).exists()


def test_without_a_page_they_are_named_by_where_they_are(folder: Path) -> None:
    file = shard(folder, 1, "close.eof").relative_to(folder)
    code, said, _ = report("show", file)
    assert code == 1
    assert f"Reproducer: python {file.parent}/reproducers/close.eof--mine.py -- " in said


def test_what_leads_elsewhere_is_left_where_it_is(folder: Path) -> None:
    file = shard(folder, 1, "close.eof")
    secret = folder / "secret.py"
    secret.write_text("of somebody else")
    script = file.parent / REPRODUCERS / "close.eof--mine.py"
    script.unlink()
    script.symlink_to(secret)
    code, said, complained = report("show", file, "--report", "page")
    assert (code, complained) == (1, "")
    assert not (folder / "page" / REPRODUCERS).exists()
    assert "of somebody else" not in (folder / "page" / "index.html").read_text()
    assert "python report/reproducers/close.eof--mine.py" in said
