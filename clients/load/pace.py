"""When messages are due.

Closed loop: whenever a connection has fewer messages under way than its depth, another is due now. A server that stalls
is asked for nothing meanwhile, so its stall counts once for each connection and the percentiles look better than they
are for anyone whose users do not wait for each other: coordinated omission.

Open loop: message k of all is due at the k-th tick, on connection k modulo their number, whatever was answered. One
that cannot be sent in time, because the server has not read or the depth is used up, keeps the time that it was due at,
and latency counts from there.
"""

from __future__ import annotations

NS = 1_000_000_000


class ClosedLoop:
    """As much as the depth allows, always."""

    def __init__(self, depth: int) -> None:
        self._depth = depth

    def due(self, _index: int, under_way: int, now_ns: int) -> list[int]:
        """The times of the messages that connection `index` is to send now, with so many of its own under way."""
        return [now_ns] * (self._depth - under_way)

    def next_ns(self) -> int | None:
        """When something becomes due that no answer announces; never."""
        return None

    def ticked(self, _now_ns: int) -> range:
        """The connections for which something has become due since this was last asked; none."""
        return range(0)

    def end(self, _now_ns: int, _until_ns: int) -> None:
        """Nothing is due from now on."""
        self._depth = 0

    def owes(self, _index: int, _now_ns: int) -> bool:
        """Whether connection `index` is to send something yet that was due before the end; never."""
        return False

    def overdue(self, _now_ns: int) -> list[int]:
        """The times of all messages that are due and were not sent; none."""
        return []


class OpenLoop:
    """`rate` messages a second over `connections`, beginning at `start_ns`."""

    def __init__(self, rate: float, connections: int, depth: int, start_ns: int) -> None:
        self._interval_ns = NS / rate
        self._connections = connections
        self._depth = depth
        self._start_ns = start_ns
        self._last_ns: int | None = None
        self._until_ns = 0
        self._ticks = 0
        self._sent = [0] * connections

    def due(self, index: int, under_way: int, now_ns: int) -> list[int]:
        """The times of the messages that connection `index` is to send now, with so many of its own under way."""
        times: list[int] = []
        last_ns = now_ns
        if self._last_ns is not None:
            if now_ns >= self._until_ns:
                return times
            last_ns = self._last_ns
        while under_way + len(times) < self._depth:
            time_ns = self._next_of(index)
            if time_ns > last_ns:
                break
            times.append(time_ns)
            self._sent[index] += 1
        return times

    def next_ns(self) -> int | None:
        """When the next tick is; None when there is none before the end."""
        return self._time_ns(self._ticks) if self._last_ns is None else None

    def ticked(self, now_ns: int) -> set[int]:
        """The connections for which something has become due since this was last asked."""
        first = self._ticks
        self._ticks = max(first, int((now_ns - self._start_ns) / self._interval_ns) + 1)
        if self._ticks - first >= self._connections:
            return set(range(self._connections))
        return {tick % self._connections for tick in range(first, self._ticks)}

    def end(self, now_ns: int, until_ns: int) -> None:
        """Nothing is due after now. What was due before and could not be sent still is, until `until_ns`."""
        self._last_ns, self._until_ns = now_ns, until_ns

    def owes(self, index: int, now_ns: int) -> bool:
        """Whether connection `index` is to send something yet that was due before the end."""
        return self._last_ns is not None and now_ns < self._until_ns and self._next_of(index) <= self._last_ns

    def overdue(self, now_ns: int) -> list[int]:
        """The times of all messages that are due and were not sent."""
        last = int((now_ns - self._start_ns) / self._interval_ns) + 1
        firsts = (sent * self._connections + index for index, sent in enumerate(self._sent))
        return [self._time_ns(tick) for first in firsts for tick in range(first, last, self._connections)]

    def _next_of(self, index: int) -> int:
        return self._time_ns(self._sent[index] * self._connections + index)

    def _time_ns(self, tick: int) -> int:
        return self._start_ns + int(tick * self._interval_ns)


Pace = ClosedLoop | OpenLoop
