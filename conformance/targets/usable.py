"""Which of the servers that a `targets.toml` describes this machine can run."""

from __future__ import annotations

from pathlib import Path

from conformance.targets.building import missing
from conformance.targets.described import Described, read
from conformance.toml_file import perhaps


def usable(path: Path, names: list[str]) -> tuple[list[Described], dict[str, str]]:
    """Those of these names, or all that can be run here; and the others that were meant, each with what it lacks.

    Raises `BadFile`: for a name that is not in the file, and for one that was asked for and cannot be run.
    """
    file, described = read(path)
    for name in names:
        if name not in described:
            raise file.wrong(f"there is no target {name!r} in it; {perhaps(name, described)}")
    chosen = [described[name] for name in dict.fromkeys(names)] if names else list(described.values())
    lacking = {one.name: ", no ".join(missing(one)) for one in chosen}
    left_out = {name: f"this machine has no {what}" for name, what in lacking.items() if what}
    for name in names:
        if name in left_out:
            raise file.wrong(f"{name} cannot be run: {left_out[name]}", name)
    return [one for one in chosen if one.name not in left_out], left_out
