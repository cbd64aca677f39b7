"""The options that several commands have, written once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from conformance.clauses import PROFILES
from conformance.cli_help import backend_names, target_names, zoo_names
from conformance.cli_types import Factor
from conformance.report.plain_text import hardened

TARGET_OPTIONS = (
    click.option(
        "--backend",
        "backends",
        multiple=True,
        metavar="NAME",
        shell_complete=backend_names,
        help="A reference server of this project, or `all`, `native`, `stand-ins`. Repeatable.",
    ),
    click.option(
        "--zoo",
        multiple=True,
        metavar="NAME",
        shell_complete=zoo_names,
        help="A broken server of the zoo, or `all`. Repeatable.",
    ),
    click.option(
        "--targets",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="All servers that a targets.toml describes, but for those that this machine lacks something for.",
    ),
    click.option(
        "--target",
        "target_names",
        multiple=True,
        metavar="NAME",
        shell_complete=target_names,
        help="Only this one of them; without --targets, of ./targets.toml. Repeatable.",
    ),
    click.option("--command", metavar="CMD", help="A command that starts a server; {host} and {port} are filled in."),
    click.option(
        "--port", type=click.IntRange(1, 65535), metavar="N", help="The port of its own that the command uses."
    ),
    click.option("--host", metavar="HOST", help="The address that a started server binds (127.0.0.1 unless given)."),
    click.option("--address", metavar="HOST:PORT", help="A server that runs already."),
    click.option("--udp", metavar="HOST:PORT", help="Where it answers datagrams too; or its command takes {udp_port}."),
    click.option("--pid", type=click.IntRange(1), metavar="PID", help="Its process, to be watched and stopped."),
    click.option(
        "--profile",
        type=click.Choice(PROFILES),
        default=PROFILES[0],
        show_default=True,
        help="`received`: the tutorial's answers. `echo`: the bytes themselves.",
    ),
    click.option(
        "--chunk-limit",
        type=click.IntRange(1),
        metavar="BYTES",
        help="The most that it takes in one recv (1024 unless given).",
    ),
    click.option(
        "--patience",
        type=Factor(),
        default=1.0,
        show_default=True,
        help="Wait so many times as long for a server that is silent: more for a slow machine or a remote server.",
    ),
)


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which server is meant, and what it is held to."""
    for option in reversed(TARGET_OPTIONS):
        command = option(command)
    return command


_OF_A_FILE = click.Command("target", add_help_option=False)
target_options(_OF_A_FILE)


def of_a_file(file: Path, words: Iterable[object]) -> click.Context:
    """What words mean by which a file names a target. Anybody may have written them: they can do nothing else.

    Raises `click.UsageError`.
    """
    try:
        return _OF_A_FILE.make_context(str(file), [str(word) for word in words])
    except (click.ClickException, ValueError) as error:
        said = error.format_message() if isinstance(error, click.ClickException) else str(error)
        msg = f"{file} does not name a target: {hardened(said)}"
        raise click.UsageError(msg) from None
