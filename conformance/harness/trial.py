"""One clause tried on one server: cases are played until one breaks the law, which is then shortened and confirmed.

1. The first failure is judged with full patience. From then on Hypothesis shrinks, with short patience and a budget.
2. What passed passes again from memory, and what failed fails again: Hypothesis asks more than once, and must hear
   the same. When the budget is spent, what is not known yet passes unplayed, so that shrinking ends.
3. On a slow server there is a time after which no further cases are played: what came out well so far stands for them,
   and their number is told.
4. The shortest case is played once more with full patience, on a fresh copy of the server. Where it does not show
   again, the first one is. What neither shows is reported when its evidence needs no clock (wrong bytes, a death), and
   is inconclusive when it was a matter of time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from conformance.harness.bench import CANARY, COMPANY, STOP_AND_CONTINUE, Bench, Inconclusive
from conformance.harness.law import Breach, breach_of
from conformance.harness.script import Script, Step, script
from conformance.harness.transcript import Answers, Transcript, Trouble

# What of the server itself is waited for, as long as patience lasts.
WAITED_FOR = {Trouble.BUSY, Trouble.HELD, Trouble.AWAKE, Trouble.UNREAPED, Trouble.UNSERVED, Trouble.UNANNOUNCED}


@dataclass(frozen=True)
class Finding:
    """A case that breaks the law, and how."""

    script: Script
    breach: Breach
    transcript: Transcript
    note: str = ""


class Nonconformity(Exception):
    """The server broke the clause."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"expected {finding.breach.expected}; got {finding.breach.actual}")
        self.finding = finding


