"""The action and the workflows, this project's and those that are shown: valid, safe, and what they say they are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from actions_run import ACTION, BASH, EXPRESSION, WORKFLOW, action, judge, scripts, yaml
from docs_pages import DOCS, ROOT, blocks

PAGE = DOCS / "ci.md"
SHOWN = [block.text for block in blocks(PAGE, "yaml")]
WITHIN_S = 300
CHECKER = (sys.executable, "-m", "check_jsonschema", "--builtin-schema")
AUDITOR = (str(Path(sys.executable).parent / "zizmor"), "--offline", "--no-progress", "--color=never")
CONFIG = ROOT / ".github" / "zizmor.yml"


def assert_accepted(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def workflows(folder: Path) -> list[str]:
    """This project's, and copies of those that are shown."""
    written = folder / ".github" / "workflows"
    written.mkdir(parents=True)
    files = []
    for number, text in enumerate(SHOWN):
        files.append(written / f"shown-{number}.yml")
        files[-1].write_text(text)
    return [str(file) for file in [WORKFLOW, *files]]


def test_they_are_as_their_schemas_say(tmp_path: Path) -> None:
    assert len(SHOWN) == 2
    assert_accepted(*CHECKER, "vendor.github-actions", str(ACTION))
    assert_accepted(*CHECKER, "vendor.github-workflows", *workflows(tmp_path))


def test_an_auditor_finds_nothing(tmp_path: Path) -> None:
    assert_accepted(*AUDITOR, f"--config={CONFIG}", str(ACTION), *workflows(tmp_path))


def test_the_auditor_would_find_an_injection(tmp_path: Path) -> None:
    unsafe = tmp_path / "action.yml"
    text = ACTION.read_text()
    unsafe.write_text(text.replace('mkdir -p "$REPORT"', "mkdir -p ${{ inputs.report }}"))
    assert unsafe.read_text() != text
    done = subprocess.run([*AUDITOR, str(unsafe)], capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert "template-injection" in done.stdout


def test_actions_are_pinned_to_a_version() -> None:
    used = re.findall(r"uses: (\S+)", "\n".join([ACTION.read_text(), WORKFLOW.read_text(), *SHOWN]))
    assert len(used) > 8
    for name in used:
        assert name == "./" or re.fullmatch(r"[\w/-]+@v\d+(\.\d+\.\d+)?", name), name


@pytest.mark.parametrize("step", scripts(), ids=lambda step: step["name"])
def test_a_script_is_bash_and_holds_no_expression(step: dict[str, str]) -> None:
    assert step["shell"] == "bash"
    assert not EXPRESSION.search(step["run"])
    assert "${{" not in step["run"]
    assert_accepted(*BASH, "-n", "-c", step["run"])


def test_each_input_and_output_is_told_and_used() -> None:
    page = PAGE.read_text()
    for name in action()["inputs"]:
        assert f"`{name}`" in page, name
        assert f"${{{{ inputs.{name} }}}}" in ACTION.read_text(), name
    for name in action()["outputs"]:
        assert f"`{name}`" in page, name


def test_what_a_workflow_gives_is_an_input() -> None:
    for text in [WORKFLOW.read_text(), *SHOWN]:
        for job in yaml(text)["jobs"].values():
            for step in job["steps"]:
                name = step.get("uses", "")
                if name == "./" or "echo-conformance@" in name:
                    assert step.get("with", {}).keys() <= action()["inputs"].keys()


def test_a_conformant_server_passes(tmp_path: Path) -> None:
    ran = judge(tmp_path, select="close.eof", arguments="--backend=epoll\n", report="one two")
    assert ran.status == 0, ran.said
    report = tmp_path / "checkout" / "one two"
    assert ran.outputs == {"verdict": "conformant", "report": str(report)}
    assert "epoll" in ran.summary
    assert {file.name for file in report.iterdir()} >= {"index.html", "results.json", "junit.xml"}
    (target,) = json.loads((report / "results.json").read_text())["targets"]
    assert [(clause["id"], clause["outcome"]) for clause in target["clauses"]] == [("close.eof", "pass")]


def test_a_broken_server_fails(tmp_path: Path) -> None:
    ran = judge(tmp_path, select="close.coalesced", seed="1", examples="5", arguments="--zoo\ndiscards-replies-at-eof")
    assert ran.status == 1, ran.said
    assert ran.outputs["verdict"] == "nonconformant"
    assert "does not hold" in ran.summary
    assert list(Path(ran.outputs["report"]).glob("reproducers/*.py"))


def test_an_input_is_a_word_whatever_it_holds(tmp_path: Path) -> None:
    ran = judge(tmp_path, command="$(touch here); `touch here` {port}", select='a" b; touch here')
    assert ran.status == 2, ran.said
    assert ran.outputs["verdict"] == "not-judged"
    assert not list(tmp_path.rglob("here"))
