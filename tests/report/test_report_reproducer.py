"""The file that is made of a failure: whole, standard library only, and read without being run."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from reproducer_cases import failed, means, written

from conformance.report.case_code import CALLS
from conformance.report.parts import FOLDER
from conformance.report.reproducer import case_in, reproducer
from conformance.report.reproducers import file_name

if TYPE_CHECKING:
    from reproducer_cases import Steps

FIELDS: dict[str, dict[str, Any]] = {
    "crowd": {"number": 5},
    "torrents": {"number": 2},
    "await level memory": {"cycles": 3, "size_bytes": 40},
    "exhaust": {"spare": 1},
    "glut": {"client": 1, "size_bytes": 4000},
}
OF_THE_SERVER = {kind for kind, call in CALLS.items() if "{who}" not in call and "{number}" not in call}
SPEAKING = {"send", "ping", "insist"}
HOSTILE = " \"\"\" \\ \\x41 ''' {port} #"


def step(kind: str) -> dict[str, Any]:
    client = {} if kind in OF_THE_SERVER or kind in FIELDS else {"client": 1}
    data = {"data": "b'x'"} if kind in SPEAKING else {}
    return {"do": kind, **client, **data, **FIELDS.get(kind, {})}


def imported(text: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("kind", sorted(CALLS))
def test_a_file_for_every_kind_of_step_is_whole(tmp_path: Path, kind: str) -> None:
    frozen: Steps = [{"do": "freeze"}, step(kind), {"do": "thaw"}]
    steps = [{"do": "connect", "client": 1}, step(kind), *(frozen if kind in {"connect", "send", "close"} else [])]
    file = written(tmp_path, steps)
    assert imported(file.read_text()) <= sys.stdlib_module_names
    subprocess.run([sys.executable, "-W", "error", "-m", "py_compile", str(file)], check=True, timeout=300)
    # Nothing in it is undefined, defined twice, or imported for nothing.
    flaws = ["--isolated", "--select", "F", "--output-format", "concise"]
    checked = subprocess.run(
        [Path(sys.executable).with_name("ruff"), "check", *flaws, str(file)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_a_simple_case_has_only_what_it_needs(tmp_path: Path) -> None:
    text = written(tmp_path, [{"do": "connect", "client": 1}, {"do": "ping", "client": 1, "data": "b'x'"}]).read_text()
    for absent in ("netlink", "SIGSTOP", "prlimit", "def flood", "def urgent", "class LeftOut", "runpy", "noqa"):
        assert absent not in text
    head = text[: text.index("def case()")]
    for told in ("close.eof (MUST)", "What it says.", "Expected: a reply", "Actual:   silence", "HOST PORT"):
        assert told in head
    assert text.index("def case()") < text.index("class Client")


def test_a_profile_has_its_own_judge() -> None:
    steps: Steps = [{"do": "connect", "client": 1}]
    text = reproducer(failed(steps), means(profile="echo"), "1.0")
    assert "RFC 862" in text
    assert "Server received" not in text
    assert "CHUNK_LIMIT" not in text


def test_the_chunk_limit_matters_in_one_chapter() -> None:
    steps: Steps = [{"do": "connect", "client": 1}]
    assert "CHUNK_LIMIT: int | None = None" in reproducer(failed(steps), means(), "1.0")
    assert "CHUNK_LIMIT: int | None = 99" in reproducer(
        failed(steps, "reply.literal"), means(chunk_limit_bytes=99), "1.0"
    )


def test_a_server_is_given_the_patience_that_it_was_given_in_the_run() -> None:
    silent = failed([{"do": "connect", "client": 1}])
    assert "\nSILENCE_S = 10.0\n" in reproducer(silent, means(), "1.0")
    assert "\nSILENCE_S = 25.0\n" in reproducer(silent, means(patience=2.5), "1.0")


def test_what_was_said_cannot_break_out_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "hostile.py"
    command = ['serve\n\'"""\\', "{port}"]
    file.write_text(
        reproducer(failed([{"do": "connect", "client": 1}], said=HOSTILE), means(command=command, options=command), "1")
    )
    subprocess.run([sys.executable, "-W", "error", "-m", "py_compile", str(file)], check=True, timeout=300)
    assert case_in(file)["target"] == command


def test_the_case_is_read_and_never_run(tmp_path: Path) -> None:
    file = written(tmp_path, [{"do": "connect", "client": 1, "narrow": True}])
    file.write_text("raise SystemExit('it was run')\n" + file.read_text().replace("from __future__", "from os"))
    assert case_in(file) == {
        "clause": "close.eof",
        "level": "MUST",
        "profile": "received",
        "chunk_limit": 1024,
        "target": ["--zoo", "some-bug"],
        "steps": [{"do": "connect", "client": 1, "narrow": True}],
    }


@pytest.mark.parametrize(
    "text", ["", "CASE = {}", "CASE = {'clause': print('run')}", "CASE = 5", "(", "\0", "CASE = {'clause': 'a'}"]
)
def test_what_carries_no_case_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.py"
    file.write_text(text)
    with pytest.raises(ValueError, match="carries no case"):
        case_in(file)


def test_no_failure_has_no_reproducer() -> None:
    result = failed([])
    with pytest.raises(ValueError, match="did not fail"):
        reproducer(type(result)(result.id, "MUST", result.outcome, 1, 0.1, ""), means(), "1.0")


def test_a_file_name_is_safe() -> None:
    assert file_name("close.eof", "./my server\n/../x;$(rm)") == "close.eof--._my_server_.._x_rm_.py"
    assert len(file_name("close.eof", "x" * 5000)) < 200


def test_parts_have_names_of_their_own() -> None:
    """In one file two definitions of one name would be one."""
    seen: dict[str, str] = {}
    for file in sorted(FOLDER.glob("*.py")):
        for node in ast.parse(file.read_text()).body:
            targets = [node.name] if isinstance(node, ast.ClassDef | ast.FunctionDef) else []
            if isinstance(node, ast.Assign | ast.AnnAssign):
                defined = node.targets if isinstance(node, ast.Assign) else [node.target]
                targets = [each.id for target in defined for each in ast.walk(target) if isinstance(each, ast.Name)]
            for name in targets:
                profiles = {file.stem, seen.get(name, file.stem)} <= {"received", "echo"}
                assert name not in seen or profiles, f"{name} is defined in {seen[name]} and in {file.stem}"
                seen[name] = file.stem
