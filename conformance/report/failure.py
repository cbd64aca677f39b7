"""Why a clause failed, and all that is known of how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypedDict

SHOWS = "shows the fault"  # what is said of a reproducer that did, when it was tried


@dataclass(frozen=True, slots=True)
class Difference:
    """Where an answer first differs from what was due: from byte `offset` of it on, and what came `before` that.

    The three are printable ASCII, at most 64 bytes of the answer each.
    """

    client: int
    offset: int
    before: str
    expected: str
    actual: str


class Moment(TypedDict):
    """Something that happened, in seconds since the first that did, to a client, or to the server (lane 0)."""

    at_s: float
    lane: int
    what: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a clause failed, each part ready to be read. All text that came from the server is plain already.

    `steps` are the case as data, in the form of `conformance.harness.as_data`; `stopped_at` is the index of the one
    that could not be done, and `trouble` why. `timeline` is what happened, in the same module's form. `output` is the
    last that the server wrote. `reproducer` is the file that shows the fault, where one was written, `reproduce` the
    arguments that it takes, and `shows` what it said when it was tried. `capture` is the file that has its packets, and
    `capture_remark` what is to be said of it, or why there is none; both are None where none was asked for.
    `outage` says how the server died or that it fell silent, in the words of `actual`; empty where it did neither.
    """

    expected: str
    actual: str
    ended: str
    server: str
    case: str
    note: str
    again: str
    steps: list[dict[str, Any]] = field(default_factory=list)
    stopped_at: int | None = None
    trouble: str | None = None
    difference: Difference | None = None
    timeline: list[Moment] = field(default_factory=list)
    output: str = ""
    reproducer: str | None = None
    reproduce: str | None = None
    shows: str | None = None
    capture: str | None = None
    capture_remark: str | None = None
    outage: str = ""
