"""What the program does with every command line: help in sections, names to complete, and interrupts."""

from __future__ import annotations

import os
import re
import select
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from conformance import own_servers
from conformance.clauses import SPECS, clause_id
from conformance.report.outcome import ExitCode
from conformance.targets.described import DEFAULT_FILE
from conformance.toml_file import BadFile, TomlFile

SHELLS = ("bash", "zsh", "fish")
TEST = re.compile(r"^def (test_\w+)", re.MULTILINE)
# The options of `run`, by what they are about; what is not named here comes last.
SECTIONS: Mapping[str, Sequence[str]] = {
    "Which server": ("command", "port", "host", "address", "udp", "pid", "targets", "target_names", "backends", "zoo"),
    "What it is held to": ("profile", "chunk_limit", "strict", "expression", "known_failures"),
    "How it is tried": ("examples", "seed", "patience"),
    "Where it is tried": ("jobs", "workers", "dist", "folders", "splits", "group"),
}


class Interruptible(click.Group):
    """A group whose commands never end with 1 but by a verdict: click and Python would, for what cut them short.

    They end with 130 where they are interrupted, and with 3 where the suite itself is at fault or the machine too busy.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            sys.exit(ExitCode.INTERRUPTED)
        except own_servers.CannotList as error:
            click.echo(str(error), err=True)
            sys.exit(ExitCode.INCONCLUSIVE)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown, and it is no verdict
            unread = [stream.fileno() for stream in (sys.stdout, sys.stderr) if _is_unread(stream)]
            for descriptor in unread:
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)  # for what is in its buffer yet
            if not (unread and isinstance(error, BrokenPipeError)):
                traceback.print_exc()
            sys.exit(ExitCode.INCONCLUSIVE)


def _is_unread(stream: TextIO | None) -> bool:
    """Whether nobody is left to read what is written there (poll(2), POLLERR)."""
    if stream is None or stream.closed:
        return False
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return any(mask & select.POLLERR for _, mask in poll.poll(0))
    except (OSError, ValueError):  # it has no descriptor
        return False


class Sectioned(click.Command):
    """A command that tells its options by what they are about."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write them, a section each."""
        left = {param.name: param for param in self.get_params(ctx)}
        for title, names in SECTIONS.items():
            self._write(title, [left.pop(name) for name in names if name in left], ctx, formatter)
        self._write("What is told", list(left.values()), ctx, formatter)

    @staticmethod
    def _write(
        title: str, params: Sequence[click.Parameter], ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        records = [record for param in params if (record := param.get_help_record(ctx)) is not None]
        if records:
            with formatter.section(title):
                formatter.write_dl(records, col_max=26)


def backend_names(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The reference servers that there are here, each as short as it is understood: that, no shell has to quote."""
    groups = own_servers.backend_groups()
    return _beginning(incomplete, [*groups, *(name.removesuffix(own_servers.STAND_IN) for name in groups["all"])])


def zoo_names(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The broken servers."""
    return _beginning(incomplete, ["all", *(str(entry["name"]) for entry in own_servers.zoo())])


def clause_names(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The clauses that are meant."""
    return _beginning(incomplete, clause_ids())


def clause_ids() -> list[str]:
    """The clauses, read off the specs' names: importing them would keep whoever types waiting."""
    specs = sorted(Path(SPECS).glob("test_*.py"))
    return sorted(clause_id(path.stem, test) for path in specs for test in TEST.findall(path.read_text("utf-8")))


def target_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The targets of the file that was named, or of ./targets.toml; none where it cannot be read."""
    try:
        return _beginning(incomplete, list(TomlFile(Path(ctx.params.get("targets") or DEFAULT_FILE)).data))
    except BadFile:
        return []


def _beginning(incomplete: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
