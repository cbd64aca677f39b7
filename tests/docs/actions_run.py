"""The composite action as GitHub would run it, as far as its steps are scripts."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docs_pages import ROOT, environment
from ruamel.yaml import YAML

ACTION = ROOT / "action.yml"
WORKFLOW = ROOT / ".github" / "workflows" / "conformance.yml"
WITHIN_S = 300
EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")  # what `shell: bash` stands for


def yaml(text: str) -> Any:
    return YAML(typ="safe").load(io.StringIO(text))


def action() -> dict[str, Any]:
    described: dict[str, Any] = yaml(ACTION.read_text())
    return described


def scripts() -> list[dict[str, Any]]:
    """The steps of the action that are scripts."""
    return [step for step in action()["runs"]["steps"] if "run" in step]


@dataclass(frozen=True)
class StepRan:
    """What came of a step: its status, what it said, its outputs, and what it wrote into the summary of the job."""

    status: int
    said: str
    outputs: dict[str, str]
    summary: str


def judge(folder: Path, **inputs: str) -> StepRan:
    """The step that judges, in a checkout at `folder`, with these inputs (`_` for `-`), and this suite as installed."""
    installed = folder / "temp" / "echo-conformance" / "bin"
    installed.mkdir(parents=True)
    (installed / "echo-conformance").symlink_to(Path(sys.executable).parent / "echo-conformance")
    (step,) = [step for step in scripts() if step.get("id") == "judge"]
    checkout = folder / "checkout"
    checkout.mkdir()
    values = {f"inputs.{name}": str(told.get("default", "")) for name, told in action()["inputs"].items()}
    values |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
    values["runner.temp"] = str(folder / "temp")
    output, summary = folder / "output", folder / "summary"
    done = subprocess.run(
        [*BASH, "-c", step["run"]],
        cwd=checkout / filled_in(step["working-directory"], values),
        env=environment()
        | {name: filled_in(value, values) for name, value in step["env"].items()}
        | {"GITHUB_ACTION_PATH": str(ROOT), "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
    return StepRan(done.returncode, done.stdout, outputs, summary.read_text() if summary.exists() else "")


def filled_in(text: str, values: dict[str, str]) -> str:
    """A text with its expressions evaluated. Raises KeyError where one asks for what there is not."""
    return EXPRESSION.sub(lambda match: values[match[1]], text)
