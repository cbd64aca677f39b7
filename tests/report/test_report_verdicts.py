"""What is said of the targets of a run that is not whole: the same in every face."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from faces_runs import clause
from rich.console import Console

from conformance.report.html_report import to_html
from conformance.report.json_report import to_json
from conformance.report.junit import to_junit
from conformance.report.markdown import to_markdown
from conformance.report.outcome import ExitCode, Outcome, Run, Shard
from conformance.report.terminal import show

if TYPE_CHECKING:
    from pathlib import Path

SHARD = [Shard("whole", 2, 1)]
IN_PARTS = {
    "missing": Run("0.1.0", "received", 5, expected=9),
    "lacking": Run("0.1.0", "received", 5, joined=True, shards=SHARD),
    "interrupted": Run("0.1.0", "received", 5, interrupted=True),
}
SAID = re.compile(r"\b(?:non)?conformant\b|\bstrict\b|\binconclusive\b")


def filled(run: Run, *, broken: bool = False) -> Run:
    run.targets.clear()
    run.add("one", clause("close.eof"))
    run.add("two", clause("close.eof"))
    run.add("two", clause("reply.prompt", level="SHOULD"))
    if broken:
        run.add("three", clause("close.eof", Outcome.FAIL))
    return run


def said_by_faces(run: Run, folder: Path) -> dict[str, set[str]]:
    terminal = io.StringIO()
    show(run, Console(file=terminal, width=200))
    page = re.sub(r"<(style|script)>.*?</\1>|inconclusive: no", "", to_html(run, folder), flags=re.DOTALL)
    junit = [str(each.get("value")) for each in to_junit(run).iter("property") if each.get("name") == "verdict"]
    texts = {"terminal": terminal.getvalue(), "markdown": to_markdown(run), "html": page, "junit": "; ".join(junit)}
    texts["json"] = "; ".join(target["verdict"] for target in to_json(run)["targets"])
    return {face: set(SAID.findall(text)) for face, text in texts.items()}


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("run", IN_PARTS.values(), ids=IN_PARTS)
def test_a_run_that_is_not_whole_lets_no_target_conform(run: Run, broken: bool, tmp_path: Path) -> None:
    due = {"inconclusive"} | ({"nonconformant"} if broken else set())
    for face, said in said_by_faces(filled(run, broken=broken), tmp_path).items():
        none = run.interrupted and face in {"terminal", "markdown"}
        assert said == (set() if none else due), face


@pytest.mark.parametrize("run", [Run("0.1.0", "received", 5), Run("0.1.0", "received", 5, shards=SHARD)])
def test_a_run_that_is_whole_does_and_so_does_one_shard_for_itself(run: Run, tmp_path: Path) -> None:
    assert set(map(frozenset, said_by_faces(filled(run), tmp_path).values())) == {frozenset({"conformant", "strict"})}
    assert run.exit_code() is ExitCode.CONFORMANT
