"""What the program tells of the clauses and of the servers of this project."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import click

from conformance import own_servers
from conformance.clauses import CLIENT_SPECS, PROFILES, Clause, all_clauses
from conformance.cli_help import clause_names
from conformance.hosting.conversation import CONVERSATIONS
from conformance.oracle import vectors as literals

EVERY_CLIENT = tuple(CONVERSATIONS)
OF_CLIENTS = "Of clients, which `echo-conformance client` judges"


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
        _name(clause, PROFILES)
    click.echo(f"\n{OF_CLIENTS}:\n")
    for clause in all_clauses(CLIENT_SPECS):
        _name(clause, EVERY_CLIENT)


def _name(clause: Clause, everybody: tuple[str, ...]) -> None:
    summary = clause.requirement.split("\n\n")[0].replace("\n", " ")
    only = "" if clause.profiles == everybody else f" (profile {', '.join(clause.profiles)})"
    click.echo(f"{clause.id:<36} {clause.level:<6} {summary}{only}")


def reference() -> str:
    """The specification as one document."""
    lines = ["# The clauses", "", "Written by `make docs` from the specs; `echo-conformance explain CLAUSE` shows one."]
    lines += _chapters(all_clauses(), PROFILES)
    lines += ["", "# The clauses about clients", "", f"{OF_CLIENTS}: [judging a client](judging-a-client.md)."]
    lines += _chapters(all_clauses(CLIENT_SPECS), EVERY_CLIENT)
    return "\n".join(lines) + "\n"


def _chapters(clauses: list[Clause], everybody: tuple[str, ...]) -> Iterator[str]:
    chapter = ""
    for clause in clauses:
        if clause.chapter != chapter:
            chapter = clause.chapter
            yield from ("", f"## {chapter}", "", clause.source)
        facts = [f"**{clause.level}**"]
        if clause.profiles != everybody:
            facts.append(f"profile {', '.join(clause.profiles)} only")
        facts += [f"needs {need.value}" for need in clause.needs]
        yield from ("", f"### {clause.id}", "", "; ".join(facts) + ".", "", clause.requirement)


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
    by_id = {clause.id: clause for clause in (*all_clauses(), *all_clauses(CLIENT_SPECS))}
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
    of_clients = clause.id.startswith("client.")
    target = "client 'ncat {host} {port}'" if of_clients else "run --backend epoll"
    click.echo(f"\nTry it: echo-conformance {target} -k {clause.id}")
