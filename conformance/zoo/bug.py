"""What is said of a bug, beside the server that has it.

A broken server is one of

* a class derived from a part of the reference servers (a server, a connection, a listener) with one method overridden;
* a function that serves on a listening socket, where the bug needs another structure (threads, processes);
* a program of its own: an exhibit, or a source in C.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

Broken = TypeVar("Broken", bound=Callable[..., Any])

PROGRAMS = Path(__file__).parent / "programs"


class Bug(NamedTuple):
    """One bug: the sentence that tells it, where it was seen, and what it does to the clauses.

    Every clause in `breaks` must fail. Those in `collateral`, each with the reason, may; no other may.
    """

    name: str
    sentence: str
    breaks: tuple[str, ...]
    seen: str
    collateral: Mapping[str, str]
    profile: str = "received"


def bug(
    *breaks: str, seen: str = "", collateral: Mapping[str, str] | None = None, profile: str = "received"
) -> Callable[[Broken], Broken]:
    """Make a class or a function a broken server: its name is the bug's, its docstring is the sentence."""

    def decorate(broken: Broken) -> Broken:
        sentence = " ".join((broken.__doc__ or "").split("\n\n")[0].split())
        stated = Bug(bug_name(broken.__name__), sentence, breaks, seen, collateral or {}, profile)
        setattr(broken, "bug", stated)  # noqa: B010 - no type has it
        return broken

    return decorate


class Program(NamedTuple):
    """A broken server that is a file of its own in `programs/`; the file's name is the bug's."""

    file: Path
    bug: Bug


def program(
    file: str, sentence: str, *breaks: str, seen: str = "", collateral: Mapping[str, str] | None = None
) -> Program:
    """What is said of a file in `programs/`."""
    path = PROGRAMS / file
    return Program(path, Bug(bug_name(path.stem), sentence, breaks, seen, collateral or {}))


def bug_name(name: str) -> str:
    """`DropsShortSend`, `drops_short_send` -> `drops-short-send`."""
    return (
        "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-").replace("_", "-")
    )
