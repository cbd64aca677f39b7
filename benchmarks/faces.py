"""The faces of the results: a page in Markdown, JSON, and the plots beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import is_quiet
from benchmarks.part import Result, Scale, Table

WHOLE = Scale()
BUSY = (
    "**Made on a machine that others were at work on**: {used:.0%} of its processors were in use before anything was "
    "started. Messages a second and latencies say nothing here, and processor time less than it could.\n"
)
SHORT = "**Made by a short run**, to see that figures come out: they are no measurement.\n"


def write(
    folder: Path, machine: dict[str, object], scale: Scale, lacking: dict[str, str], results: list[Result]
) -> None:
    """Write all of them into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    plots = {result.name: result.draw(folder) for result in results}
    data = {
        "machine": machine,
        "rounds": scale.rounds,
        "short": scale.rounds < WHOLE.rounds,
        "missing": lacking,
        **{result.name: result.data for result in results},
    }
    (folder / "results.json").write_text(json.dumps(data, indent=2) + "\n")
    (folder / "results.md").write_text(page(machine, scale, lacking, results, plots))


def page(
    machine: dict[str, object],
    scale: Scale,
    lacking: dict[str, str],
    results: list[Result],
    plots: dict[str, list[str]],
) -> str:
    """The page in Markdown: what it was measured on, and what came of it."""
    pieces = ["# Benchmarks\n"]
    if scale.rounds < WHOLE.rounds:
        pieces.append(SHORT)
    if not is_quiet(machine):
        pieces.append(BUSY.format(used=machine["used_by_others"]))
    pieces.append(
        "{system}, {processors} processors ({processor}), {memory_gib} GiB, Python {python}; rounds, "
        "interleaved: {rounds}.\n".format(**machine, rounds=scale.rounds)
    )
    if lacking:
        pieces.append("Not measured: " + "; ".join(f"{name}, {why}" for name, why in lacking.items()) + ".\n")
    for result in results:
        note = None
        for table in result.tables:
            pieces.append(f"## {table.title}\n")
            if table.note != note:
                pieces.append(table.note + "\n")
            note = table.note
            pieces.append(markdown(table))
        pieces += [f"![{name.removesuffix('.svg')}]({name})\n" for name in plots.get(result.name, [])]
    return "\n".join(pieces)


def markdown(table: Table) -> str:
    """A table in Markdown, the first column of names, the others of figures."""
    rule = ["---", *("---:" for _ in table.columns[1:])]
    return "\n".join(_row(row) for row in (table.columns, rule, *table.rows)) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
