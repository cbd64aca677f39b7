"""Failures that are known, each with the reason: they fail no run as long as they fail, and fail it when they do not.

The file is TOML, a table `[[known]]` for each:

    clause    the id of the clause
    target    the target that fails it; every one where it is left out
    contains  text that the failure's message must contain; any message where it is left out
    reason    why it is known, which must be said
    sometimes true where it fails in some runs and passes in others

1. An entry hides a clause that fails as it says, and nothing else.
2. That a server died or fell silent is hidden only by an entry that names it: its `contains` is, or includes, words
   that say so (`the server was ended by SIGSEGV`, `nothing more came`). An entry that names another fault does not hide
   it, though its text may stand in the same message; nor does one whose text is only a piece of those words
   (`the server`, `nothing`), nor one without `contains`.
3. An entry is stale, and fails the run, when its clause was tried and held, on its target or, where it names none, on
   all, unless it fails only `sometimes`. What was not tried or not observed says nothing. So one shard cannot tell of
   an entry that names no target: that is told when all of them are joined.
4. An entry whose clause there is not, whose target is not among those that could be tried, or whose clause is not about
   its target's profile can match nothing: that is an error, found before anything is tried.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from conformance.clauses import all_clauses
from conformance.report.outcome import ClauseResult, Outcome, Run
from conformance.toml_file import BadFile, TomlFile, perhaps

KEYS = {"clause": str, "target": str, "contains": str, "reason": str, "sometimes": bool}
NEEDED = ("clause", "reason")
UNEXPLAINED = "not looked into yet: "
LONGEST_REASON = 300
# What in a message differs from run to run: numbers, and what was sent or came.
VARYING = re.compile(r"b?'[^']*'|b?\"[^\"]*\"|\S*[\d\\]\S*")
# The words that say that a server died or fell silent, as the harness and its law have them.
TELLING = re.compile("was ended by|exited with status|nothing more came|is stopped")
HEADER = """\
Failures that are known, and why; `echo-conformance run --known-failures FILE` takes this file.
"""


@dataclass(frozen=True)
class Entry:
    """One known failure."""

    clause: str
    reason: str
    target: str | None = None
    contains: str | None = None
    sometimes: bool = False

    def is_about(self, target: str, clause: str) -> bool:
        """Whether it says something of this clause on this target."""
        return self.clause == clause and self.target in {None, target}

    def hides(self, target: str, result: ClauseResult) -> bool:
        """Whether this is the failure that is known."""
        if result.outcome is not Outcome.FAIL or not self.is_about(target, result.id):
            return False
        message, outage = result.message or "", result.failure.outage if result.failure is not None else ""
        if not outage:
            return self.contains is None or self.contains in message
        if outage not in message:
            message = f"{message}; {outage}"
        wanted = self.contains
        return wanted is not None and wanted in message and (outage in wanted or _says_so(wanted, outage))

    def __str__(self) -> str:
        return self.clause + (f" on {self.target}" if self.target is not None else "")


def _says_so(wanted: str, outage: str) -> bool:
    """Whether these words out of an outage's tell what it was; they are whole: status 1 is not status 139."""
    whole = re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", outage)
    return whole is not None and TELLING.search(wanted) is not None


