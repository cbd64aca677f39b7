"""Results are moved with the reproducers beside them, and drawn again or joined elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from faces_runs import clause, failure
from report_command import report

from conformance.report.json_report import write_json
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
