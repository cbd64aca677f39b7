"""The sequence picture of a failure, as SVG: a lane for each client and one for the server, time downward.

Its colours are classes of the page's style sheet, so that it follows the page into the dark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from markupsafe import Markup

from conformance.report.sequence import SERVER, Mark, Row, Story, Way, in_words, seconds_text

TIMES_RIGHT = 66
FIRST_LANE = 96
GAPS = {0: 60, 1: 330, 2: 220, 3: 180}
LEAST_GAP = 135
TOP = 40
ROW_HEIGHT = 28
CHARACTER_WIDTH = 7
MARGIN = 24
MOST_BESIDE = 44

_CLASSES = {
    Mark.DATA: "data",
    Mark.OPEN: "open",
    Mark.END: "end",
    Mark.RESET: "reset",
    Mark.SIGN: "sign",
    Mark.DEATH: "reset",
    Mark.SILENCE: "silence",
    Mark.FAULT: "fault",
}


def draw(story: Story, name: str) -> Markup:
    """The picture; `name` makes its ids unique in the page."""
    return _Drawing(story).whole(name)


class _Drawing:
    """Where everything is."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._rows = story.rows
        gap = GAPS.get(len(story.lanes), LEAST_GAP)
        self._x = {lane: FIRST_LANE + place * gap for place, lane in enumerate(story.lanes)}
        self._x[SERVER] = FIRST_LANE + len(story.lanes) * gap
        self._bottom = self._y(len(self._rows)) - ROW_HEIGHT // 4
        beside = [len(_short(row.label)) for row in self._rows if row.lane == SERVER and row.way is Way.ALONE]
        self._width = (
            self._x[SERVER] + max([CHARACTER_WIDTH * most + MARGIN for most in beside], default=0) + MARGIN * 2
        )
        self._draw: dict[Way, Callable[[Row, int], Iterator[Markup]]] = {
            Way.TO_SERVER: self._arrow,
            Way.TO_CLIENT: self._arrow,
            Way.ALONE: self._sign,
            Way.LEFT_OUT: self._gap,
        }

    def _y(self, place: int) -> int:
        return TOP + ROW_HEIGHT * (place + 1)

    def whole(self, name: str) -> Markup:
        """All of it."""
        head = Markup(
            '<svg role="img" aria-labelledby="{0}-t {0}-d" viewBox="0 0 {1} {2}" width="{1}" height="{2}">'
            '<title id="{0}-t">Sequence of events</title><desc id="{0}-d">{3}</desc>'
        ).format(name, self._width, self._bottom + 8, in_words(self._story))
        return head + Markup("").join([*self._lanes(), *self._bands(), *self._events()]) + Markup("</svg>")

    def _lanes(self) -> Iterator[Markup]:
        for lane, called in (self._story.lanes | {SERVER: "server"}).items():
            x = self._x[lane]
            yield Markup('<text class="who" x="{}" y="20">{}</text>').format(x, called)
            for begin, end in self._alive(lane):
                yield _path("lane", f"M{x} {begin}V{end}")

    def _alive(self, lane: int) -> Iterator[tuple[int, int]]:
        """From where to where a lane is drawn: a client from its first row to its end, a server while it lives."""
        places = [place for place, row in enumerate(self._rows) if row.lane == lane]
        if lane != SERVER:
            over = [p for p in places if self._rows[p].mark is Mark.RESET or self._rows[p].label == "close"]
            if places:
                yield self._y(places[0]), self._y(over[-1]) if over and over[-1] == places[-1] else self._bottom
            return
        yield TOP - 12, self._y(0)
        for gone, run in groupby(range(len(self._rows)), key=lambda place: self._rows[place].gone):
            within = list(run)
            if not gone:
                yield self._y(within[0]), min(self._y(within[-1] + 1), self._bottom)

    def _bands(self) -> Iterator[Markup]:
        """Where the server is frozen, and where a client reads nothing."""
        yield from self._band("frozen", SERVER, [row.frozen for row in self._rows])
        for lane in self._story.lanes:
            yield from self._band("stalled", lane, [lane in row.stalled for row in self._rows])

    def _band(self, style: str, lane: int, within: Sequence[bool]) -> Iterator[Markup]:
        for on, run in groupby(range(len(within)), key=lambda place: within[place]):
            places = list(run)
            if on:
                top, bottom = self._y(places[0]), min(self._y(places[-1] + 1), self._bottom)
                yield Markup('<rect class="{}" x="{}" y="{}" width="14" height="{}" rx="3"/>').format(
                    style, self._x[lane] - 7, top, bottom - top
                )

    def _events(self) -> Iterator[Markup]:
        for place, row in enumerate(self._rows):
            y = self._y(place)
            if row.at_s is not None:
                yield _text("when", TIMES_RIGHT, y + 4, seconds_text(row.at_s))
            yield from self._draw[row.way](row, y)

    def _arrow(self, row: Row, y: int) -> Iterator[Markup]:
        client, server = self._x[row.lane], self._x[SERVER]
        right = row.way is Way.TO_SERVER
        begin, tip, back = (client, server - 1, -1) if right else (server, client + 1, 1)
        style = _CLASSES[row.mark] + ("" if right else " back")
        yield _path(style, f"M{begin} {y}H{tip}")
        if row.mark is not Mark.SILENCE:
            yield _path(f"{style} head", f"M{tip} {y}l{9 * back} -4.5v9z")
        if row.mark is Mark.END:  # nothing more comes this way
            yield _path(style, f"M{server - 15} {y - 6}v12M{server - 19} {y - 6}v12")
        if row.mark is Mark.RESET:
            yield _cross(style, begin, y)
        yield _text(f"{style} what", client + 14, y - 5, row.label)

    def _sign(self, row: Row, y: int) -> Iterator[Markup]:
        x, style = self._x[row.lane], _CLASSES[row.mark]
        if row.mark in {Mark.DEATH, Mark.RESET}:
            yield _cross(style, x, y)
        elif row.mark is Mark.FAULT:
            yield _path(f"{style} head", f"M{x} {y - 7}l7 7l-7 7l-7 -7z")
        else:
            yield Markup('<circle class="{}" cx="{}" cy="{}" r="4"/>').format(style, x, y)
        yield _text(f"{style} what", x + 14, y + 4, _short(row.label) if row.lane == SERVER else row.label)

    def _gap(self, row: Row, y: int) -> Iterator[Markup]:
        yield _path("gap", f"M{FIRST_LANE} {y}H{self._x[SERVER]}")
        yield _text("gap mid", (FIRST_LANE + self._x[SERVER]) // 2, y + 4, row.label)


def _short(label: str) -> str:
    return label if len(label) <= MOST_BESIDE else f"{label[: MOST_BESIDE - 1]}\u2026"


def _path(style: str, line: str) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format(style, line)


def _cross(style: str, x: int, y: int) -> Markup:
    return _path(f"{style} cross", f"M{x - 6} {y - 6}l12 12m0 -12l-12 12")


def _text(style: str, x: int, y: int, text: str) -> Markup:
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(style, x, y, text)
