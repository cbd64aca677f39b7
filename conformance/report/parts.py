"""Takes from `conformance.report.reproducing` the parts that a reproducer needs, and no others.

1. A part is a definition at the top of a module: a function, a class, a constant. A method is a part of its class.
2. A part is needed when what is needed already names it; a method, when any attribute of its name is mentioned.
3. Parts keep their order, and the comments that stand above them.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).with_name("reproducing")
OURS = "conformance."
# In the order in which they can stand in one file; of the profiles' modules, one.
MODULES = (
    "verdict",
    "tape",
    "{profile}",
    "server",
    "pumping",
    "client",
    "kernel",
    "processes",
    "freezing",
    "datagrams",
    "blocking",
    "watching",
    "limits",
    "crowd",
    "torrents",
    "life",
    "program",
)
FOR_TOOLS = re.compile(r"  # (?:noqa|type: ignore)[^\n]*")
CALLED_BY_OTHERS = frozenset({"run"})  # by threading.Thread


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of source. `methods` are taken one by one; `names` and `attributes` are what the rest mentions."""

    defines: frozenset[str]
    source: str
    names: frozenset[str]
    attributes: frozenset[str]
    methods: tuple[Part, ...] = ()


@dataclass(slots=True)
class Module:
    """A module in parts. `imports` has each name that it imports from the standard library, and how."""

    heading: str
    parts: list[Part] = field(default_factory=list)
    imports: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a file needs: its lines of imports, its parts in sections, and the last statement that sets it going."""

    imports: list[str]
    sections: list[tuple[str, list[str]]]


def select(code: str, profile: str) -> Selection:
    """The parts that `code` needs to run as a program."""
    modules = [_module(name.format(profile=profile)) for name in MODULES]
    tree = ast.parse(code)
    names, attributes = _names(tree) | {"main"}, set(_attributes(tree)) | CALLED_BY_OTHERS
    parts = [part for module in modules for part in module.parts]
    size = -1
    while size != len(names) + len(attributes):
        size = len(names) + len(attributes)
        for part in parts:
            if part.defines & names:
                for needed in (part, *(m for m in part.methods if _is_called(m, attributes))):
                    names |= needed.names
                    attributes |= needed.attributes
    sections = []
    for module in modules:
        taken = [_source(part, attributes) for part in module.parts if part.defines & names]
        if taken:
            sections.append((module.heading, taken))
    imports = {line for module in modules for name, line in module.imports.items() if name in names}
    return Selection(_together(imports), sections)


def _is_called(method: Part, attributes: set[str]) -> bool:
    return any(name in attributes or name.startswith("__") for name in method.defines)


def _source(part: Part, attributes: set[str]) -> str:
    return "\n\n".join([part.source, *(m.source for m in part.methods if _is_called(m, attributes))])


def _together(imports: Iterable[str]) -> list[str]:
    """One line for each module that names are imported from, all of them sorted."""
    whole = sorted(line for line in imports if line.startswith("import "))
    found: dict[str, list[str]] = {}
    for line in imports:
        if line.startswith("from "):
            module, _, name = line.removeprefix("from ").partition(" import ")
            found.setdefault(module, []).append(name)
    return whole + [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(found.items())]


@functools.cache
def _module(name: str) -> Module:
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(text)
    module = Module((ast.get_docstring(tree) or "").partition("\n")[0])
    end = 0
    for node in tree.body:
        if isinstance(node, ast.Import):
            module.imports |= {alias.name: f"import {alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith((OURS, "__future__")):
            module.imports |= {alias.name: f"from {node.module} import {alias.name}" for alias in node.names}
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.Assign | ast.AnnAssign):
            module.parts.append(_part(node, text.split("\n"), end))
        end = node.end_lineno or end
    return module


def _part(node: ast.stmt, lines: list[str], after: int) -> Part:
    """The part that a statement is, with the comments between it and the line `after` which the one before ends."""
    end = node.end_lineno or after
    methods: list[Part] = []
    inner: list[ast.AST] = [node]
    if isinstance(node, ast.ClassDef):
        statements = node.body
        first = next((at for at, each in enumerate(statements) if isinstance(each, ast.FunctionDef)), len(statements))
        ends = [each.end_lineno or 0 for each in statements]
        methods = [_part(statements[at], lines, ends[at - 1]) for at in range(first, len(statements))]
        end = ends[first - 1]
        inner = [*statements[:first], *node.bases, *node.decorator_list]
    source = FOR_TOOLS.sub("", "\n".join(lines[after:end]).strip("\n"))
    return Part(
        frozenset(_defined(node)),
        source,
        frozenset(name for each in inner for name in _names(each)),
        frozenset(name for each in inner for name in _attributes(each)),
        tuple(methods),
    )


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]


def _names(tree: ast.AST) -> set[str]:
    """The names that are read in it and stand for something outside."""
    named = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    own |= {node.id for node in named if isinstance(node.ctx, ast.Store)}
    return {node.id for node in named} - own


def _attributes(tree: ast.AST) -> list[str]:
    return [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
