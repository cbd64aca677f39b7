"""What the words of `run` mean, and that they can be meant: told before anything is started."""

from __future__ import annotations

import difflib
import functools
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from _pytest.mark.expression import Expression  # pytest has no public name for it

from conformance import own_servers
from conformance.cli_help import clause_ids
from conformance.harness.target import name_of
from conformance.known_failures import KnownFailures
from conformance.report.outcome import Run
from conformance.report.plain_text import hardened
from conformance.targets.described import DEFAULT_FILE, Described, read
from conformance.targets.usable import usable
from conformance.toml_file import BadFile

SERVERS = ("backends", "zoo", "command", "address", "targets", "target_names")
SEVERAL = {"backend": "backends", "zoo": "zoo", "target": "target_names"}
VALUED = (
    *("command", "folder", "port", "host", "address", "udp", "pid", "targets"),
    *("profile", "chunk_limit", "examples", "patience", "case"),
)
FEW = 40  # names that are told in one message


def settled(options: dict[str, Any], found: Run) -> tuple[list[str], bool]:
    """The names of the servers that are meant, in order, and whether each worker can start a copy of each.

    `options` are given names for `all` and for a file; the run is told of those that are left out. Raises
    `click.UsageError`.
    """
    if not names_target(options):
        msg = "no server to judge: name one with --backend, --zoo, --command, --address or --target"
        raise click.UsageError(msg)
    _see_that_it_parses(options["expression"])
    listed = {name: options[name] for name in ("backends", "zoo", "target_names")}
    groups = own_servers.backend_groups() if options["backends"] else {}
    options["backends"] = _known(
        "backend", own_servers.meant_backends(options["backends"]), own_servers.reference_backends
    )
    options["zoo"] = _known("broken server", options["zoo"], lambda: own_servers.broken_servers(options["profile"]))
    described = _described(options, found)
    names = [*options["backends"], *options["zoo"], *(one.name for one in described)]
    # Meant by a word for many. Where no clause that is sought is about one of these, that is no mistake of the user's.
    options["implied"] = {
        *(name for word in listed["backends"] for name in groups.get(word, ())),
        *(options["zoo"] if "all" in listed["zoo"] else ()),
        *(() if listed["target_names"] else (one.name for one in described)),
    }
    copies = options["address"] is None and options["port"] is None and all(one.copies for one in described)
    return names, copies


def names_target(options: dict[str, Any]) -> bool:
    """Whether a server is meant by any of them."""
    return any(options[name] not in {None, ()} for name in SERVERS)


def _described(options: dict[str, Any], found: Run) -> list[Described]:
    """The servers of a file that are meant."""
    if options["targets"] is None and not options["target_names"]:
        return []
    file = options["targets"] or Path(DEFAULT_FILE)
    try:
        described, found.left_out = usable(file, list(options["target_names"]))
    except BadFile as error:
        raise click.UsageError(str(error)) from None
    if not described:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in found.left_out.items())
        msg = f"none of the servers that {file} describes can be run here: {reasons}"
        raise click.UsageError(msg)
    options["targets"], options["target_names"] = file.absolute(), tuple(one.name for one in described)
    return described


def told(clause: str, options: dict[str, Any]) -> str:
    """Says what is played, and on which servers, each with what starts it: one line, for the words may be anybody's."""
    servers = [(name, f"echo-conformance serve {shlex.quote(name)}") for name in options["backends"]]
    servers += [(name, "of this project's zoo") for name in options["zoo"]]
    if options["target_names"]:
        described = read(options["targets"])[1]
        chosen = [described[name] for name in options["target_names"]]
        servers += [(one.name, " && ".join(filter(None, (one.build, one.command, one.address)))) for one in chosen]
    if options["command"] is not None:
        servers.append((_program(options["command"]), options["command"]))
    if options["address"] is not None:
        servers.append((options["address"], "runs already"))
    line = f"playing {clause} on " + "; ".join(f"{name}: {starts}" for name, starts in servers)
    return hardened(line).replace("\n", "\\n").replace("\t", "\\t")


def _program(command: str) -> str:
    try:
        return name_of(shlex.split(command))
    except (ValueError, IndexError):  # no words: what is wrong with it is told where it would be started
        return "it"


def known_failures(file: Path | None, targets: Path | None) -> KnownFailures | None:
    """The known failures; they may also be of targets that the same file describes, and that are not tried now."""
    if file is None:
        return None
    try:
        return KnownFailures(file, read(targets)[1] if targets is not None else ())
    except BadFile as error:
        raise click.UsageError(str(error)) from None


def plugin_words(options: dict[str, Any]) -> list[str]:
    """The same options in the words of the pytest plugin, each of which is one word: `--name=value`."""
    words = [f"--{name}={one}" for name, several in SEVERAL.items() for one in options[several]]
    words += [f"--{name.replace('_', '-')}={options[name]}" for name in VALUED if options.get(name) is not None]
    return words + (["-k", options["expression"]] if options["expression"] else [])


def _see_that_it_parses(expression: str | None) -> None:
    """Workers would find out each for itself, and say so at length."""
    try:
        Expression.compile(expression or "")
    except SyntaxError as error:
        msg = f"-k {expression!r} cannot be read: {error.msg}"
        raise click.UsageError(msg) from None


def matching(expression: str | None) -> list[str]:
    """The clauses that `-k` is likely to choose: nearly what pytest goes by, and nothing is imported for it."""
    if not expression:
        return clause_ids()
    chosen = Expression.compile(expression)
    return [clause for clause in clause_ids() if chosen.evaluate(functools.partial(_mentions, clause))]


def _mentions(clause: str, word: str, /, **_: object) -> bool:
    return word.lower() in f"{clause} test_{clause}.py"


def _known(what: str, names: Sequence[str], listed: Callable[[], dict[str, str | None]]) -> list[str]:
    """The servers that are meant, `all` for each that is available. Raises where one is not known or not available."""
    if not names:
        return []
    servers = listed()
    available = own_servers.available(servers)
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
