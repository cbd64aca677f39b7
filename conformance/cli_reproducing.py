"""Reproducers of what failed: where they are, writing them, and seeing whether they show it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click
from rich.console import Console

from conformance.report.outcome import Run
from conformance.report.reproducers import file_name, write_reproducers
from conformance.trying import try_reproducers

REPRODUCERS = "reproducers"


def reproduce(found: Run, reports: Path, folder: Path, console: Console, *, packets: bool) -> None:
    """Write a reproducer for each failure, and see whether it shows the fault. What cannot be written is told.

    `reports` is the folder of reports as the user calls it, who stands in `folder`. `packets` has a capture of each
    made while it is tried.
    """
    try:
        written = write_reproducers(found, folder / reports / REPRODUCERS, reports / REPRODUCERS)
    except OSError as error:
        click.echo(f"{_there_are(found)}: cannot write into {reports}: {error.strerror}", err=True)
        return
    except KeyboardInterrupt:  # the run is done, and its verdict stands
        click.echo(f"interrupted: {_there_are(found)}", err=True)
        return
    if found.interrupted:
        return
    told = console.status(f"trying {len(written)} reproducers") if console.is_terminal else contextlib.nullcontext()
    try:
        with told:
            try_reproducers(written, packets=packets)
    except KeyboardInterrupt:
        click.echo("interrupted: the reproducers that are left were not tried", err=True)


def _there_are(found: Run) -> str:
    """How many have been written where that was cut short; trying them would tell of a part as if it were all."""
    failures = [clause.failure for target in found.targets.values() for clause in target.clauses if clause.failure]
    written = sum(failure.reproducer is not None for failure in failures)
    return f"{written} of {len(failures)} reproducers, none of them tried" if written else "no reproducers"


def reproducer_of(what: str, reports: Path) -> Path:
    """The file of that name, or the newest one of that clause. Raises `click.UsageError` where there is neither."""
    if Path(what).is_file():
        return Path(what)
    folder = reports / REPRODUCERS
    found = [file for file in folder.glob("*.py") if file.name.startswith(file_name(what, "").removesuffix(".py"))]
    if not found:
        msg = f"there is no file {what}, and no reproducer of such a clause in {folder}"
        raise click.UsageError(msg)
    return max(found, key=lambda file: file.stat().st_mtime)
