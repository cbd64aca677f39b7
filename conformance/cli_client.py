"""`echo-conformance client`: judges a client, which is started for each case beside a server that keeps to a script."""

from __future__ import annotations

import functools
import os
import random
import sys
from importlib import metadata
from typing import Any

import click
import pytest
from rich.console import Console

from conformance import own_servers
from conformance.cli_help import Sectioned
from conformance.cli_report import FILES, Faces, Output, reported
from conformance.cli_types import Examples, Factor, Jobs, processors
from conformance.hosting.conversation import CONVERSATIONS, LINES
from conformance.judge import CLIENTS, judge
from conformance.report.outcome import SUITE, ExitCode, Run
from conformance.report.terminal import Progressing
from conformance.spread import Spread

SEEDS = 1 << 32
PASSED_ON = ("conversation", "output", "examples", "patience")


@click.command(cls=Sectioned, short_help="Judge a client.")
@click.argument("command", metavar="CMD", required=False)
@click.option(
    "--zoo",
    "broken",
    multiple=True,
    metavar="NAME",
    help="A broken client of the zoo, or `all`. Repeatable.",
)
@click.option(
    "--conversation",
    type=click.Choice(sorted(CONVERSATIONS)),
    default=LINES,
    show_default=True,
    help="What it does by itself: `lines` sends its standard input and writes what it hears; the others are clients "
    "of this project.",
)
@click.option(
    "--output",
    metavar="REGEX",
    help="How its standard output tells what was delivered: group `text` or `literal`, and `who` for a connection.",
)
@click.option("--examples", type=Examples(), default="quick", show_default=True, help="Cases a clause.")
@click.option("--jobs", type=Jobs(), default="auto", show_default=True, help="Workers.")
@click.option("--seed", type=click.IntRange(0, SEEDS - 1), metavar="N", help="Draw the cases of an earlier run again.")
@click.option("--patience", type=Factor(), default=1.0, show_default=True, help="Wait so many times as long.")
@click.option("-k", "expression", metavar="EXPR", help="Only clauses that match: `reset`, `not bounded`.")
@functools.partial(reported, options=FILES)
def client(
    *,
    command: str | None,
    broken: tuple[str, ...],
    seed: int | None,
    jobs: int,
    expression: str | None,
    faces: Faces,
    **options: Any,
) -> None:
    """Judge a client, and end with the verdict as exit code.

    \b
    It sends what it reads on its standard input,
    and writes what the server says:  echo-conformance client 'nc -N {host} {port}'
    It prints in words of its own:    --output '^got (?P<literal>b.*)$'

    CMD is started for each case; {host} and {port} say where the server is.
    """  # noqa: D301
    words = _words(command, broken, options)
    if expression is not None:
        words += ["-k", expression]
    found = Run(
        metadata.version(SUITE),
        options["conversation"],
        random.SystemRandom().randrange(SEEDS) if seed is None else seed,
    )
    console = Output()
    _judge(found, words, jobs, console)
    faces.finish(found, console)


def _words(command: str | None, broken: tuple[str, ...], options: dict[str, Any]) -> list[str]:
    """The plugin's words. Raises `click.UsageError` where no client is meant."""
    if (command is None) == (not broken):
        msg = "name a client: its command, as in 'nc -N {host} {port}', or one of the zoo (--zoo NAME)"
        raise click.UsageError(msg)
    there = [entry["name"] for entry in own_servers.broken_clients()] if broken else []
    unknown = [name for name in broken if name not in {"all", *there}]
    if unknown:
        msg = f"there is no broken client {unknown[0]!r}; there are {', '.join(there)}"
        raise click.UsageError(msg)
    words = [f"--folder={os.getcwd()}"]
    words += [f"--broken={name}" for name in (there if "all" in broken else dict.fromkeys(broken))]
    words += [f"--client={command}"] if command is not None else []
    return words + [f"--{name}={options[name]}" for name in PASSED_ON if options[name] is not None]


def _judge(found: Run, words: list[str], jobs: int, console: Console) -> None:
    progress = Progressing(console)
    progress.start()
    try:
        code = judge(found, words, spread=Spread(jobs or processors()), watching=progress, suite=CLIENTS)
    finally:
        progress.stop()
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        msg = "no clause matches; `echo-conformance list clauses` names them"
        raise click.UsageError(msg)
    if code in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR}:
        sys.exit(ExitCode.USAGE if code == pytest.ExitCode.USAGE_ERROR else ExitCode.INCONCLUSIVE)
    found.interrupted = code == pytest.ExitCode.INTERRUPTED
