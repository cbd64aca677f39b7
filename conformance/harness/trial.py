"""One clause tried on one server: a search in which every case is played on a copy that is there and warm."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from conformance.harness.bench import CANARY, COMPANY, STOP_AND_CONTINUE, Bench
from conformance.harness.law import Breach, breach_of
from conformance.harness.script import Await, AwaitEnd, Script, script
from conformance.harness.search import Finding, Inconclusive, Nonconformity, Search
from conformance.harness.transcript import Answers, Transcript


class Trial(Search):
    """What a clause's test about a server is given. `answers` makes the oracle of a connection."""

    again = "on a fresh copy of the server"

    def __init__(self, bench: Bench, answers: Callable[[], Answers]) -> None:
        super().__init__(bench.patience)
        self.excuses_company: str | None = None  # the clause that is held against a server that stands none
        self.bench = bench
        self._answers = answers
        self._last: tuple[Script, Transcript] | None = None
        self._to_mend = False  # whether a case has failed since it was last seen to serve

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

    def _find(self, played: Script) -> Finding | None:
        if self.excuses_company and played.has_company and not self._stands_company():
            msg = f"the server serves no second connection while a first one is open ({self.excuses_company})"
            raise Inconclusive(msg)
        return super()._find(played)

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

    def whole_case(self, finding: Finding) -> Script:
        """Where a new connection showed what a case had left behind, that one as well.

        Of a server that never ends a connection, only what it owes is awaited, as it was when the case was played.
        """
        case = finding.script
        if finding.transcript.script != case:
            case = script(case, finding.transcript.script)
        if self.bench.awaits_end:
            return case
        return script(*(Await(step.client) if isinstance(step, AwaitEnd) else step for step in case))

    def state(self) -> str:
        """Nobody knows of a server that others started."""
        return "still running" if self.bench.server.restartable else "not started by the suite"

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

    def _leave(self) -> None:
        self.bench.replace()

    def _try(self, played: Script) -> Finding | None:
        if self._to_mend:
            self._mend()
        late = self._late_death()
        if late is not None:
            return self._note_failure(played, late)
        self.cases += 1
        transcript = self._play(played, self._silence_s)
        breach = self._breach_of(transcript)
        if breach is None:
            self._last = played, transcript
            self._passed.add(played)
            return None
        self._to_mend = True
        return self._note_failure(played, Finding(played, breach, transcript))

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
        self._to_mend = False
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
