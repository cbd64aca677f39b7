"""`echo-conformance`: the suite as a program of its own."""

from __future__ import annotations

import os
import random
import signal
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import get_completion_class

from conformance.cli_client import client
from conformance.cli_help import SHELLS, Interruptible, Sectioned, backend_names, clause_names
from conformance.cli_judging import as_many_as_pay, at_one_copy, judged
from conformance.cli_meant import known_failures, names_target, plugin_words, settled, told
from conformance.cli_options import of_a_file, target_options
from conformance.cli_reference import explain, list_
from conformance.cli_report import REPORTS, Faces, Output, report, reported
from conformance.cli_reproducing import reproduce, reproducer_of
from conformance.cli_types import Examples, Jobs
from conformance.plugin_options import EXAMPLES
from conformance.replay import case_of
from conformance.report.outcome import Run
from conformance.spread import Spread, spreading

PROGRAM = "echo-conformance"
SEEDS = 1 << 32
# Where these lie differs by machine, and a shard is the same wherever it is tried.
PLACES = {"folder": None, "targets": None}


@click.group(cls=Interruptible, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(metadata.version("echo-conformance"), prog_name="echo-conformance")
def main() -> None:
    """Is my event loop right? Judge a TCP server, in any language, by what its clients see of it.

    \b
    See it work:        echo-conformance run --backend epoll -k close
    See a bug found:    echo-conformance run --zoo drops-short-send
    Judge your server:  echo-conformance run --command './server {port}'
    Judge a client:     echo-conformance client './client {host} {port}'
    What it must do:    echo-conformance list clauses
                        echo-conformance explain close.coalesced

    `run --help` tells the other ways to name a server. A server that only echoes is judged with --profile echo.

    The exit code is the verdict: 0 conformant, 1 nonconformant, 2 the target or the command line is not right,
    3 inconclusive, 130 interrupted.
    """  # noqa: D301


@main.command(cls=Sectioned, short_help="Judge a server.")
@target_options
@click.option("--examples", type=Examples(), default="standard", show_default=True, help="Cases a clause.")
@click.option("--jobs", type=Jobs(), default="auto", show_default=True, help="Workers, each with a server of its own.")
@click.option("--seed", type=click.IntRange(0, SEEDS - 1), metavar="N", help="Draw the cases of an earlier run again.")
@click.option(
    "-k",
    "expression",
    metavar="EXPR",
    shell_complete=clause_names,
    help="Only clauses that match: `close`, `close and not churn`.",
)
@click.option(
    "--known-failures",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Failures that are known, each with the reason: they fail nothing, unless they are gone.",
)
@spreading
@reported
@click.option("--pcap", is_flag=True, help="Keep each failure's packets beside its reproducer (tcpdump or dumpcap).")
def run(spread: Spread, seed: int | None, faces: Faces, *, pcap: bool, **options: Any) -> None:
    """Judge a server, and end with the verdict as exit code.

    \b
    It starts on a port it is told:  --command './server {port}'
    It has a port of its own:        --command ./server --port 8001
    It prints where it serves
    ("Server start at: HOST:PORT"):  --command ./server
    It runs already:                 --address 127.0.0.1:8001 --pid 4242
    A file describes many:           --targets targets.toml [--target NAME]

    \b
    A quick look:                    --examples quick -k "close or reply"
    What failed, once more:          -k close.coalesced --seed 5
    """  # noqa: D301
    options["folder"] = os.getcwd()
    found = _found(seed, options)
    names, copies = settled(options, found)
    known = known_failures(options["known_failures"], options["targets"])
    spread = as_many_as_pay(spread, options, len(names)) if copies else at_one_copy(spread)
    found.shards = spread.shard_of([str(found.seed), *plugin_words(options | PLACES)])
    console = Output()
    judged(found, options, spread, console, known)
    if found.interrupted:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is done is told whole; it takes a moment
    found.arrange(names)
    reproduce(found, faces.reports, Path(options["folder"]), console, packets=pcap)
    faces.finish(found, console, known)


def _found(seed: int | None, options: dict[str, Any]) -> Run:
    """A run that has found nothing yet."""
    return Run(
        metadata.version(PROGRAM), options["profile"], random.SystemRandom().randrange(SEEDS) if seed is None else seed
    )


@main.command(cls=Sectioned, short_help="Play a failed case again.")
@click.argument("what", metavar="FILE|CLAUSE")
@click.option(
    "--from",
    "reports",
    type=click.Path(file_okay=False, path_type=Path),
    default=REPORTS,
    show_default=True,
    metavar="DIR",
    help="The folder of reports in which the newest reproducer of CLAUSE is looked for.",
)
@target_options
@reported
@click.pass_context
def replay(context: click.Context, /, what: str, reports: Path, faces: Faces, **options: Any) -> None:
    """Play the case of a reproducer through the suite, on the server that it was written for or on another one.

    CLAUSE is the newest reproducer of that clause.
    """
    file = reproducer_of(what, reports)
    try:
        case, _ = case_of(file)
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    named = None if names_target(options) else of_a_file(file, case["target"])
    if named is not None:  # what the user said himself stands
        options |= {name: value for name, value in named.params.items() if _is_default(context, name)}
    if _is_default(context, "profile") and (named is None or _is_default(named, "profile")):
        options["profile"] = case["profile"]
    if options["chunk_limit"] is None and not (options["backends"] or options["zoo"]):  # which have one of their own
        options["chunk_limit"] = case["chunk_limit"]
    options |= {
        "case": str(file.absolute()),
        "folder": os.getcwd(),
        "expression": None,
        "examples": EXAMPLES["standard"],
    }
    found = _found(None, options)
    names, _ = settled(options, found)
    if named is not None:
        click.echo(told(case["clause"], options), err=True)
    console = Output()
    judged(found, options, Spread(), console)
    found.arrange(names)
    faces.finish(found, console)


def _is_default(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.DEFAULT


@main.command(short_help="Run a reference server.", context_settings={"ignore_unknown_options": True})
@click.argument("backend", shell_complete=backend_names)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(backend: str, arguments: tuple[str, ...]) -> None:
    """Run a reference server, with the options of `python -m reference_servers` (--host, --port, --log)."""
    words = [sys.executable, "-P", "-m", "reference_servers", backend, *arguments]
    os.execv(sys.executable, words)


@main.command(short_help="Let a shell complete the words.")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a script that lets a shell complete options, clauses, servers and targets.

    \b
    bash, in ~/.bashrc:  eval "$(echo-conformance completion bash)"
    zsh, in ~/.zshrc:    eval "$(echo-conformance completion zsh)"
    fish:                echo-conformance completion fish \\
                           > ~/.config/fish/completions/echo-conformance.fish
    """  # noqa: D301
    complete = get_completion_class(shell)
    if complete is not None:
        click.echo(complete(main, {}, PROGRAM, f"_{PROGRAM.upper().replace('-', '_')}_COMPLETE").source())


main.add_command(client)
main.add_command(list_)
main.add_command(report)
main.add_command(explain)

if __name__ == "__main__":
    main()
