"""What happened in a failed case, as the rows of a sequence picture: few enough to be taken in at a glance.

A row is something that passes between a client and the server, or something seen of one of them alone. What repeats
is told once, with how often; clients beyond the first few share a lane; the middle of a long story is left out.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from conformance.report.failure import Failure
from conformance.report.plain_text import hardened

SERVER = 0
OTHERS = -1
MOST_LANES = 5
MOST_ROWS = 28
FIRST_ROWS = 10
LONGEST_REFRAIN = 4
MOST_LABEL = 90


class Way(enum.Enum):
    """Between whom."""

    TO_SERVER = "to the server"
    TO_CLIENT = "to the client"
    ALONE = "alone"
    LEFT_OUT = "left out"


class Mark(enum.Enum):
    """What kind of thing it is, and so how it is drawn."""

    DATA = "data"
    OPEN = "open"
    END = "end"
    RESET = "reset"
    SIGN = "sign"
    DEATH = "death"
    SILENCE = "silence"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `at_s` seconds after the first. `frozen`, `gone` and `stalled` (lanes) are how things are after it."""

    at_s: float | None
    lane: int
    way: Way
    mark: Mark
    label: str
    frozen: bool = False
    gone: bool = False
    stalled: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Story:
    """What is drawn: the lanes of clients from left to right, with their names, and the rows in order of time."""

    lanes: dict[int, str]
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class _Happening:
    """Equal events, told once."""

    at_s: float
    lane: int
    what: str
    sizes: tuple[int, ...]

    @property
    def key(self) -> tuple[int, str]:
        return self.lane, self.what


# What the words of a timeline mean: between whom it passes, how it is drawn, what it is called.
_MEANINGS = {
    "connect": (Way.TO_SERVER, Mark.OPEN, "connect"),
    "send": (Way.TO_SERVER, Mark.DATA, "send"),
    "urgent": (Way.TO_SERVER, Mark.DATA, "urgent byte"),
    "half-close": (Way.TO_SERVER, Mark.END, "half-close (FIN)"),
    "close": (Way.TO_SERVER, Mark.END, "close"),
    "reset": (Way.TO_SERVER, Mark.RESET, "reset (RST)"),
    "receive": (Way.TO_CLIENT, Mark.DATA, "reply"),
    "FIN": (Way.TO_CLIENT, Mark.END, "FIN"),
}
_PREFIXES = {
    "reset: ": (Way.TO_CLIENT, Mark.RESET, "RST"),
    "connect failed: ": (Way.TO_CLIENT, Mark.RESET, "connect failed"),
    "not sent: ": (Way.ALONE, Mark.RESET, "not sent"),
}
_GONE = ("the server is gone", "terminate")
_UNITS = (("s", 1.0), ("ms", 1e-3), ("\u00b5s", 1e-6))
_SILENCE = re.compile(r"silence for [0-9.]+ m?s")


def story_of(failure: Failure) -> Story:
    """The picture of what happened until the failure showed."""
    events = [event for event in failure.timeline if event["what"] != "connected"]  # told by what follows it
    subjects = {_stopped(failure)} | ({failure.difference.client} if failure.difference is not None else set())
    lane_of = _lanes([event["lane"] for event in events], subjects)
    told = [_Happening(e["at_s"], lane_of[e["lane"]], e["what"], (e["size_bytes"],)) for e in events]
    rows = _with_states([_row(happening) for happening in _folded(told)])
    at_the_end = _last(failure, lane_of)
    room = MOST_ROWS - len(at_the_end)
    shown = [*_cut(rows, room), *_continued(rows, at_the_end)]
    there = {row.lane for row in shown}
    return Story({lane: name for lane, name in _names(lane_of).items() if lane in there}, shown)


def _stopped(failure: Failure) -> int:
    """The lane of the step that could not be done."""
    if failure.stopped_at is None or failure.stopped_at >= len(failure.steps):
        return failure.difference.client if failure.difference is not None else SERVER
    client = failure.steps[failure.stopped_at].get("client")
    return client if isinstance(client, int) else SERVER  # steps are as whoever wrote the file would have them


def _lanes(seen: Iterable[int], subjects: set[int]) -> dict[int, int]:
    """Which lane each client is drawn on: its own, or, where there are many, that of the others."""
    clients = sorted(set(seen) - {SERVER})
    own = set(clients)
    if len(clients) > MOST_LANES:
        subjects = subjects & own
        own = subjects | set([client for client in clients if client not in subjects][: MOST_LANES - 1 - len(subjects)])
    return {SERVER: SERVER} | {client: client if client in own else OTHERS for client in clients}


def _names(lane_of: dict[int, int]) -> dict[int, str]:
    names = {lane: f"client {lane}" for lane in lane_of.values() if lane > SERVER}
    others = sum(lane == OTHERS for lane in lane_of.values())
    return names | ({OTHERS: f"{others:,} others"} if others else {})


def _folded(told: Sequence[_Happening]) -> Iterable[_Happening]:
    """With each refrain told once: what repeats at once, or up to a few things that repeat in turn."""
    at = 0
    while at < len(told):
        length, times = max(((n, _times(told, at, n)) for n in range(1, LONGEST_REFRAIN + 1)), key=_covered)
        block = told[at : at + length * times]
        for place in range(length):
            alike = block[place::length]
            yield replace(alike[0], sizes=tuple(size for one in alike for size in one.sizes))
        at += length * times


