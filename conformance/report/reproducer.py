"""A failure as one file that shows it, and needs nothing but Python."""

from __future__ import annotations

import ast
import pprint
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from conformance.report.case_code import case_code, needs_process
from conformance.report.outcome import SUITE, ClauseResult
from conformance.report.parts import Selection, select
from conformance.report.reached import Means

WIDTH = 110
RULE = 88
CASE = "CASE"
SILENCE_S = 10.0  # of a target that has no patience of its own, as it is waited for in a run
LIMITED_CHAPTER = "reply"
MOST_BYTES = 8 << 20
KINDS: dict[str, type] = {
    "clause": str,
    "level": str,
    "profile": str,
    "chunk_limit": int,
    "target": list,
    "steps": list,
}


def reproducer(result: ClauseResult, means: Means, version: str) -> str:
    """The file for a clause that failed, as text. Raises ValueError where the result is no failure."""
    failure = result.failure
    if failure is None:
        msg = f"{result.id} did not fail"
        raise ValueError(msg)
    case = {
        "clause": result.id,
        "level": result.level,
        "profile": means.profile,
        "chunk_limit": means.chunk_limit_bytes,
        "target": list(means.options),
        "steps": failure.steps,
    }
    steps = textwrap.indent("\n".join(case_code(failure.steps, failure.stopped_at)) or "pass", "    ")
    played = f'def case() -> None:\n    """The shortest exchange that was found to show it, step by step."""\n{steps}\n'
    parts = select(played, means.profile)
    blocks = [
        _docstring(result, means, version),
        "\n".join(["from __future__ import annotations", "", *parts.imports]),
        _facts(result, means),
        played,
        *_helpers(parts),
        _heading("The case as data, for `echo-conformance replay`."),
        f"{CASE} = {pprint.pformat(case, width=WIDTH, sort_dicts=False)}",
        'if __name__ == "__main__":\n    sys.exit(main())',
    ]
    return "\n\n\n".join(block.strip("\n") for block in blocks) + "\n"


def case_in(file: Path) -> dict[str, Any]:
    """The case that a reproducer carries as data, which is read and never run.

    Raises OSError where the file cannot be read, ValueError where it carries no case.
    """
    with file.open("rb") as opened:
        text = opened.read(MOST_BYTES)
    try:
        tree = ast.parse(text)
        value = next((ast.literal_eval(each.value) for each in _cases(tree)), None)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        value = None
    if not isinstance(value, Mapping) or any(not isinstance(value.get(name), kind) for name, kind in KINDS.items()):
        msg = f"{file} carries no case: it is no reproducer of {SUITE}"
        raise ValueError(msg)
    return dict(value)


def _cases(tree: ast.Module) -> Iterator[ast.Assign]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [CASE]:
            yield node


def _docstring(result: ClauseResult, means: Means, version: str) -> str:
    failure = result.failure
    assert failure is not None
    needs = ["Only the second will do: this case stops, limits or watches the server.", ""]
    lines = [
        f"{result.id} ({result.level}) does not hold: this shows it.",
        "",
        *textwrap.wrap(" ".join(result.requirement.split()), WIDTH),
        "",
        *_fact("Expected", failure.expected),
        *_fact("Actual", failure.actual),
        *_fact("Ended", failure.ended),
        *_fact("Server", failure.server),
        *(_fact("Note", failure.note) if failure.note else []),
        "",
        "    python THIS_FILE HOST PORT        against a server that runs already",
        "    python THIS_FILE -- COMMAND ...   against one that is started, watched and ended here;",
        "                                      {host} and {port} in the command are filled in",
        "",
        *(needs if needs_process(failure.steps) else []),
        "Exit status: 1 the fault shows, 0 it does not, 2 it cannot be told. It was found like this:",
        "",
        f"    python THIS_FILE {means.arguments()}",
        "",
        f"Written by {SUITE} {version}. Standard library only, Python 3.11 or newer; everything may be edited.",
    ]
    text = "\n".join(line.rstrip() for line in lines).replace("\\", "\\\\").replace('"""', r"\"\"\"")
    return f'"""{text}\n"""'


def _fact(name: str, text: str) -> list[str]:
    label = f"{name + ':':<10}"
    return textwrap.wrap(text, WIDTH, initial_indent=label, subsequent_indent=" " * len(label)) or [label]


def _facts(result: ClauseResult, means: Means) -> str:
    limited = means.profile != "echo" and result.chapter == LIMITED_CHAPTER
    return "\n".join(
        [
            f"CLAUSE = {result.id!r}",
            f"LEVEL = {str(result.level)!r}",
            f"SILENCE_S = {SILENCE_S * means.patience!r}",
            *(
                [f"CHUNK_LIMIT: int | None = {means.chunk_limit_bytes if limited else None}"]
                if means.profile != "echo"
                else []
            ),
        ]
    )


def _helpers(parts: Selection) -> Iterator[str]:
    for heading, sources in parts.sections:
        yield _heading(heading)
        constants: list[str] = []
        for source in sources:
            if source.lstrip().startswith(("def ", "class ", "@", "#")) and constants:
                yield "\n".join(constants)
                constants = []
            if source.lstrip().startswith(("def ", "class ", "@")):
                yield source
            else:
                constants.append(source)
        if constants:
            yield "\n".join(constants)


def _heading(text: str) -> str:
    return f"# {text} {'-' * max(3, RULE - len(text))}"
