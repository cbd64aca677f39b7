"""One clause tried on one client: a search in which each case has a fresh copy of the client."""

from __future__ import annotations

import time
from dataclasses import replace

from conformance.harness.child import CannotStart, Keeper
from conformance.harness.kernel import KernelView
from conformance.harness.patience import Patience
from conformance.harness.script import Script, Step, script
from conformance.harness.search import Finding, Inconclusive, Search, met_again
from conformance.harness.transcript import Trouble
from conformance.hosting import script as h
from conformance.hosting.law import breach_of
from conformance.hosting.player import Player
from conformance.hosting.target import ClientTarget
from conformance.hosting.transcript import Hosting

LEAVE = (h.Fin(), h.AwaitExit())
GREETING = script(h.Type(b"hello\n"), h.EndInput(), h.AwaitHalfClose(), h.Answer(), *LEAVE)
UNTYPED_GREETING = script(h.Converse(), *LEAVE)


class ClientBench:
    """A client held in place for all its clauses: what has been learnt of it."""

    def __init__(self, target: ClientTarget, keeper: Keeper, kernel: KernelView) -> None:
        self.target = target
        self.patience = Patience(target.patience)
        self._keeper = keeper
        self._kernel = kernel
        self._half_closes: bool | None = None
        self._cannot_start: CannotStart | None = None

    def ready(self) -> None:
        """Learn from one line whether the client says that its input has ended. Raises `CannotStart`."""
        if self._cannot_start is not None:
            raise met_again(self._cannot_start)
        if self._half_closes is not None:
            return
        self._half_closes = True
        try:
            typed = self.target.conversation.typed
            greeting = self.play(GREETING if typed else UNTYPED_GREETING, self.patience.full_s)
            if not greeting.clients and greeting.epitaph is not None:
                msg = f"the client {greeting.epitaph}, and had not connected: does its command say where the server is?"
                raise CannotStart(msg)
        except CannotStart as error:
            self._cannot_start = error
            raise
        stop = greeting.stop
        silent = stop is not None and stop.trouble is Trouble.SILENCE
        self._half_closes = not (silent and stop is not None and isinstance(stop.step, h.AwaitHalfClose))

    def play(self, case: Script, silence_s: float) -> Hosting:
        """Play a case with a fresh copy. Raises `Inconclusive` where it could not be made."""
        player = Player(
            self.target,
            self._keeper,
            self._kernel,
            silence_s,
            self.patience.longest_case_s,
            half_closes=self._half_closes is not False,
        )
        hosting = player.play(case)
        stop = hosting.stop
        if stop is not None and stop.trouble in {Trouble.UNCERTAIN, Trouble.TOO_LONG}:
            why = f"{stop.trouble.value} ({stop.detail})"
            raise Inconclusive(f"{stop.step}: {why}")
        return hosting


class ClientTrial(Search):
    """What a clause's test about a client is given."""

    again = "with a fresh copy of the client"

    def __init__(self, bench: ClientBench) -> None:
        super().__init__(bench.patience)
        self.bench = bench

    def ready(self) -> None:
        """See that the client can be started. Raises `CannotStart`."""
        self.bench.ready()
        self._began_at = time.monotonic()

    def typing(self, *steps: Step) -> Script:
        """These steps where the client sends what is on its standard input; none where it speaks by itself."""
        return script(*(steps if self.bench.target.conversation.typed else ()))

    def whole_case(self, finding: Finding) -> Script:
        """The case itself: each has a fresh copy."""
        return finding.script

    def state(self) -> str:
        """Who has not ended still runs, until it is ended."""
        return "still running"

    def _try(self, played: Script) -> Finding | None:
        self.cases += 1
        finding = self._played(played, self._silence_s)
        if finding is None:
            self._passed.add(played)
            return None
        return self._note_failure(played, finding)

    def _leave(self) -> None:
        """Each case has a client of its own."""

    def _once_more(self, candidate: Finding) -> Finding | None:
        return self._played(candidate.script, self.patience.full_s)

    def _played(self, played: Script, silence_s: float) -> Finding | None:
        hosting = self.bench.play(played, silence_s)
        breach = breach_of(hosting)
        if breach is None:
            return None
        if breach.timed and hosting.status is not None:  # what has ended needs no clock
            breach = replace(breach, timed=False)
        return Finding(played, breach, hosting)
