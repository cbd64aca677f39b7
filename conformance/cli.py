"""`echo-conformance`: the suite as a program of its own."""

from __future__ import annotations

import dataclasses
import difflib
import os
import random
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Any

import click
import pytest
from _pytest.mark.expression import Expression  # pytest has no public name for it
from rich.console import Console

from conformance import plugin
from conformance.clauses import PROFILES, all_clauses
from conformance.judge import NoWorker, judge
from conformance.report.outcome import ExitCode, Run
from conformance.report.terminal import Progressing
from conformance.report_cli import Faces, Output, report, reported
from conformance.spread import Spread, spreading

SEEDS = 1 << 32
FEW = 40  # names that are told in one message


class Examples(click.ParamType[int]):
    """A number of cases, or the word for one."""

    name = "examples"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """As the help shows it."""
        return "quick|standard|thorough|N"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that it stands for."""
        try:
            return plugin.examples(str(value))
        except ValueError:
            self.fail(f"{value!r} is not quick, standard, thorough or a number from 1 on", param, ctx)


class Factor(click.ParamType[float]):
    """How many times as long silence is waited for."""

    name = "factor"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The factor."""
        try:
            return plugin.factor(str(value))
        except ValueError:
            least, most = plugin.LEAST_FACTOR, plugin.MOST_FACTOR
            self.fail(f"{value!r} is not a factor from {least:g} to {most:g}", param, ctx)


