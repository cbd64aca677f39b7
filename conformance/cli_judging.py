"""Has the clauses tried that a command line asks for, and says where there is nothing to try."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import click
import pytest
from rich.console import Console

from conformance.cli_meant import matching, plugin_words
from conformance.cli_types import AUTO, processors
from conformance.judge import NotCollected, NoWorker, judge
from conformance.known_failures import KnownFailures
from conformance.report.outcome import ExitCode, Run
from conformance.report.terminal import Progressing
from conformance.spread import Spread

WORTH_A_WORKER = 500  # cases: a server that passes has done so many in about the time that a worker takes to start


def at_one_copy(spread: Spread) -> Spread:
    """Of a server that runs already, or has a port of its own, there is one copy: one worker judges it."""
    if spread.workers and spread.copies > 1:
        msg = "of this server there is one copy, so one worker judges it: give --tx once"
        raise click.UsageError(msg)
    return dataclasses.replace(spread, jobs=1)


def as_many_as_pay(spread: Spread, options: dict[str, Any], targets: int) -> Spread:
    """Where the user leaves it to us: a worker for each processor, as far as there is work for it."""
    if spread.jobs != AUTO:
        return spread
    cases = targets * len(matching(options["expression"])) * options["examples"]
    return dataclasses.replace(spread, jobs=max(1, min(processors(), cases // WORTH_A_WORKER)))


def judged(
    found: Run, options: dict[str, Any], spread: Spread, console: Console, known: KnownFailures | None = None
) -> None:
    """Have every clause tried. Where there is nothing to try, it raises `click.UsageError`, or ends the program."""
    progress = Progressing(console)
    progress.start()
    try:
        # A shard has not all of the clauses: which targets they are about cannot be told from it.
        implied = options["implied"] if spread.splits is None else None
        code = judge(found, plugin_words(options), spread=spread, watching=progress, known=known, implied=implied)
    except NoWorker as error:
        if not found.targets:
            raise click.UsageError(str(error)) from None
        click.echo(str(error), err=True)
        return
    except NotCollected as error:
        click.echo(str(error), err=True)
        sys.exit(ExitCode.INCONCLUSIVE)
    finally:
        progress.stop()
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise _nothing_to_try(options, spread)
    if code in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR}:
        sys.exit(ExitCode.USAGE if code == pytest.ExitCode.USAGE_ERROR else ExitCode.INCONCLUSIVE)
    found.interrupted = code == pytest.ExitCode.INTERRUPTED
    if known is not None and not found.interrupted:
        found.stale, found.maybe_stale = known.stale(found), known.maybe_stale(found)


def _nothing_to_try(options: dict[str, Any], spread: Spread) -> click.UsageError:
    if spread.splits is not None:
        return click.UsageError(
            f"shard {spread.group} of {spread.splits} has no clause: there are fewer clauses than shards, or none"
        )
    sought = "of this profile is that of the case" if options.get("case") else f"matches -k {options['expression']!r}"
    return click.UsageError(f"no clause {sought}; `echo-conformance list clauses` names them")