class Trial:
    """What a clause's test is given: `hold` plays its steps and sees that the law held.

    `answers` makes the oracle of a connection. Raises `Nonconformity` where the server broke the law, `Inconclusive`
    where the case could not be made.
    """

    def __init__(self, bench: Bench, answers: Callable[[], Answers]) -> None:
        self.cases = 0
        self.first_failure: tuple[int, float] | None = None  # after how many cases and seconds
        self.excuses_company: str | None = None  # the clause that is held against a server that stands none
        self.binds = True  # whether who fails here is nonconformant
        self.enough_at = math.inf  # of the monotonic clock: when cases that go well need not be followed by others
        self.bench = bench
        self._answers = answers
        self._failed: dict[Script, Finding] = {}
        self._passed: set[Script] = set()
        self._first: Finding | None = None
        self._inconclusive: Inconclusive | None = None
        self._last: tuple[Script, Transcript] | None = None
        self._shrunk_enough_at = 0.0
        self._began_at = time.monotonic()

    @property
    def profile(self) -> str:
        """The profile that the server is judged by."""
        return self.bench.target.profile

    @property
    def freezes(self) -> bool:
        """Whether the server can be stopped and continued, and stands it."""
        return self.bench.server.freezable and self.stands(STOP_AND_CONTINUE)

    def afford(self, most: int) -> int:
        """How many round trips a case may ask of this server, `most` of one that is not slow."""
        return self.bench.patience.afford(most)

    def ready(self) -> None:
        """See that a server is there to be tried. Raises `CannotStart` or `Inconclusive` where none is."""
        self.bench.ready(self._answers)
        self._began_at = time.monotonic()

    def stands(self, taken_for_granted: Script) -> bool:
        """Whether the server stands a case that many clauses take for granted."""
        return self.bench.stands(taken_for_granted, self._answers) is None

    def _stands_company(self) -> bool:
        breach = self.bench.stands(COMPANY, self._answers)
        return breach is None or not breach.timed  # a wrong answer is another matter

    def hold(self, *steps: Step | Script) -> None:
        """Play these steps; return when everything owed was delivered and nothing else was."""
        if self._inconclusive is not None:
            raise self._inconclusive
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
        if self.excuses_company and played.has_company and not self._stands_company():
            msg = f"the server serves no second connection while a first one is open ({self.excuses_company})"
            raise Inconclusive(msg)
        if played in self._passed or (played not in self._failed and self._spent()):
            return None
        return self._failed.get(played) or self._try(played)

    def serves_afterwards(self) -> None:
        """See that a new connection is served, now that the cases are over."""
        late = self._late_death()
        if late is not None:
            raise Nonconformity(late)
        self.bench.ready(self._answers)
        if self.bench.answers_wrongly is not None:
            return  # no canary of its would be right
        breach, transcript = self.bench.serves(self._answers, self.bench.patience.full_s)
        if breach is None:
            return
        note = f"found by a new connection, after {self.cases} cases that passed; the last of them is shown"
        self.bench.replace()
        script = self._last[0] if self._last is not None else CANARY
        raise Nonconformity(Finding(script, breach, transcript, note))

    def confirmed(self, found: Finding) -> Finding:
        """The finding to report. Raises `Inconclusive` where it was a matter of time and does not show again."""
        self._note_first_failure()  # of a canary, which is no case
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
            msg = f"seen once and not again on a fresh copy of the server: {found.breach.actual}"
            raise Inconclusive(msg)
        self._take_note(seen)
        note = "seen once; the same case did not show it again on a fresh copy of the server"
        return Finding(seen.script, seen.breach, seen.transcript, note)

    def _take_note(self, found: Finding) -> None:
        """A server that was waited for in vain has failed and is waited for less, unless it need not do that."""
        stop = found.transcript.stop
        waited = stop is not None and (stop.trouble is Trouble.SILENCE or stop.trouble in WAITED_FOR)
        if self.binds and waited:
            self.bench.patience.disappointed()

    def _once_more(self, candidate: Finding) -> Finding | None:
        self.bench.replace()
        self.bench.ready(self._answers)
        transcript = self._play(candidate.script, self.bench.patience.full_s)
        breach = self._breach_of(transcript)
        self.bench.replace()
        return Finding(candidate.script, breach, transcript) if breach is not None else None

    def _breach_of(self, transcript: Transcript) -> Breach | None:
        """The breach of the law. A server that has stopped itself is silent for a reason that needs no clock."""
        breach = breach_of(transcript)
        if breach is not None and breach.timed and self.bench.server.is_stopped:
            breach = replace(breach, actual=f"the server is stopped, as by SIGSTOP; {breach.actual}", timed=False)
        return breach

    def _try(self, played: Script) -> Finding | None:
        late = self._late_death()
        if late is not None:
            return self._note_failure(played, late)
        self.cases += 1
        patience = self.bench.patience
        transcript = self._play(played, patience.short_s if self._first else patience.full_s)
        breach = self._breach_of(transcript)
        if breach is None:
            self._last = played, transcript
            self._passed.add(played)
            return None
        self._mend()
        return self._note_failure(played, Finding(played, breach, transcript))

    def _note_failure(self, played: Script, finding: Finding) -> Finding:
        self._failed[played] = finding
        if self._first is None:
            self._first = finding
            shrinking_s = self.bench.patience.shrinking_s(timed=finding.breach.timed)
            self._shrunk_enough_at = time.monotonic() + shrinking_s
            self._note_first_failure()
        return finding

    def _note_first_failure(self) -> None:
        if self.first_failure is None:
            self.first_failure = self.cases, time.monotonic() - self._began_at

    def _late_death(self) -> Finding | None:
        """A server that dies after its last answer has failed the case before, whatever comes next."""
        epitaph = self.bench.server.epitaph()
        if epitaph is None or self._last is None:
            return None
        self.bench.replace()
        breach = Breach("the server goes on serving", f"the server {epitaph}", "every client had been served")
        script, transcript = self._last
        self._last = None
        return Finding(script, breach, replace(transcript, epitaph=epitaph))

    def _mend(self) -> None:
        """After a failure: have a fresh copy for the next case, unless this one serves on as before."""
        if self.bench.server.epitaph() is None and self.bench.answers_wrongly is None:
            breach, _ = self.bench.serves(self._answers, self.bench.patience.short_s)
            if breach is None:
                return
        self.bench.replace()

    def _play(self, played: Script, silence_s: float) -> Transcript:
        self.bench.ready(self._answers)
        transcript = self.bench.play(played, self._answers, silence_s)
        self.bench.see_that_it_was_played(transcript)
        return transcript

    def _spent(self) -> bool:
        if self._first is not None:
            return time.monotonic() > self._shrunk_enough_at
        return bool(self._passed) and time.monotonic() > self.enough_at
