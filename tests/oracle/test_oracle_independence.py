"""The judge stands alone: the standard library and itself, and none of Python's own readers and writers of literals."""

import ast
import sys
from pathlib import Path

import pytest

import conformance.oracle

SOURCES = sorted(Path(conformance.oracle.__file__).parent.glob("*.py"))
LITERAL_MACHINERY = {"ast", "codecs", "escape_decode", "eval", "exec", "literal_eval", "repr", "ascii", "__repr__"}


def imported_modules(tree: ast.Module) -> set[str]:
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
        elif isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
    return modules


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_oracle_is_independent(source: Path) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    modules = imported_modules(tree)
    assert {name for name in modules if not name.startswith("conformance.oracle")} <= sys.stdlib_module_names | {
        "collections.abc"
    }
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not (names | attributes | modules) & LITERAL_MACHINERY
