"""The rooms and the arrows between them: the judge never imports the judged."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

from examples.build import targets

ROOT = Path(__file__).parents[2]
OWN = ("conformance", "reference_servers", "clients", "event_table", "benchmarks", "examples", "tests")

# Of the harness, what the reader of targets.toml takes: it runs before anything is installed.
OF_TARGETS = ("conformance.harness.target", "conformance.harness.limited")
# What is found, of what, and what is wrong with a file of the user's.
TOLD = ("conformance.report", "conformance.clauses", "conformance.toml_file")
# What each room may import of the project, besides itself. There are no other arrows.
ARROWS = {
    "conformance.oracle": (),
    "conformance.harness": ("clients.peer", "clients.datagram_peer", "clients.torrent"),
    # What is the same whatever is tried stands in the harness; a client's case is one of its own steps.
    "conformance.hosting": ("conformance.harness", "clients.peer"),
    "conformance.client_specs": ("conformance.hosting", "conformance.harness", "conformance.clauses"),
    "conformance.report": (),
    "conformance.clauses": (),
    "conformance.toml_file": (),
    "conformance.targets": ("conformance.toml_file", "conformance.oracle", *OF_TARGETS),
    "conformance.known_failures": ("conformance.toml_file", "conformance.report", "conformance.clauses"),
    "conformance.specs": ("conformance.oracle", "conformance.harness", "conformance.clauses", "clients.peer"),
    "conformance.result": ("conformance.harness", "conformance.report", "conformance.clauses"),
    "conformance.own_servers": (),
    "conformance.chosen": ("conformance.clauses", "conformance.harness", "conformance.targets"),
    "conformance.plugin_options": ("conformance.clauses", "conformance.harness.target"),
    "conformance.replay": ("conformance.harness", "conformance.report", "conformance.clauses"),
    "conformance.means": ("conformance.harness.target", "conformance.report"),
    "conformance.tried": ("conformance.harness", "conformance.result", *TOLD),
    "conformance.client_plugin": (
        "conformance.hosting",
        "conformance.harness",
        "conformance.own_servers",
        "conformance.plugin_options",
        "conformance.result",
        "conformance.tried",
        *TOLD,
    ),
    "conformance.plugin": (
        "conformance.tried",
        "conformance.means",
        "conformance.replay",
        "conformance.plugin_options",
        "conformance.result",
        "conformance.chosen",
        "conformance.harness",
        "conformance.own_servers",
        "conformance.targets",
        *TOLD,
    ),
    "conformance.elsewhere": (),
    "conformance.spread": ("conformance.elsewhere", "conformance.report"),
    "conformance.judge": (
        "conformance.elsewhere",
        "conformance.known_failures",
        "conformance.spread",
        "conformance.tried",
        *TOLD,
    ),
    "conformance.cli_types": ("conformance.plugin_options",),
    "conformance.cli_help": ("conformance.own_servers", "conformance.targets", *TOLD),
    "conformance.cli_options": (
        "conformance.cli_help",
        "conformance.cli_types",
        "conformance.clauses",
        "conformance.report",
    ),
    "conformance.cli_reference": (
        "conformance.own_servers",
        "conformance.cli_help",
        "conformance.clauses",
        "conformance.hosting.conversation",
        "conformance.oracle",
    ),
    "conformance.cli_meant": (
        "conformance.cli_help",
        "conformance.harness.target",
        "conformance.known_failures",
        "conformance.own_servers",
        "conformance.report",
        "conformance.targets",
        "conformance.toml_file",
    ),
    "conformance.cli_report": ("conformance.known_failures", "conformance.report"),
    "conformance.cli_judging": (
        "conformance.cli_meant",
        "conformance.cli_types",
        "conformance.judge",
        "conformance.known_failures",
        "conformance.report",
        "conformance.spread",
    ),
    "conformance.capture": ("conformance.harness",),
    "conformance.trying": ("conformance.capture", "conformance.harness", "conformance.report"),
    "conformance.cli_reproducing": ("conformance.trying", "conformance.report"),
    "conformance.cli_client": (
        "conformance.cli_help",
        "conformance.cli_report",
        "conformance.cli_types",
        "conformance.hosting",
        "conformance.judge",
        "conformance.own_servers",
        "conformance.report",
        "conformance.spread",
    ),
    "conformance.cli": (
        "conformance.cli_client",
        "conformance.cli_reproducing",
        "conformance.plugin_options",
        "conformance.cli_help",
        "conformance.cli_judging",
        "conformance.cli_meant",
        "conformance.cli_options",
        "conformance.cli_reference",
        "conformance.cli_report",
        "conformance.cli_types",
        "conformance.replay",
        "conformance.report",
        "conformance.spread",
    ),
    "conformance.matrix": (
        "conformance.judge",
        "conformance.own_servers",
        "conformance.spread",
        "conformance.report",
        "conformance.clauses",
    ),
    "conformance.client_matrix": (
        "conformance.clauses",
        "conformance.judge",
        "conformance.matrix",
        "conformance.own_servers",
        "conformance.report",
        "conformance.spread",
    ),
    "conformance.zoo": ("reference_servers",),
    "reference_servers": (),
    "clients.load": ("clients.peer",),
    "clients": (),
    # What the kernel says is asked of the kernel alone: it must not depend on how any server or client takes it.
    "event_table": (),
}
STANDARD_LIBRARY_ONLY = (
    "conformance.oracle",
    "conformance.elsewhere",
    "conformance.targets",
    "conformance.toml_file",
    *OF_TARGETS,
    "reference_servers",
    "clients",
    "event_table",
)
# Percentiles, process statistics and a terminal's progress are libraries' work, and nobody starts a server with it.
WITH_LIBRARIES = ("clients.load",)
ROOMS = ("conformance", "reference_servers", "clients", "event_table")
FILES = sorted(path for folder in ROOMS for path in (ROOT / folder).rglob("*.py"))
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.py") if path.stem not in {"__init__", "build"})


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)} imports relatively: say where from"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(module: str) -> str | None:
    return next((room for room in ARROWS if within(module, room)), None)


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


@pytest.mark.parametrize("path", FILES, ids=[module_name(path) for path in FILES])
def test_arrows(path: Path) -> None:
    module = module_name(path)
    room = room_of(module)
    if room is None:
        assert module == "conformance", f"{module} stands in no room: give it one in ARROWS"
        room = module
    allowed = (room, *ARROWS.get(room, ()))
    for name in imported(path):
        if name.partition(".")[0] in OWN:
            assert any(within(name, other) for other in allowed), (
                f"{module} must not import {name}: allowed is {allowed}"
            )
        elif any(within(module, strict) for strict in STANDARD_LIBRARY_ONLY) and room not in WITH_LIBRARIES:
            top = name.partition(".")[0]
            assert top in sys.stdlib_module_names or top == "_typeshed", f"{module} must do with the standard library"


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_an_example_can_be_copied(path: Path) -> None:
    of_ours = {name for name in imported(path) if name.partition(".")[0] in OWN}
    assert not of_ours, f"{path.name} takes more than its stack: {of_ours}"


def test_every_example_is_a_target() -> None:
    sources = {path.name for path in (ROOT / "examples").iterdir() if path.suffix not in {".py", ".toml", ""}}
    sources |= {path.name for path in EXAMPLES}
    assert sources == {target.source for target in targets().values()}


def test_python_packages_of_examples_are_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {package for target in targets().values() for package in target.python}
    assert wanted == set(project["optional-dependencies"]["examples"])
    pinned = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert wanted <= pinned


def test_specs_do_not_sleep() -> None:
    specs = [*(ROOT / "conformance" / "specs").glob("*.py"), *(ROOT / "conformance" / "client_specs").glob("*.py")]
    asleep = [p.name for p in specs if "sleep" in p.read_text()]
    assert not asleep, f"a spec waits for a named event, never for time: {asleep}"


def test_reference_document_is_current() -> None:
    from conformance.cli_reference import reference  # noqa: PLC0415 - the one test that needs the program

    written = (ROOT / "docs" / "clauses.md").read_text()
    assert written == reference(), "docs/clauses.md is stale: run `make docs`"


def test_constraints_hold_names_and_versions_only() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9.]+(\.post[0-9]+)?", line), line
