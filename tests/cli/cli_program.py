"""The program as a user runs it, and the servers that it is pointed at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema

from conformance.report.json_report import from_json, schema, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUND_S = 300
ROOT = Path(__file__).parent.parent.parent
HOSTILE = ROOT / "tests" / "hostile"
TUTORIAL = ROOT / "conformance" / "zoo" / "programs" / "tutorial_select.py"
ODD_SERVER = Path(__file__).with_name("odd_server.py")

SCHEMA = jsonschema.Draft202012Validator(json.loads(schema()))
PROGRAM = (sys.executable, "-m", "conformance.cli")


@dataclass(frozen=True)
class Ran:
    """What a run ended with, and what it said."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout + self.stderr


class Program:
    """`echo-conformance`, run from a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, **environment: str) -> Ran:
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=BOUND_S,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    @property
    def environment(self) -> dict[str, str]:
        """The user's, less what would make pytest or rich behave otherwise than for a user."""
        ours = ("PYTEST_", "PY_COLORS", "FORCE_COLOR", "COLUMNS")
        return {name: value for name, value in os.environ.items() if not name.startswith(ours)}

    def json(self, *words: str, **environment: str) -> tuple[Ran, dict[str, Any]]:
        """Run, and give the JSON file as well, which is always as its schema says, and can be read again."""
        file = self.folder / "results.json"
        ran = self("run", *words, "--json", str(file), **environment)
        data = json.loads(file.read_text())
        SCHEMA.validate(data)
        assert to_json(from_json(data)) == data
        return ran, data


def started(script: Path, *arguments: str) -> str:
    """Return a command line for --command."""
    return " ".join([sys.executable, str(script), "{port}", *arguments])


def outcomes(data: dict[str, Any]) -> dict[str, str]:
    """Return each clause's outcome on the only target."""
    (target,) = data["targets"]
    return {clause["id"]: clause["outcome"] for clause in target["clauses"]}


@contextmanager
def reference_server() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Yield a server that runs already, and its HOST:PORT; it is ended afterwards."""
    words = [sys.executable, "-m", "reference_servers", "epoll", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            yield server, server.stdout.readline().decode().removeprefix("Server start at: ").strip()
        finally:
            server.kill()
