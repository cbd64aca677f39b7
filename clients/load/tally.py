"""What is counted while the load runs, and the figures that come of it.

A histogram that takes one value at a time costs more than an exchange. Latencies are counted by whole microseconds as
they come, and the histogram takes each of these once, with its count, at the end.
"""

from __future__ import annotations

import collections
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from hdrh.histogram import HdrHistogram

from clients.load.processor import NoSuchProcess, processor_s

LONGEST_US = 3_600_000_000
DIGITS = 3
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)
# Of the time. Above it a process of one thread can do no more.
SATURATED = 0.9
PROCESS_ENDED = "the server's process ended"


class Mark(NamedTuple):
    """The clocks and counts when what is measured began, or ended; `server_s` is None where nobody asks, or can."""

    now_ns: int
    answered: int
    waited_ns: int
    own_s: float
    server_s: float | None


class Tally:
    """Counts of one run. `mark` at the beginning and at the end of what is measured; nothing before counts.

    `waited_ns` is how long the generator waited for readiness.
    """

    def __init__(self, pid: int | None) -> None:
        self.answered = 0
        self.latencies_us: collections.Counter[int] = collections.Counter()
        self.errors: collections.Counter[str] = collections.Counter()
        self.unanswered = 0
        self.waited_ns = 0
        self._pid = pid
        self._marks: list[Mark] = []

    def mark(self, now_ns: int) -> None:
        """Read the clocks: what is measured begins, or ends. That the server's process is gone is an error counted."""
        self._marks.append(Mark(now_ns, self.answered, self.waited_ns, time.process_time(), self._server_s()))

    def _server_s(self) -> float | None:
        if self._pid is None:
            return None
        try:
            return processor_s(self._pid)
        except NoSuchProcess:
            self.errors[PROCESS_ENDED] += 1
            self._pid = None
            return None

    def figures(self) -> Figures:
        """What came of it; of a run that was cut short, as far as it got."""
        if len(self._marks) < 2:
            return Figures(errors=dict(self.errors))
        began, ended = self._marks[:2]
        window_s = (ended.now_ns - began.now_ns) / 1e9
        messages = ended.answered - began.answered
        server_s = None if began.server_s is None or ended.server_s is None else ended.server_s - began.server_s
        return Figures(
            seconds=window_s,
            messages=messages,
            errors=dict(self.errors),
            unanswered=self.unanswered,
            latency_us=percentiles(self.latencies_us),
            counts_us=dict(self.latencies_us),
            own_share=(ended.own_s - began.own_s) / window_s,
            busy_share=1 - (ended.waited_ns - began.waited_ns) / 1e9 / window_s,
            server_share=None if server_s is None else server_s / window_s,
            server_cpu_us=None if server_s is None or not messages else server_s * 1e6 / messages,
        )


@dataclass(frozen=True)
class Figures:
    """What a run came to. Shares are of one processor's time; `unanswered` messages were due and never answered.

    `busy_share` is the part of the time in which the generator did not wait: more than its processor time where others
    take the processor from it.
    """

    seconds: float = 0.0
    messages: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    latency_us: dict[str, float] = field(default_factory=dict)
    counts_us: dict[int, int] = field(default_factory=dict)
    own_share: float = 0.0
    busy_share: float = 0.0
    server_share: float | None = None
    server_cpu_us: float | None = None

    @property
    def rate(self) -> float:
        """Messages answered in a second."""
        return self.messages / self.seconds if self.seconds else 0.0

    @property
    def bottleneck(self) -> str | None:
        """What is to be said when the generator could do no more; None when it could."""
        if self.busy_share < SATURATED:
            return None
        if self.server_share is None:
            return "the generator had no time left: the server may be faster than this (--pid would tell)"
        if self.server_share < SATURATED:
            return "the generator is the bottleneck: it had no time left, and the server had"
        return "neither generator nor server had time left: with several threads the server may be faster than this"

    def as_data(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "seconds": round(self.seconds, 6),
            "messages": self.messages,
            "messages_per_second": round(self.rate, 1),
            "latency_us": self.latency_us,
            "errors": self.errors,
            "unanswered": self.unanswered,
            "generator_cpu_share": round(self.own_share, 4),
            "generator_busy_share": round(self.busy_share, 4),
            "server_cpu_share": None if self.server_share is None else round(self.server_share, 4),
            "server_cpu_us_per_message": None if self.server_cpu_us is None else round(self.server_cpu_us, 3),
            "bottleneck": self.bottleneck,
        }


def percentiles(counts_us: Mapping[int, int]) -> dict[str, float]:
    """Percentiles of latencies in microseconds, each given with its count; none of none."""
    histogram = HdrHistogram(1, LONGEST_US, DIGITS)
    for latency, count in counts_us.items():
        histogram.record_value(min(max(1, latency), LONGEST_US), count)
    return {f"p{p:g}": histogram.get_value_at_percentile(p) for p in PERCENTILES} if counts_us else {}
