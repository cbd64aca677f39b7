"""How long silence may last before it counts as an answer.

Silence, never slowness: whatever moves at all is waited for. A first silence is judged with full patience. Cases that
only serve to shorten a known failure get a short one, learnt from this server's own pace. A server that has been found
silent once has failed already: its further failures are judged with less, and shortened for less time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from clients.peer import SLICE_S
from conformance.harness.text import seconds

FULL_S = 10.0
LEAST_S = 2.0
SHORTEST_S = 0.25
LESS_EACH_TIME = 4.0
SHRINKING_S = 2.0
TIMES_SLOWEST = 10
AFFORDED_S = 4.0
LEAST_ROUND_TRIPS = 10
SPENT_A_CASE_S = 0.1
LEAST_SPENT_S = 10.0
LONGEST_CASE_S = 60.0
UNWATCHED_SHARE = 0.1
MOST_TIMES_ALLOWED = 16
MOST_TIMES_SILENT = 3
WORTH_TELLING_S = 1.0


class Patience:
    """The patience with one server. All times in seconds.

    `factor` is the user's: above one where the server, its machine or the way to it is slow, below one where the run
    may be wrong sooner.
    """

    def __init__(self, factor: float = 1.0) -> None:
        self._factor = factor
        self._slowest_s = 0.0
        self._silences = 0
        self.round_trip_s = 0.0  # of a lone message, at its best

    def learn(self, slowest_s: float) -> None:
        """Take note of a silence that ended well."""
        self._slowest_s = max(self._slowest_s, slowest_s)

    def afford(self, most: int) -> int:
        """How many round trips a single case may ask for: as many as the server does in a few seconds, by its pace.

        A server that takes its time is slow, not wrong; a case made for a quick one would take it minutes.
        """
        return (
            most
            if self.round_trip_s * most <= AFFORDED_S
            else max(LEAST_ROUND_TRIPS, int(AFFORDED_S / self.round_trip_s))
        )

    def enough_s(self, cases: int) -> float:
        """How long the cases of one clause, so many of them, may take on a slow server, all together."""
        return max(LEAST_SPENT_S, SPENT_A_CASE_S * cases) if self.round_trip_s else math.inf

    def disappointed(self) -> None:
        """A failure by silence was confirmed."""
        self._silences += 1

    @property
    def full_s(self) -> float:
        """For a verdict."""
        return max(self._factor * max(FULL_S / LESS_EACH_TIME**self._silences, LEAST_S), self._paced_s)

    @property
    def short_s(self) -> float:
        """For shortening a case."""
        return min(self.full_s, max(self._factor * SHORTEST_S, self._paced_s))

    @property
    def longest_case_s(self) -> float:
        """For a case that goes on and on."""
        return LONGEST_CASE_S * max(1.0, self._factor)

    def shrinking_s(self, *, timed: bool) -> float:
        """How long a failure may be shortened.

        Each shorter case that is silent as well costs a patience and a fresh copy. It decides nothing: it makes a case
        easier to read, and the first of them is the one that is read.
        """
        return SHRINKING_S / LESS_EACH_TIME**self._silences if timed else SHRINKING_S

    @property
    def _paced_s(self) -> float:
        return min(FULL_S * max(1.0, self._factor), TIMES_SLOWEST * self._slowest_s)


class Turns:
    """Seconds as the turns of a loop count them, of which none counts for more than `SLICE_S`.

    Who was starved, and looks again after a minute, has not seen a minute of silence. (`clients.peer.pump` counts so.)
    """

    def __init__(self) -> None:
        self._before_s = time.monotonic()
        self._passed_s = 0.0

    def another(self) -> float:
        """One more turn is done; how long all of them took."""
        before_s, self._before_s = self._before_s, time.monotonic()
        self._passed_s += min(self._before_s - before_s, SLICE_S)
        return self._passed_s


class Silence:
    """So many seconds in which nothing comes from a server that could speak: one in line for a processor could not.

    `in_line_s` tells how long its threads have waited in line, all together. Of many that wait side by side that is
    more than has passed, so at most three times the seconds are left out: four times as long is a silence in any case.
    """

    def __init__(self, silence_s: float, in_line_s: Callable[[], float]) -> None:
        self._silence_s = silence_s
        self._in_line_s = in_line_s
        self._began = time.monotonic()
        self._before_s: float | None = None
        self._left_out_s = 0.0

    def watch(self) -> None:
        """Look at the line, once a wait has lasted: few do, and a look costs more than most of them."""
        if self._before_s is None and time.monotonic() - self._began > UNWATCHED_SHARE * self._silence_s:
            self._before_s = self._in_line_s()

    def more_s(self) -> float:
        """After so many seconds of silence: how much longer to wait, for what of them was the machine's."""
        if self._before_s is None:
            return 0.0
        in_line_s = min(self._in_line_s() - self._before_s, MOST_TIMES_SILENT * self._silence_s)
        more_s = in_line_s - self._left_out_s
        if more_s < SLICE_S:
            return 0.0
        self._left_out_s = in_line_s
        return more_s


class Allowance:
    """So many seconds, in which the time spent in line for a processor does not count.

    That time is the machine's: a busy one would make every server a slow one. `in_line_s` tells it, summed over all
    threads concerned; of many threads that wait side by side the sum is more than has passed, so that what is left out
    is bounded: after sixteen times the seconds allowed, all is spent. (With a share of 4% of a processor a correct
    server that forks was not done with 1,100 connections after four times the minute that a case may take.)

    To sum up takes a while where there are a thousand threads, and all the longer on a busy machine. So nobody looks
    before what was left at the last look can have passed.
    """

    def __init__(self, allowed_s: float, in_line_s: Callable[[], float]) -> None:
        self._allowed_s = allowed_s
        self._in_line_s = in_line_s
        self._began = time.monotonic()
        self._in_line_before_s: float | None = None
        self._not_before_s = UNWATCHED_SHARE * allowed_s

    def spent(self) -> bool:
        """Whether nothing of it is left."""
        took_s = time.monotonic() - self._began
        if took_s > MOST_TIMES_ALLOWED * self._allowed_s:
            return True
        if took_s < self._not_before_s:
            return False
        if self._in_line_before_s is None:
            self._in_line_before_s = self._in_line_s()
        in_line_s = max(0.0, self._in_line_s() - self._in_line_before_s)  # threads that are gone take theirs along
        left_s = self._allowed_s - (took_s - in_line_s)
        self._not_before_s = took_s + left_s
        return left_s < 0

    def in_words(self) -> str:
        """What is spent, and what was left out."""
        left_out_s = time.monotonic() - self._began - self._allowed_s
        more = f", and {seconds(left_out_s)} in line for a processor" if left_out_s > WORTH_TELLING_S else ""
        return seconds(self._allowed_s) + more
