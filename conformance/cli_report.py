"""Where the results of a run go: the options for that, and `echo-conformance report`, which draws them again."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console

from conformance.known_failures import KnownFailures, write_known_failures
from conformance.report import reproducers
from conformance.report.json_report import read_json, schema, write_json
from conformance.report.junit import write_junit
from conformance.report.markdown import write_markdown
from conformance.report.merge import Unmergeable, merge
from conformance.report.outcome import ExitCode, Run
from conformance.report.reading import Unreadable
from conformance.report.terminal import show

FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
REPORTS = reproducers.REPORTS
RESULTS = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


class Output(Console):
    """A console that leaves it to the program what a closed pipe means."""

    def __init__(self) -> None:
        if sys.stdout is None or sys.stdout.closed:  # by who started it, and wants to read nothing
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for as long as the program runs
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # whatever it can write, it gets
        super().__init__(file=sys.stdout, highlight=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        """By itself rich would end with status 1, which is a verdict here."""
        raise BrokenPipeError


@dataclass(frozen=True)
class Faces:
    """The files that were asked for beside the terminal, `page` being the folder of the HTML page.

    `reports` is that folder, or else the one for reproducers, as the user calls it.
    `known` is for the failures that there are, as `conformance.known_failures` has them.
    `strict` has a broken SHOULD be a failure in all of them.
    """

    json: Path | None
    junit: Path | None
    markdown: Path | None
    known: Path | None
    page: Path | None
    reports: Path
    strict: bool

    def __post_init__(self) -> None:
        files = {"json": self.json, "junit": self.junit, "markdown": self.markdown, "write-known-failures": self.known}
        for name, file in files.items():
            if file is None:
                continue
            if not file.parent.is_dir():
                msg = f"there is no folder {file.parent} to write {file.name} into (--{name})"
                raise click.UsageError(msg)
            if not file.exists() and not os.access(file.parent, os.W_OK):
                msg = f"cannot write into {file.parent} (--{name})"
                raise click.UsageError(msg)

    def finish(
        self, run: Run, console: Console, before: KnownFailures | None = None, *, beside: Sequence[Path] = ()
    ) -> NoReturn:
        """Show and write the run, and end with its verdict. `before` are the known failures that it was told of.

        The page takes along the reproducers that are `beside` results in these folders.

        What cannot be shown or written is told, hides nothing else, and leaves the run inconclusive.
        """
        whole = self.page is None or _written(
            self.page, functools.partial(reproducers.gather, run, beside, shown_as=self.reports)
        )
        whole &= _printed(functools.partial(show, run, console))
        for file, write in self._writers(run, before):
            whole &= file is None or _written(file, write)
        if self.page is not None:
            from conformance.report.html_report import FILE, write_html  # noqa: PLC0415 - few runs write a page

            written = _written(self.page, functools.partial(write_html, run))
            told = functools.partial(console.print, f"report: {self.page / FILE}", markup=False)
            whole &= written and _printed(told)
        sys.exit(run.exit_code(strict=self.strict) if whole else ExitCode.INCONCLUSIVE)

    def _writers(self, run: Run, before: KnownFailures | None) -> list[tuple[Path | None, Callable[[Path], object]]]:
        return [
            (self.json, functools.partial(write_json, run)),
            (self.junit, functools.partial(write_junit, run, strict=self.strict)),
            (self.markdown, functools.partial(write_markdown, run)),
            (self.known, functools.partial(write_known_failures, run, before=before)),
        ]


def _printed(told: Callable[[], object]) -> bool:
    """Print something; False where it is lost. A reader that has seen enough has lost nothing."""
    try:
        told()
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is printed yet
        if isinstance(error, BrokenPipeError):
            return True
        click.echo(f"cannot write the report: {error.strerror}", err=True)
        return False
    return True


def _written(file: Path, write: Callable[[Path], object]) -> bool:
    try:
        write(file)
    except OSError as error:
        click.echo(f"cannot write the report {file}: {error.strerror}", err=True)
        return False
    return True


FILES = (
    click.option("--strict", is_flag=True, help="Let a broken SHOULD fail the run as well."),
    click.option("--json", type=FILE, metavar="FILE", help="Write the results for a machine to read."),
    click.option("--junit", type=FILE, metavar="FILE", help="Write them as JUnit XML, for a CI system."),
    click.option("--markdown", type=FILE, metavar="FILE", help="Add them to FILE, such as the summary of a job."),
)
OPTIONS = (
    *FILES,
    click.option(
        "--write-known-failures",
        "known",
        type=FILE,
        metavar="FILE",
        help="Write the file for --known-failures, of all that fails.",
    ),
    click.option(
        "--report",
        "page",
        type=FOLDER,
        metavar="DIR",
        help="Write them as a page to look at, DIR/index.html, beside what shows failures (in ./report else).",
    ),
)


def reported(command: Callable[..., Any], options: Sequence[Callable[..., Any]] = OPTIONS) -> Callable[..., Any]:
    """Give a command the options of where its results go; it takes them as its argument `faces`."""

    @functools.wraps(command)
    def with_faces(
        *,
        strict: bool,
        json: Path | None,
        junit: Path | None,
        markdown: Path | None,
        known: Path | None = None,
        page: Path | None = None,
        **others: Any,
    ) -> Any:
        given, reports = (json, junit, markdown, known, page), page or REPORTS
        json, junit, markdown, known, page = (path and path.absolute() for path in given)
        return command(faces=Faces(json, junit, markdown, known, page, reports, strict), **others)

    for option in reversed(options):
        with_faces = option(with_faces)
    return with_faces


@click.group("report")
def report() -> None:
    """Draw the results of earlier runs again, or join them."""


@report.command("show")
@click.argument("file", type=RESULTS)
@reported
def show_(file: Path, faces: Faces) -> None:
    """Show the run that `--json FILE` wrote, and end with its exit code."""
    faces.finish(_read(file), Output(), beside=[file.parent])


@report.command("merge")
@click.argument("files", type=RESULTS, nargs=-1, required=True, metavar="FILE...")
@reported
def merge_(files: Sequence[Path], faces: Faces) -> None:
    """Join runs that `--json FILE` wrote: the shards of one, or runs of different targets.

    A clause that several of them tried on one target counts once, with the gravest of its results.
    """
    try:
        whole, remarks = merge([_read(file) for file in files])
    except Unmergeable as error:
        raise click.UsageError(str(error)) from None
    for remark in remarks:
        click.echo(remark, err=True)
    faces.finish(whole, Output(), beside=[file.parent for file in files])


@report.command("schema")
def schema_() -> None:
    """Print the JSON Schema of what `--json FILE` writes."""
    click.echo(schema(), nl=False)


def _read(file: Path) -> Run:
    """The run that it holds, its reproducers named by where they are now."""
    try:
        run = read_json(file)
        reproducers.found_beside(run, file.parent)
        return run
    except Unreadable as error:
        msg = f"{file}: {error}"
        raise click.UsageError(msg) from None
    except OSError as error:
        msg = f"cannot read {file}: {error.strerror}"
        raise click.UsageError(msg) from None
