"""The stable machine face of a run. `schema.json` says what is in it; `read_json` has it be a run again."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any, TypedDict

from conformance.report.outcome import MOST_SHARDS, SUITE, ClauseResult, Run, Shard, TargetResult, Verdict
from conformance.report.reading import Unreadable, difference, plainly, read, shown

MOST_CHARACTERS = 200  # of a decoder's message


class LeftOut(TypedDict):
    """A target that could not be tried, and why."""

    name: str
    reason: str


def schema() -> str:
    """The JSON Schema (2020-12) of the file, as text."""
    return resources.files("conformance.report").joinpath("schema.json").read_text(encoding="utf-8")


def to_json(run: Run) -> dict[str, Any]:
    """The run as JSON data."""
    return {
        "suite": SUITE,
        "version": run.version,
        "profile": run.profile,
        "seed": run.seed,
        "seconds": round(run.seconds, 3),
        "examples": run.examples,
        "expected": run.expected,
        "interrupted": run.interrupted,
        "joined": run.joined,
        "shards": [asdict(shard) for shard in run.shards],
        "left_out": [{"name": name, "reason": reason} for name, reason in run.left_out.items()],
        "stale": run.stale,
        "maybe_stale": run.maybe_stale,
        "targets": [_target(run.targets[name], verdict) for name, verdict in run.verdicts.items()],
    }


def write_json(run: Run, path: Path) -> None:
    """Write it to a file. Raises OSError where that cannot be done."""
    path.write_text(json.dumps(to_json(run), indent=2) + "\n", encoding="utf-8")


def from_json(data: object) -> Run:
    """The reverse of `to_json`. Raises `Unreadable` at the first key that is not as `to_json` would have it.

    All text comes out printable, whoever wrote the file: a control character appears as its escape.
    """
    data = plainly(data)
    top = _table(data, "the file")
    if top.get("suite") != SUITE:
        msg = f"suite: this is no run of {SUITE}"
        raise Unreadable(msg)
    run = Run(
        version=read(str, top, "version"),
        profile=read(str, top, "profile"),
        seed=read(int | None, top, "seed"),
        expected=read(int, top, "expected"),
        interrupted=read(bool, top, "interrupted"),
        joined=read(bool, top, "joined"),
        shards=_read_shards(top),
        seconds=read(float, top, "seconds"),
        left_out={each["name"]: each["reason"] for each in read(list[LeftOut], top, "left_out")},
        stale=read(list[str], top, "stale"),
        maybe_stale=read(list[str], top, "maybe_stale"),
    )
    for place, each in enumerate(read(list[dict[str, Any]], top, "targets")):
        target = _read_target(each, f"targets[{place}].")
        if target.name in run.targets:
            msg = f"targets[{place}].name: {shown(target.name)} comes twice"
            raise Unreadable(msg)
        run.targets[target.name] = target
    wrong = difference(data, to_json(run))
    if wrong is not None:
        raise Unreadable(wrong)
    return run


def _read_shards(top: dict[str, Any]) -> list[Shard]:
    shards = read(list[Shard], top, "shards")
    if len(shards) > MOST_SHARDS:
        msg = f"shards: at most {MOST_SHARDS:,} are wanted, and not {len(shards):,}"
        raise Unreadable(msg)
    return shards


def _read_target(data: dict[str, Any], where: str) -> TargetResult:
    target = TargetResult(
        read(str, data, "name", where),
        read(str, data, "profile", where),
        read(str | None, data, "hint", where),
        read(list[ClauseResult], data, "clauses", where),
    )
    for name, times in Counter(clause.id for clause in target.clauses).items():
        if times > 1:
            msg = f"{where}clauses: {shown(name)} comes {times} times"
            raise Unreadable(msg)
    return target


def read_json(path: Path) -> Run:
    """The run that a file holds. Raises `Unreadable` where it holds none, OSError where it cannot be read."""
    try:
        return from_json(json.loads(path.read_bytes()))
    except (ValueError, RecursionError) as error:  # of the decoders; Unreadable is one as well
        if isinstance(error, Unreadable):
            raise
        msg = f"it is not JSON: {str(plainly(str(error)))[:MOST_CHARACTERS]}"
        raise Unreadable(msg) from None


def _table(data: object, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        msg = f"{where} holds no JSON object"
        raise Unreadable(msg)
    return data


def _target(target: TargetResult, verdict: Verdict) -> dict[str, Any]:
    clauses = [_clause(clause) for clause in sorted(target.clauses, key=lambda clause: clause.id)]
    return {
        "name": target.name,
        "profile": target.profile,
        "verdict": verdict,
        "hint": target.hint,
        "seconds": round(sum(clause["seconds"] for clause in clauses), 3),
        "clauses": clauses,
    }


def _clause(clause: ClauseResult) -> dict[str, Any]:
    first_s = clause.first_failure_seconds
    return {
        "id": clause.id,
        "level": clause.level,
        "outcome": clause.outcome,
        "examples": clause.examples,
        "seconds": round(clause.seconds, 3),
        "message": clause.message,
        "known": clause.known,
        "reproducer": clause.failure.reproducer if clause.failure else None,
        "shows": clause.failure.shows if clause.failure else None,
        "again": clause.failure.again if clause.failure else None,
        "requirement": clause.requirement,
        "misconfigured": clause.misconfigured,
        "first_failure_examples": clause.first_failure_examples,
        "first_failure_seconds": None if first_s is None else round(first_s, 3),
        "failure": asdict(clause.failure) if clause.failure else None,
    }
