"""The search for a case that breaks the law: what is the same whatever is tried, a server or a client.

1. The first failure is judged with full patience. From then on Hypothesis shrinks, with short patience and a budget.
2. What passed passes again from memory, and what failed fails again: Hypothesis asks more than once, and must hear
   the same. When the budget is spent, what is not known yet passes unplayed, so that shrinking ends.
3. On a slow target there is a time after which no further cases are played: what came out well so far stands for them,
   and their number is told.
4. The shortest case is played once more with full patience, on a fresh copy of the target. Where it does not show
   again, the first one is. What neither shows is reported when its evidence needs no clock (wrong bytes, a death), and
   is inconclusive when it was a matter of time.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from conformance.harness.law import Breach
from conformance.harness.patience import Patience
from conformance.harness.script import Script, Step, script
from conformance.harness.transcript import Transcript, Trouble

# What of the target itself is waited for, as long as patience lasts.
WAITED_FOR = {Trouble.BUSY, Trouble.HELD, Trouble.AWAKE, Trouble.UNREAPED, Trouble.UNSERVED, Trouble.UNANNOUNCED}


class Inconclusive(Exception):
    """The run cannot tell, and it is nobody's fault that it knows of."""


@dataclass(frozen=True)
class Finding:
    """A case that breaks the law, and how."""

    script: Script
    breach: Breach
    transcript: Transcript
    note: str = ""


class Nonconformity(Exception):
    """The target broke the clause."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"expected {finding.breach.expected}; got {finding.breach.actual}")
        self.finding = finding


def met_again(error: Exception) -> Exception:
    """The same error, with the last part of its trace alone: each raising adds one, and all of them are shown.

    The last is where it came from, by which Hypothesis knows that it is the same.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return error.with_traceback(trace)


class Search(ABC):
    """What a clause's test is given: `hold` plays its steps and sees that the law held.

    Raises `Nonconformity` where the target broke the law, `Inconclusive` where the case could not be made. `again` is
    what a case is confirmed on.
    """

    again = "on a fresh copy"

    def __init__(self, patience: Patience) -> None:
        self.cases = 0
        self.first_failure: tuple[int, float] | None = None  # after how many cases and seconds
        self.binds = True  # whether who fails here is nonconformant
        self.enough_at = math.inf  # of the monotonic clock: when cases that go well need not be followed by others
        self.patience = patience
        self._failed: dict[Script, Finding] = {}
        self._passed: set[Script] = set()
        self._first: Finding | None = None
        self._inconclusive: Inconclusive | None = None
        self._shrunk_enough_at = 0.0
        self._began_at = time.monotonic()

    def hold(self, *steps: Step | Script) -> None:
        """Play these steps; return when everything owed was delivered and nothing else was."""
        if self._inconclusive is not None:
            raise met_again(self._inconclusive)
        try:
            finding = self._find(script(*steps))
        except Inconclusive as reason:
            if self._first is not None:
                return  # what could not be made is no shorter case of what has failed
            self._inconclusive = reason  # Hypothesis asks again, and must hear the same
            raise
        if finding is not None:
            raise Nonconformity(finding)

    def _find(self, played: Script) -> Finding | None:
        if played in self._passed or (played not in self._failed and self._spent()):
            return None
        return self._failed.get(played) or self._try(played)

    @abstractmethod
    def _try(self, played: Script) -> Finding | None:
        """Play a case that is not known yet."""

    @abstractmethod
    def _once_more(self, candidate: Finding) -> Finding | None:
        """Play a case that failed with full patience, on a fresh copy."""

    @abstractmethod
    def whole_case(self, finding: Finding) -> Script:
        """All that it takes to see it."""

    @abstractmethod
    def state(self) -> str:
        """What is to be said of a target that has not ended."""

    @abstractmethod
    def _leave(self) -> None:
        """Have what has shown a fault be asked nothing more."""

    def confirmed(self, found: Finding, *, as_it_is: bool = False) -> Finding:
        """The finding to report. Raises `Inconclusive` where it was a matter of time and does not show again.

        With `as_it_is`, a case is not played again where that would not change the outcome.
        """
        self._note_first_failure()  # of a canary, which is no case
        if as_it_is and not found.breach.timed:
            self._leave()
            self._take_note(found)
            return found
        candidates = [found] + ([self._first] if self._first and self._first.script != found.script else [])
        for candidate in candidates:
            try:
                again = self._once_more(candidate)
            except Inconclusive as reason:
                return replace(candidates[-1], note=f"not played again: {reason}")
            if again is not None:
                self._take_note(again)
                return again
        seen = next((candidate for candidate in reversed(candidates) if not candidate.breach.timed), None)
        if seen is None:
            msg = f"seen once and not again {self.again}: {found.breach.actual}"
            raise Inconclusive(msg)
        self._take_note(seen)
        note = f"seen once; the same case did not show it again {self.again}"
        return Finding(seen.script, seen.breach, seen.transcript, note)

    def pass_over_failures(self) -> None:
        """Go on as if the cases that failed had passed: they do not fail each time."""
        self._passed.update(self._failed)
        self._failed.clear()
        self._first = self.first_failure = None

    def _take_note(self, found: Finding) -> None:
        """A target that was waited for in vain has failed and is waited for less, unless it need not do that."""
        stop = found.transcript.stop
        waited = stop is not None and (stop.trouble is Trouble.SILENCE or stop.trouble in WAITED_FOR)
        if self.binds and waited:
            self.patience.disappointed()

    @property
    def _silence_s(self) -> float:
        """How long the next case may be silent: less where all that it can do is shorten a failure."""
        return self.patience.short_s if self._first else self.patience.full_s

    def _note_failure(self, played: Script, finding: Finding) -> Finding | None:
        """Take note of a case that failed; None where it is no shorter case of what has failed before.

        A silence is none of a wrong answer: patience is short by then, and a crowded machine slow.
        """
        if self._first is not None and finding.breach.timed and not self._first.breach.timed:
            self._passed.add(played)
            return None
        self._failed[played] = finding
        if self._first is None:
            self._first = finding
            shrinking_s = self.patience.shrinking_s(timed=finding.breach.timed)
            self._shrunk_enough_at = time.monotonic() + shrinking_s
            self._note_first_failure()
        return finding

    def _note_first_failure(self) -> None:
        if self.first_failure is None:
            self.first_failure = self.cases, time.monotonic() - self._began_at

    def _spent(self) -> bool:
        if self._first is not None:
            return time.monotonic() > self._shrunk_enough_at
        return bool(self._passed) and time.monotonic() > self.enough_at
