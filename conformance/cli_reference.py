"""What the program tells of the clauses and of the servers of this project."""

from __future__ import annotations

import difflib

import click

from conformance import own_servers
from conformance.clauses import PROFILES, all_clauses
from conformance.cli_help import clause_names
from conformance.oracle import vectors as literals


@click.group("list", short_help="Name the clauses, the servers, the test vectors.")
def list_() -> None:
    """Name the clauses, the reference servers, the broken ones, or the test vectors."""


@list_.command(short_help="Each clause of the specification.")
@click.option("--markdown", is_flag=True, help="As the reference document docs/clauses.md.")
def clauses(markdown: bool) -> None:
    """Each clause of the specification, with its level and what it says."""
    if markdown:
        click.echo(reference(), nl=False)
        return
    for clause in all_clauses():
        summary = clause.requirement.split("\n\n")[0].replace("\n", " ")
        only = "" if clause.profiles == PROFILES else f" (profile {', '.join(clause.profiles)})"
        click.echo(f"{clause.id:<36} {clause.level:<6} {summary}{only}")


def reference() -> str:
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
    for name, reason in own_servers.reference_backends().items():
        click.echo(f"{name:<38}  " + ("available" if reason is None else f"unavailable: {reason}"))


@list_.command()
def zoo() -> None:
    """Each broken server: its bug, and the clauses that find it."""
    for entry in own_servers.zoo():
        click.echo(f"{entry['name']:<36} {entry['sentence']}")
        click.echo(
            f"{'':<36} breaks {', '.join(entry['breaks'])}" + (f"; seen: {entry['seen']}" if entry["seen"] else "")
        )


@list_.command()
def vectors() -> None:
    """Chunks and their literals, to test a server's own with."""
    click.echo(literals.vectors(), nl=False)


@click.command(short_help="Say what a clause requires.")
@click.argument("clause_id", metavar="CLAUSE", shell_complete=clause_names)
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