class Jobs(click.ParamType[int]):
    """A number of workers; `auto` for one a processor."""

    name = "jobs"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """As the help shows it."""
        return "N|auto"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that it stands for."""
        if value == "auto":
            return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        try:
            return click.IntRange(1)(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is neither auto nor a number from 1 on", param, ctx)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(metadata.version("echo-conformance"), prog_name="echo-conformance")
def main() -> None:
    """Is my event loop right? Judge a TCP server, in any language, by what its clients see of it.

    \b
    A server that starts on a port it is given:   echo-conformance run --command './server {port}'
    One that runs already:                        echo-conformance run --address 127.0.0.1:8001
    A plain echo server (RFC 862):                echo-conformance run --profile echo --command ...
    One of the reference servers:                 echo-conformance run --backend epoll

    The exit code is the verdict: 0 conformant, 1 nonconformant, 2 the target or the command line is not right,
    3 inconclusive.
    """  # noqa: D301


@main.command()
@click.option("--backend", "backends", multiple=True, metavar="NAME", help="A reference server, or `all`. Repeatable.")
@click.option("--zoo", multiple=True, metavar="NAME", help="A broken server of the zoo, or `all`. Repeatable.")
@click.option("--command", metavar="CMD", help="A command that starts a server; {host} and {port} are filled in.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port of its own that the command uses.")
@click.option("--host", help="The address that a started server binds (127.0.0.1 unless given).")
@click.option("--address", metavar="HOST:PORT", help="A server that runs already.")
@click.option("--pid", type=click.IntRange(1), help="Its process, to be watched, and stopped and continued.")
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default=PROFILES[0],
    show_default=True,
    help="`received`: the tutorial's answers. `echo`: the bytes themselves.",
)
@click.option(
    "--chunk-limit",
    type=click.IntRange(1),
    metavar="BYTES",
    help="The most that it takes in one recv (1024 unless given).",
)
@click.option("--examples", type=Examples(), default="standard", show_default=True, help="Cases a clause.")
@click.option(
    "--patience",
    type=Factor(),
    default=1.0,
    show_default=True,
    help="Wait so many times as long for a server that is silent: more for a slow machine or a remote server.",
)
@click.option("--jobs", type=Jobs(), default="auto", show_default=True, help="Workers, each with a server of its own.")
@click.option("--seed", type=click.IntRange(0, SEEDS - 1), help="Draw the cases of an earlier run again.")
@click.option("-k", "expression", metavar="EXPR", help="Only clauses that match: `close`, `close and not churn`.")
@spreading
@reported
def run(spread: Spread, seed: int | None, faces: Faces, **options: Any) -> None:
    """Judge a server, and end with the verdict as exit code."""
    seed = random.SystemRandom().randrange(SEEDS) if seed is None else seed
    if all(options[name] in {None, ()} for name in ("backends", "zoo", "command", "address")):
        msg = "no server to judge: name one with --backend, --zoo, --command or --address"
        raise click.UsageError(msg)
    _see_that_it_parses(options["expression"])
    options["backends"] = _known("backend", options["backends"], plugin.reference_backends)
    options["zoo"] = _known("broken server", options["zoo"], lambda: plugin.broken_servers(options["profile"]))
    if options["address"] is not None or options["port"] is not None:
        spread = _at_one_copy(spread)
    found = Run(metadata.version("echo-conformance"), options["profile"], seed)
    console = Output()
    found.shards = spread.shard_of([str(seed), *_words(options)])
    options["folder"] = os.getcwd()
    found.interrupted = _judge(found, options, spread, console)
    found.arrange([*options["backends"], *options["zoo"]])
    faces.finish(found, console)


def _at_one_copy(spread: Spread) -> Spread:
    """Of a server that runs already, or has a port of its own, there is one copy: one worker judges it."""
    if spread.workers and spread.copies > 1:
        msg = "of this server there is one copy, so one worker judges it: give --tx once"
        raise click.UsageError(msg)
    return dataclasses.replace(spread, jobs=1)


def _judge(found: Run, options: dict[str, Any], spread: Spread, console: Console) -> bool:
    """Have every clause tried; tells whether it was interrupted. Exits where there is nothing to try."""
    progress = Progressing(console)
    progress.start()
    try:
        code = judge(found, _words(options), spread=spread, watching=progress)
    except NoWorker as error:
        if not found.targets:
            raise click.UsageError(str(error)) from None
        click.echo(str(error), err=True)
        return False
    finally:
        progress.stop()
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        if spread.splits is not None:
            msg = f"shard {spread.group} of {spread.splits} has no clause: there are fewer clauses than shards, or none"
            raise click.UsageError(msg)
        msg = f"no clause matches -k {options['expression']!r}; `echo-conformance list clauses` names them"
        raise click.UsageError(msg)
    if code in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR}:
        sys.exit(ExitCode.USAGE if code == pytest.ExitCode.USAGE_ERROR else ExitCode.INCONCLUSIVE)
    return code == pytest.ExitCode.INTERRUPTED


def _words(options: dict[str, Any]) -> list[str]:
    """The same options in the words of the pytest plugin."""
    words = [f"--backend={name}" for name in options["backends"]] + [f"--zoo={name}" for name in options["zoo"]]
    named = ("command", "folder", "port", "host", "address", "pid", "profile", "chunk_limit", "examples", "patience")
    words += [f"--{n.replace('_', '-')}={options[n]}" for n in named if options.get(n) is not None]
    return words + (["-k", options["expression"]] if options["expression"] else [])


def _see_that_it_parses(expression: str | None) -> None:
    """Workers would find out each for itself, and say so at length."""
    try:
        Expression.compile(expression or "")
    except SyntaxError as error:
        msg = f"-k {expression!r} cannot be read: {error.msg}"
        raise click.UsageError(msg) from None


def _known(what: str, names: tuple[str, ...], listed: Callable[[], dict[str, str | None]]) -> list[str]:
    """The servers that are meant, `all` for each that is available. Raises where one is not known or not available."""
    if not names:
        return []
    servers = listed()
    available = plugin.available(servers)
    for name in names:
        if name != "all" and name not in servers and f"{name}[select]" not in servers:
            near = list(servers) if len(servers) < FEW else difflib.get_close_matches(name, servers, n=3)
            known = f"there are {', '.join(near)}" if near else "`echo-conformance list` names them"
            msg = f"there is no {what} {name!r}; {known}"
            raise click.UsageError(msg)
        if name != "all" and servers.get(name) is not None:
            msg = f"the {what} {name} is not available here: {servers[name]}"
            raise click.UsageError(msg)
    return list(dict.fromkeys(known for name in names for known in (available if name == "all" else [name])))


main.add_command(report)


@main.group("list")
def list_() -> None:
    """Name the clauses, the reference servers, or the broken ones."""


@list_.command()
@click.option("--markdown", is_flag=True, help="As the reference document docs/clauses.md.")
def clauses(markdown: bool) -> None:
    """Each clause of the specification, with its level and what it says."""
    if markdown:
        click.echo(_reference(), nl=False)
        return
    for clause in all_clauses():
        summary = clause.requirement.split("\n\n")[0].replace("\n", " ")
        only = "" if clause.profiles == PROFILES else f" (profile {', '.join(clause.profiles)})"
        click.echo(f"{clause.id:<36} {clause.level:<6} {summary}{only}")


def _reference() -> str:
    """The specification as one document."""
    lines = ["# The clauses", "", "Written by `make docs` from the specs; `echo-conformance explain CLAUSE` shows one."]
    chapter = ""
    for clause in all_clauses():
        if clause.chapter != chapter:
            chapter = clause.chapter
            lines += ["", f"## {chapter}", "", clause.source]
        facts = [f"**{clause.level}**"]
        if clause.profiles != PROFILES:
            facts.append(f"profile {', '.join(clause.profiles)} only")
        facts += [f"needs {need.value}" for need in clause.needs]
        lines += ["", f"### {clause.id}", "", "; ".join(facts) + ".", "", clause.requirement]
    return "\n".join(lines) + "\n"


@list_.command()
def backends() -> None:
    """Each reference server, and whether it is available here."""
    for name, reason in plugin.reference_backends().items():
        click.echo(f"{name:<28} " + ("available" if reason is None else f"unavailable: {reason}"))


@list_.command()
def zoo() -> None:
    """Each broken server: its bug, and the clauses that find it."""
    for entry in plugin.zoo():
        click.echo(f"{entry['name']:<36} {entry['sentence']}")
        click.echo(
            f"{'':<36} breaks {', '.join(entry['breaks'])}" + (f"; seen: {entry['seen']}" if entry["seen"] else "")
        )


@main.command()
@click.argument("clause_id", metavar="CLAUSE")
def explain(clause_id: str) -> None:
    """Say what a clause requires, of whom, and what it takes to see it."""
    by_id = {clause.id: clause for clause in all_clauses()}
    clause = by_id.get(clause_id)
    if clause is None:
        near = difflib.get_close_matches(clause_id, by_id, n=3) or ["`echo-conformance list clauses` names them"]
        msg = f"there is no clause {clause_id!r}; perhaps {', '.join(near)}"
        raise click.UsageError(msg)
    click.echo(f"{clause.id} ({clause.level}, profile {' and '.join(clause.profiles)})\n")
    click.echo(clause.requirement)
    if clause.needs:
        click.echo(f"\nNeeds {'; '.join(need.value for need in clause.needs)}.")
    click.echo(f"\n{clause.source}")
    click.echo(f"\nTry it: echo-conformance run --backend epoll -k {clause.id}")


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("backend")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(backend: str, arguments: tuple[str, ...]) -> None:
    """Run a reference server, with the options of `python -m reference_servers` (--host, --port, --log)."""
    words = [sys.executable, "-P", "-m", "reference_servers", backend, *arguments]
    os.execv(sys.executable, words)


if __name__ == "__main__":
    main()
