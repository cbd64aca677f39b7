"""All the broken servers, by name."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import Any

from conformance.zoo.bug import Bug

CHAPTERS = (
    "reply",
    "order",
    "isolation",
    "close",
    "error",
    "readiness",
    "limits",
    "lifecycle",
    "datagram",
    "processes",
    "programs_in_c",
    "exhibits",
)


def all_broken() -> dict[str, Any]:
    """Each broken server, by the name of its bug, in the order of the chapters."""
    found: dict[str, Any] = {}
    for chapter in CHAPTERS:
        for name, broken in _broken_in(chapter):
            if name in found:
                msg = f"two bugs are named {name}"
                raise ValueError(msg)
            found[name] = broken
    return found


def find(name: str) -> Any:
    """The broken server whose bug has this name; None where there is none.

    The chapters that mention the name come first: what is not looked at is not loaded.
    """
    for chapter in sorted(CHAPTERS, key=lambda chapter: not _mentions(chapter, name)):
        for found, broken in _broken_in(chapter):
            if found == name:
                return broken
    return None


def _mentions(chapter: str, name: str) -> bool:
    """Whether the name is in a chapter's text: as a class, as a function, or as a file."""
    with open(os.path.join(os.path.dirname(__file__), f"{chapter}.py"), encoding="utf-8") as text:
        return name.replace("-", "") in text.read().replace("_", "").lower()


def _broken_in(chapter: str) -> Iterator[tuple[str, Any]]:
    module = importlib.import_module(f"conformance.zoo.{chapter}")
    for broken in vars(module).values():
        stated = bug_of(broken)
        # A class that a later chapter derives from is named there as well.
        if stated is not None and getattr(broken, "__module__", module.__name__) in {module.__name__, Bug.__module__}:
            yield stated.name, broken


def bug_of(broken: Any) -> Bug | None:
    """What is said of it; None where it is no broken server. A class derived from one is another one."""
    stated = broken.bug if type(broken).__module__ == Bug.__module__ else getattr(broken, "__dict__", {}).get("bug")
    return stated if isinstance(stated, Bug) else None
