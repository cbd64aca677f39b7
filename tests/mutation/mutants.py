"""Mutants of the reference servers, judged: `make mutants`.

The operators are cosmic-ray's. Each mutant is a copy of `reference_servers` in which one place of one file is changed;
it is started from that copy, and judged until a clause fails. A mutant that no clause finds is told with its change:
either it does what the original does, as far as any client can see, or a clause is missing.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import itertools
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray import mutating, plugins

from conformance.judge import judge
from conformance.report.outcome import Outcome, Run

ROOT = Path(__file__).parents[2]
PACKAGE = "reference_servers"
# Each file with the backends that show what it does.
FILES = {
    "connection.py": ("epoll",),
    "backend_epoll.py": ("epoll",),
    "polling.py": ("epoll",),
    "backend_select.py": ("select",),
}
# What an unchanged backend does not keep tells nothing of its mutants.
MISSED = {"select": "limits.beyond-fd-setsize-served"}
# These want to be told which variables; nothing here has two of which one could stand for the other.
LEFT_OUT = ("core/VariableReplacer", "core/VariableInserter")
LONGEST_S = 900
SEED = 1


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    file: str
    operator: str
    occurrence: int
    code: str

    @property
    def change(self) -> str:
        """The lines that differ."""
        before = (ROOT / PACKAGE / self.file).read_text(encoding="utf-8").splitlines()
        lines = difflib.unified_diff(before, self.code.splitlines(), lineterm="", n=0)
        return "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in {"+++", "---"})


def mutants(file: str) -> Iterator[Mutant]:
    """Each change that an operator makes to what a file does; the same only once."""
    source = (ROOT / PACKAGE / file).read_text(encoding="utf-8")
    seen = {effect(source)}
    for name in plugins.operator_names():
        if name in LEFT_OUT:
            continue
        operator = plugins.get_operator(name)()
        for occurrence in itertools.count():
            code = mutating.mutate_code(source, operator, occurrence)
            if code is None:
                break
            done = effect(code)
            if done is not None and done not in seen:
                seen.add(done)
                yield Mutant(file, name, occurrence, code)


def effect(code: str) -> str | None:
    """What of a source is ever run; None where it is no Python at all.

    Annotations are not evaluated (PEP 563), and what is said with TYPE_CHECKING is for mypy.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    return ast.dump(_WithoutTypes().visit(tree))


class _WithoutTypes(ast.NodeTransformer):
    """Takes annotations out."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return ast.Assign([node.target], node.value) if node.value else None

    def generic_visit(self, node: ast.AST) -> ast.AST | None:  # type: ignore[override]
        for_mypy = isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef | ast.ClassDef)
        if for_mypy and any(isinstance(each, ast.Name) and each.id == "TYPE_CHECKING" for each in ast.walk(node)):
            return None
        return super().generic_visit(node)


def killer(mutant: Mutant, backend: str, examples: str) -> str | None:
    """The clause that finds a mutant, or how it failed before any clause; None where it survives."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        shutil.copytree(ROOT / PACKAGE, Path(folder) / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
        (Path(folder) / PACKAGE / mutant.file).write_text(mutant.code, encoding="utf-8")
        words = [sys.executable, "-P", __file__, "--judge", folder, "--backend", backend, "--examples", examples]
        try:
            done = subprocess.run(
                words, stdout=subprocess.PIPE, check=True, timeout=LONGEST_S, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return f"not done within {LONGEST_S} s"
    said: str | None = json.loads(done.stdout.splitlines()[-1])
    return said


def judge_copy(folder: str, backend: str, examples: str) -> None:
    """In a process of its own: judge the copy in `folder` until something fails; print what, as JSON."""
    server = shlex.join([sys.executable, "-m", PACKAGE, backend, "--host", "{host}", "--port", "{port}"])
    words = [f"--command={server}", f"--folder={folder}", "--examples", examples, "--unshortened", "--maxfail=1"]
    told: list[str] = []
    # Where not even one answer is right, the other chapters have nothing to say, and that one says what is wrong.
    everything = ("-k", f"not {MISSED[backend]}") if backend in MISSED else ()
    for chosen in everything, ("-k", "reply"):
        run = Run("", "received", SEED)
        judge(run, [*words, *chosen])
        results = [clause for target in run.targets.values() for clause in target.clauses]
        if not results:
            sys.exit("nothing was judged")
        failed = [f"{c.id} ({c.level})" for c in results if c.outcome is Outcome.FAIL]
        undecided = {Outcome.ERROR, Outcome.INCONCLUSIVE}
        told = failed or [f"{c.outcome}: {c.message}" for c in results if c.outcome in undecided]
        if failed or not told:
            break
    print(json.dumps(told[0] if told else None))


def main() -> int:
    """Judge every mutant, or those of some files, and say how many are killed."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("files", nargs="*", default=list(FILES), metavar="FILE", help="only mutants of these")
    parser.add_argument("--examples", default="standard", help="cases a clause (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1), help="at a time (%(default)s)")
    parser.add_argument("--list", action="store_true", help="only show them")
    parser.add_argument("--judge", metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--backend", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.judge:
        judge_copy(options.judge, options.backend, options.examples)
        return 0
    found = [(mutant, backend) for file in options.files for mutant in mutants(file) for backend in FILES[file]]
    if options.list:
        for mutant, _ in found:
            print(f"{mutant.file} {mutant.operator}\n{mutant.change}")
        return 0
    with ThreadPoolExecutor(options.jobs) as pool:
        killers = pool.map(lambda each: killer(each[0], each[1], options.examples), found)
        killed = [mutant.file for (mutant, _), by in zip(found, killers, strict=True) if _told(mutant, by)]
    dead, all_ = Counter(killed), Counter(mutant.file for mutant, _ in found)
    for file, number in all_.items():
        print(f"{file}: {dead[file]} of {number} killed")
    return 0


def _told(mutant: Mutant, by: str | None) -> bool:
    where = f"{mutant.file} {mutant.operator.removeprefix('core/')} {mutant.occurrence}"
    print(f"{where}: {by}" if by else f"{where} SURVIVES\n{mutant.change}", flush=True)
    return by is not None


if __name__ == "__main__":
    sys.exit(main())