def _times(told: Sequence[_Happening], at: int, length: int) -> int:
    """How often the next `length` follow each other."""
    keys = [one.key for one in told[at : at + length]]
    if len(keys) < length:
        return 0
    times = 1
    while [one.key for one in told[at + times * length : at + (times + 1) * length]] == keys:
        times += 1
    return times


def _covered(refrain: tuple[int, int]) -> tuple[bool, int, int]:
    """By how much is told with it: one that does not repeat is worth no more than its first."""
    length, times = refrain
    return times > 1, length * times if times > 1 else 0, -length


def _row(told: _Happening) -> Row:
    way, mark, name = _meaning(told)
    return Row(told.at_s, told.lane, way, mark, _bounded(f"{name}{_amount(told.sizes)}"))


def _meaning(told: _Happening) -> tuple[Way, Mark, str]:
    if told.lane == SERVER:
        return Way.ALONE, Mark.DEATH if told.what in _GONE else Mark.SIGN, told.what
    if told.what in _MEANINGS:
        return _MEANINGS[told.what]
    for prefix, (way, mark, name) in _PREFIXES.items():
        if told.what.startswith(prefix):
            return way, mark, f"{name} ({told.what.removeprefix(prefix)})"
    return Way.ALONE, Mark.SIGN, told.what


def _amount(sizes: tuple[int, ...]) -> str:
    times, total = len(sizes), sum(sizes)
    if not total:
        return f" \u00d7 {times:,}" if times > 1 else ""
    if times == 1:
        return f" {total:,} B"
    return f" {sizes[0]:,} B \u00d7 {times:,}" if len(set(sizes)) == 1 else f" {total:,} B in {times:,} pieces"


def _bounded(label: str) -> str:
    shown = hardened(label, 2 * MOST_LABEL)
    return shown if len(shown) <= MOST_LABEL else f"{shown[: MOST_LABEL - 1]}\u2026"


def _with_states(rows: Iterable[Row]) -> list[Row]:
    """With how things are after each row."""
    frozen = gone = False
    stalled: frozenset[int] = frozenset()
    found = []
    for row in rows:
        if row.lane == SERVER:
            frozen = row.label == "freeze" or (frozen and row.label != "thaw" and row.mark is not Mark.DEATH)
            gone = row.mark is Mark.DEATH or (gone and row.label != "start again")
        elif row.label == "stall":
            stalled |= {row.lane}
        elif row.label in {"resume", "close"} or row.mark is Mark.RESET:
            stalled -= {row.lane}
        found.append(replace(row, frozen=frozen, gone=gone, stalled=stalled))
    return found


def _last(failure: Failure, lane_of: dict[int, int]) -> list[Row]:
    """What the failure was seen by, as the last row."""
    trouble = failure.trouble or ("a wrong answer" if failure.difference is not None else None)
    if trouble is None:
        return []
    lane = lane_of.get(_stopped(failure), SERVER)
    if trouble == "silence" and lane != SERVER:
        silence = _SILENCE.search(failure.ended)
        return [Row(None, lane, Way.TO_CLIENT, Mark.SILENCE, silence.group() if silence else trouble)]
    return [Row(None, lane, Way.ALONE, Mark.FAULT, _bounded(trouble))]


def _continued(rows: Sequence[Row], last: Iterable[Row]) -> list[Row]:
    """With things as they were left."""
    if not rows:
        return list(last)
    left = rows[-1]
    return [replace(row, frozen=left.frozen, gone=left.gone, stalled=left.stalled) for row in last]


def _cut(rows: list[Row], most: int) -> list[Row]:
    """The first and the last of them, where there are too many."""
    if len(rows) <= most:
        return rows
    last = most - FIRST_ROWS - 1
    left_out = f"{len(rows) - FIRST_ROWS - last:,} more events"
    gap = replace(rows[-last - 1], at_s=None, lane=SERVER, way=Way.LEFT_OUT, mark=Mark.SIGN, label=left_out)
    return [*rows[:FIRST_ROWS], gap, *rows[-last:]]


def seconds_text(at_s: float) -> str:
    """A time as short as people say it."""
    if at_s < 0.0000005:
        return "0"
    unit, size_s = next((one for one in _UNITS if at_s >= one[1]), _UNITS[-1])
    value = at_s / size_s
    return f"{value:.3g} {unit}" if value < 999.5 else f"{value:,.0f} {unit}"


def in_words(story: Story) -> str:
    """The same in words, for who does not see the picture."""
    return "; ".join(lines(story))


def lines(story: Story) -> list[str]:
    """The same as text, a line each row."""
    names = story.lanes | {SERVER: "server"}
    parts = []
    for row in story.rows:
        who = f"server to {names[row.lane]}" if row.way is Way.TO_CLIENT else names[row.lane]
        when = "" if row.at_s is None else f"{seconds_text(row.at_s)}, "
        parts.append(row.label if row.way is Way.LEFT_OUT else f"{when}{who}: {row.label}")
    return parts
