"""The stable machine face of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conformance.report.outcome import SUITE, ClauseResult, Run, TargetResult


def to_json(run: Run) -> dict[str, Any]:
    """The run as JSON data."""
    return {
        "suite": SUITE,
        "version": run.version,
        "profile": run.profile,
        "seed": run.seed,
        "seconds": round(run.seconds, 3),
        "examples": run.examples,
        "targets": [_target(target) for target in run.targets.values()],
    }


def write_json(run: Run, path: Path) -> None:
    """Write it to a file. Raises OSError where that cannot be done."""
    path.write_text(json.dumps(to_json(run), indent=2) + "\n", encoding="utf-8")


def _target(target: TargetResult) -> dict[str, Any]:
    return {
        "name": target.name,
        "verdict": target.verdict,
        "seconds": round(target.seconds, 3),
        "clauses": [_clause(clause) for clause in sorted(target.clauses, key=lambda clause: clause.id)],
    }


def _clause(clause: ClauseResult) -> dict[str, Any]:
    return {
        "id": clause.id,
        "level": clause.level,
        "outcome": clause.outcome,
        "examples": clause.examples,
        "seconds": round(clause.seconds, 3),
        "message": clause.message,
        "reproducer": clause.failure.again if clause.failure else None,
    }
