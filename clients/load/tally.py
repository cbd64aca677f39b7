"""What is counted while the load runs, and the figures that come of it.

A histogram that takes one value at a time costs more than an exchange. Latencies are counted by whole microseconds as
they come, and the histogram takes each of these once, with its count, at the end.
"""

from __future__ import annotations

import collections
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from hdrh.histogram import HdrHistogram

from clients.load.plan import Plan
from clients.load.processor import processor_s

LONGEST_US = 3_600_000_000
DIGITS = 3
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)
# Of a processor's whole time. Above it a process of one thread can do no more.
SATURATED = 0.9


class Tally:
    """Counts of one run. `mark` at the beginning and at the end of what is measured; nothing before counts."""

    def __init__(self, pid: int | None) -> None:
        self.answered = 0
        self.latencies_us: collections.Counter[int] = collections.Counter()
        self.errors: collections.Counter[str] = collections.Counter()
        self.unanswered = 0
        self._pid = pid
        self._marks: list[tuple[int, int, float, float]] = []

    def mark(self, now_ns: int) -> None:
        """Read the clocks: what is measured begins, or ends."""
        server_s = 0.0 if self._pid is None else processor_s(self._pid)
        self._marks.append((now_ns, self.answered, time.process_time(), server_s))

    def cut_short(self) -> None:
        """The run was interrupted: what was measured ends here."""
        if len(self._marks) == 1:
            self.mark(time.perf_counter_ns())

    def figures(self, plan: Plan) -> Figures:
        """What came of it; of a run that was cut short, as far as it got."""
        if len(self._marks) < 2:
            return Figures(errors=dict(self.errors))
        (began_ns, before, own_s, server_s), (ended_ns, after, own_end_s, server_end_s) = self._marks[:2]
        window_s = (ended_ns - began_ns) / 1e9
        return Figures(
            seconds=window_s,
            messages=after - before,
            errors=dict(self.errors),
            unanswered=self.unanswered,
            latency_us=percentiles(self.latencies_us),
            counts_us=dict(self.latencies_us),
            own_share=(own_end_s - own_s) / window_s,
            server_share=None if plan.pid is None else (server_end_s - server_s) / window_s,
            server_cpu_us=None
            if plan.pid is None or after == before
            else (server_end_s - server_s) * 1e6 / (after - before),
        )


@dataclass(frozen=True)
class Figures:
    """What a run came to. Shares are of one processor's time; `unanswered` messages were due and never answered."""

    seconds: float = 0.0
    messages: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    latency_us: dict[str, float] = field(default_factory=dict)
    counts_us: dict[int, int] = field(default_factory=dict)
    own_share: float = 0.0
    server_share: float | None = None
    server_cpu_us: float | None = None

    @property
    def rate(self) -> float:
        """Messages answered in a second."""
        return self.messages / self.seconds if self.seconds else 0.0

    @property
    def bottleneck(self) -> str | None:
        """What is to be said when it was the generator that could do no more; None when it was not."""
        if self.own_share < SATURATED:
            return None
        if self.server_share is None:
            return "the generator has used up its processor: the server may be faster than this (--pid would tell)"
        if self.server_share < SATURATED:
            return "the generator is the bottleneck: it has used up its processor, and the server has not"
        return None

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
