"""What a clause is: its id, from where it stands; its level and what observing it takes, from one decorator line."""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from types import ModuleType
from typing import Any, TypeVar

import pytest

PROFILES = ("received", "echo")
SPECS = PurePath(__file__).parent / "specs"
CLIENT_SPECS = PurePath(__file__).parent / "client_specs"

Test = TypeVar("Test", bound=Callable[..., Any])


class Level(enum.StrEnum):
    """How much a clause binds, in the words of RFC 2119."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Need(enum.Enum):
    """What a run must have for a clause to be observed in it."""

    PROCESS = "a process to watch (a command, or --pid beside the address)"
    SOCKETS = "a process whose descriptors can be looked at (a command, or --pid beside the address) on Linux"
    FREEZE = "a process to stop and continue (a command, or --pid beside the address) on Linux"
    LIMITS = "a process whose limit of descriptors may be set (a command, or --pid beside the address) on Linux"
    COMMAND = "a server that is started by the suite (a command)"
    PORT = "a server that is started by the suite on a port that it is told (a command with {port}, or --port)"
    START_LINE = "a server that announces its address (a command without {port} or --port, or one of this project's)"
    UDP = "a server that answers datagrams too (--udp, a command with {udp_port}, or the capability udp)"


MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY
PROCESS, SOCKETS, FREEZE, LIMITS = Need.PROCESS, Need.SOCKETS, Need.FREEZE, Need.LIMITS
COMMAND, PORT, START_LINE, UDP = Need.COMMAND, Need.PORT, Need.START_LINE, Need.UDP


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of the specification, and how it is to be tried."""

    id: str
    level: Level
    requirement: str
    needs: tuple[Need, ...]
    profiles: tuple[str, ...]
    source: str

    @property
    def chapter(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]


def clause(
    level: Level, *needs: Need, profiles: tuple[str, ...] = PROFILES, share: float = 1.0
) -> Callable[[Test], Test]:
    """Make a test a clause: its level, what it needs, the profiles that have it.

    `share` is the part of a run's examples that is drawn for it: below one where a case is large or its contents
    decide little.
    """

    def decorate(test: Test) -> Test:
        import hypothesis  # noqa: PLC0415 - a good part of the time to start, for whoever only names clauses

        if hypothesis.is_hypothesis_test(test):
            test = hypothesis.settings(max_examples=cases(share))(test)
        marked: Test = pytest.mark.clause(level=level, needs=needs, profiles=profiles)(test)
        return marked

    return decorate


def cases(share: float) -> int:
    """How many cases this part of a run's examples is."""
    import hypothesis  # noqa: PLC0415

    settings = hypothesis.settings.default
    return max(1, round(settings.max_examples * share)) if settings else 1


def clause_of(item: pytest.Item) -> Clause | None:
    """The clause that a collected test states, None where it states none."""
    if not isinstance(item, pytest.Function):
        return None
    return _stated(item.function, item.module, item.path.stem, item.originalname)


def all_clauses(specs: PurePath = SPECS) -> list[Clause]:
    """The whole specification of servers, or with `CLIENT_SPECS` that of clients, sorted by id."""
    clauses = []
    for module_info in pkgutil.iter_modules([str(specs)]):
        if module_info.name.startswith("test_"):
            module = importlib.import_module(f"conformance.{specs.name}.{module_info.name}")
            stated = (_stated(test, module, module_info.name, name) for name, test in vars(module).items())
            clauses += [clause for clause in stated if clause is not None]
    return sorted(clauses, key=lambda clause: clause.id)


def _stated(test: object, module: ModuleType, chapter_file: str, name: str) -> Clause | None:
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "clause"]
    if not marks:
        return None
    return Clause(
        id=clause_id(chapter_file, name),
        requirement=inspect.getdoc(test) or "",
        source=(inspect.getdoc(module) or "").partition("\n\n")[2],
        **marks[0].kwargs,
    )


def clause_id(chapter_file: str, test: str) -> str:
    """`test_close`, `test_drains_before_fin` -> `close.drains-before-fin`."""
    return f"{chapter_file.removeprefix('test_')}.{test.removeprefix('test_').replace('_', '-')}"