class KnownFailures:
    """A file of them. Raises `BadFile` where it cannot be meant.

    `others` are targets that are not tried in this run, and could be.
    """

    def __init__(self, path: Path, others: Iterable[str] = ()) -> None:
        self._file = TomlFile(path)
        self._others = set(others)
        for name in self._file.data:
            if name != "known":
                raise self._file.wrong(f"there is no key {name!r}: each failure is a table [[known]]", name)
        tables = self._file.data.get("known", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self._file.wrong("known is no list of tables: write [[known]] above each", "known")
        self.entries = [self._entry(number, table) for number, table in enumerate(tables)]

    def _entry(self, number: int, table: Mapping[str, Any]) -> Entry:
        for key, value in table.items():
            if key not in KEYS:
                raise self._file.wrong(
                    f"a known failure has no key {key!r}; {perhaps(key, KEYS)}", "known", number, key
                )
            if not isinstance(value, KEYS[key]) or (isinstance(value, str) and not value.strip()):
                wanted = "true or false" if KEYS[key] is bool else "a text that is not empty"
                raise self._file.wrong(f"{key} is {value!r}, and should be {wanted}", "known", number, key)
        for key in NEEDED:
            if key not in table:
                raise self._file.wrong(f"this known failure has no {key}, which must be said", "known", number)
        return Entry(**table)

    def check(self, profiles: Mapping[str, str]) -> None:
        """See that each can match something, given the targets of the run and their profiles. Raises `BadFile`."""
        clauses = {clause.id: clause for clause in all_clauses()}
        for number, entry in enumerate(self.entries):
            if entry.clause not in clauses:
                raise self._matches_nothing(number, "clause", perhaps(entry.clause, clauses))
            if entry.target is not None and entry.target not in profiles and entry.target not in self._others:
                raise self._matches_nothing(number, "target", perhaps(entry.target, [*profiles, *self._others]))
            about = clauses[entry.clause].profiles
            of_it = [profile for name, profile in profiles.items() if entry.target in {None, name}]
            if of_it and not set(of_it) & set(about):
                msg = f"it is about the profile {', '.join(about)}, and {entry.target or 'every target'} has another"
                raise self._matches_nothing(number, "clause", msg)

    def _matches_nothing(self, number: int, key: str, why: str) -> BadFile:
        entry = self.entries[number]
        said = getattr(entry, key)
        return self._file.wrong(f"this known failure matches nothing: {key} {said!r}; {why}", "known", number, key)

    def marked(self, target: str, result: ClauseResult) -> ClauseResult:
        """The result, with the reason where it is a known failure; with a note where another one of it is known."""
        if result.outcome is not Outcome.FAIL:
            return result
        about = [number for number, entry in enumerate(self.entries) if entry.is_about(target, result.id)]
        for number in about:
            if self.entries[number].hides(target, result):
                return dataclasses.replace(result, known=self.entries[number].reason)
        if not about or result.failure is None:
            return result
        other = f"{self._where(about[0])} names a known failure of it, by another fault"
        note = f"{result.failure.note}; {other}" if result.failure.note else other
        return dataclasses.replace(result, failure=dataclasses.replace(result.failure, note=note))

    def _where(self, number: int) -> str:
        return f"{self._file.path}, line {self._file.line('known', number)}"

    def stale(self, run: Run) -> list[str]:
        """The entries whose clause holds by now, a line each."""
        return self._held(run, lambda entry: entry.target is not None or not run.shards)

    def maybe_stale(self, run: Run) -> list[str]:
        """Of a shard: those whose clause holds in it, and might not in another one."""
        return self._held(run, lambda entry: entry.target is None and bool(run.shards))

    def _held(self, run: Run, wanted: Callable[[Entry], bool]) -> list[str]:
        return [
            f"{self._where(number)}: {entry} is said to fail, and passes: remove it (--known-failures)"
            for number, entry in enumerate(self.entries)
            if not entry.sometimes and wanted(entry) and _outcomes(run, entry) == {Outcome.PASS}
        ]

    def untold(self, run: Run) -> list[Entry]:
        """The entries of which this run says nothing; so does a pass of one that fails only sometimes."""
        return [
            entry
            for entry in self.entries
            if not _outcomes(run, entry) & ({Outcome.FAIL} if entry.sometimes else {Outcome.PASS, Outcome.FAIL})
        ]

    def sometimes(self, target: str, result: ClauseResult) -> bool:
        """Whether the failure that this is known as shows in some runs only."""
        return any(entry.sometimes and entry.hides(target, result) for entry in self.entries)


def _outcomes(run: Run, entry: Entry) -> set[Outcome]:
    return {
        clause.outcome
        for target in run.targets.values()
        for clause in target.clauses
        if entry.is_about(target.name, clause.id)
    }


def write_known_failures(run: Run, path: Path, before: KnownFailures | None) -> int:
    """Write an entry for each failure of a run, and those of `before` that it says nothing of; their number.

    Each carries the kind of its fault in `contains`. What was known keeps its reason. Raises OSError, and the file is
    then what it was.
    """
    entries = list(before.untold(run)) if before is not None else []
    for target in run.targets.values():
        for clause in sorted(target.clauses, key=lambda clause: clause.id):
            if clause.outcome is Outcome.FAIL:
                entry = _entry_of(target.name, clause)
                sometimes = before is not None and before.sometimes(target.name, clause)
                entries.append(dataclasses.replace(entry, sometimes=sometimes))
    document = tomlkit.document()
    document.add(tomlkit.comment(HEADER.strip()))
    document.add(tomlkit.nl())
    tables = tomlkit.aot()
    for entry in sorted(entries, key=lambda entry: (entry.clause, entry.target or "")):
        table = tomlkit.table()
        table.update({key: getattr(entry, key) for key in KEYS if getattr(entry, key)})
        tables.append(table)
    if entries:
        document.add("known", tables)
    _write_whole(path, tomlkit.dumps(document))
    return len(entries)


def _write_whole(path: Path, text: str) -> None:
    """Write a file aside and put it in place, so that a full disk leaves what was there. Raises OSError."""
    path = path.resolve()  # where a link leads to, that is replaced, and not the link
    if path.exists() and not path.is_file():  # a pipe or a terminal is no file that could be lost
        path.write_text(text, encoding="utf-8")
        return
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        aside.write_text(text, encoding="utf-8")
        if path.exists():
            shutil.copymode(path, aside)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _entry_of(target: str, clause: ClauseResult) -> Entry:
    reason = clause.known or (UNEXPLAINED + (clause.message or ""))[:LONGEST_REASON]
    return Entry(clause.id, reason, target, kind_of(clause))


def kind_of(clause: ClauseResult) -> str | None:
    """The words of a failure's message that stay the same when it shows again with another case; None for none."""
    if clause.failure is None:
        return None
    if clause.failure.outage:
        return clause.failure.outage
    pieces = [piece.strip(" ,;:()") for piece in VARYING.split(clause.failure.actual.partition(";")[0])]
    return max(pieces, key=len) or None
