"""A server on the test bench: started when needed, replaced when it died, and known to answer before it is tried."""

from __future__ import annotations

import time
from collections.abc import Callable

from conformance.harness import script as s
from conformance.harness.child import CannotStart, Keeper
from conformance.harness.kernel import KernelView
from conformance.harness.law import Breach, breach_of
from conformance.harness.patience import LEAST_ROUND_TRIPS, Patience
from conformance.harness.player import Player
from conformance.harness.search import Inconclusive, met_again
from conformance.harness.server import Server
from conformance.harness.target import Target
from conformance.harness.text import seconds
from conformance.harness.transcript import Answers, Transcript, Trouble

# Named apart from the clients of the cases, so that its bytes are foreign to each of theirs.
LONE_MESSAGE = b"canary"
CANARY = s.script(s.Connect(900), s.Ping(900, LONE_MESSAGE), s.HalfClose(900), s.AwaitEnd(900))
# What many clauses take for granted. Where a server does not stand it, one clause says so, and no other is held
# against it for the same reason.
STOP_AND_CONTINUE = s.script(
    s.Connect(901),
    s.Ping(901, b"once"),
    s.Freeze(),
    s.Thaw(),
    s.Ping(901, b"more"),
    s.HalfClose(901),
    s.AwaitEnd(901),
)

COMPANY = s.script(
    s.Connect(902, if_room=True), s.Connect(903), s.Ping(903, b"company"), s.HalfClose(903), s.AwaitEnd(903)
)
LONE_DATAGRAM = s.script(s.Ask(904, b"datagram"))

# A lone message whose whole connection takes longer than this, alone, makes a server a slow one.
SLOW_S = 0.03
ASKED_AGAIN = 4
# After so many cases that took too long the others are not waited for: each would take that long as well.
MOST_TOO_LONG = 2


class Bench:
    """Holds one target in place for all its clauses. `answers` makes the oracle of a connection."""

    def __init__(self, target: Target, keeper: Keeper, kernel: KernelView) -> None:
        self.target = target
        self.server = Server(target, keeper, kernel)
        self.patience = Patience(target.patience)
        self._running = False
        self._doubtful = False
        self._served_before = False
        self._cannot_start: Exception | None = None
        self._greeting: Breach | None = None
        self._greeted = False
        self._said_something = False
        self.ends = True  # whether it ended the connection of a first lone message, after its client had
        self.awaits_end = True  # whether a case waits for the end of a connection, or only for what is owed on it
        self._cases_too_long = 0
        self.too_slow: str | None = None  # why nothing can be told of it, where that is so
        self.hint: str | None = None  # what the user may have meant, by the first answer
        self._stands: dict[s.Script, Breach | None] = {}

    def close(self) -> None:
        """End what was started."""
        self._running = False
        self.server.end()

    def replace(self) -> None:
        """Have the next case played against a fresh copy, where one can be had."""
        if self.server.restartable:
            self.close()
        else:
            self._doubtful = True

    def ready(self, answers: Callable[[], Answers]) -> None:
        """See that a copy is there and warm. Raises `CannotStart`, or `Inconclusive` when it served before."""
        if self._running and self.server.up:
            if self._doubtful:
                self._see_that_it_serves_on(answers)
            return
        if self._cannot_start is not None:
            raise met_again(self._cannot_start)
        try:
            self.server.start()
        except CannotStart as error:
            self._cannot_start = error  # trying again for every clause would only make the user wait
            if self._served_before:
                msg = f"the target served before, and could not be started again: {error}"
                self._cannot_start = Inconclusive(msg)
                raise self._cannot_start from None
            raise
        self._running = True
        if not self._greeted:
            self._greet(answers)

    def _greet(self, answers: Callable[[], Answers]) -> None:
        """Learn from a lone message what to expect: nothing, a wrong answer or a right one, and at what pace.

        What many clauses then take for granted is not decided by one lost answer: silence is asked twice.
        """
        self._greeted = True
        for silence_s in (self.patience.full_s, self.patience.full_s / 2):
            self._take_in(*self._timed_canary(answers, silence_s))
            if self._said_something or not self.server.restartable:
                break
            self.server.start()
        else:
            if self._greeting is not None and self._greeting.timed:
                self.patience.disappointed()  # on two copies of it
        self._served_before = self._said_something
        self._learn_round_trip(answers)

    def _timed_canary(self, answers: Callable[[], Answers], silence_s: float) -> tuple[Transcript, float]:
        """What came of a lone message, and the seconds it took.

        The time that the server and we ourselves stood in line for a processor is the machine's, and not counted: on a
        busy one every server would be a slow one, and be asked too little to show what is wrong with it.
        """
        began, in_line_s = time.monotonic(), self.server.in_line_s()
        transcript = self.play(CANARY, answers, silence_s)
        return transcript, max(0.0, time.monotonic() - began - (self.server.in_line_s() - in_line_s))

    def _learn_round_trip(self, answers: Callable[[], Answers]) -> None:
        """A server is slow that is slow each time: once may have been the machine."""
        patience = self.patience
        for _ in range(ASKED_AGAIN):
            if not SLOW_S < patience.round_trip_s < self._too_slow_s:
                return
            _, took_s = self._timed_canary(answers, patience.full_s)
            patience.round_trip_s = min(patience.round_trip_s, took_s)
        if patience.round_trip_s < SLOW_S:
            patience.round_trip_s = 0.0

    @property
    def _too_slow_s(self) -> float:
        """What takes longer than this cannot be judged: no case that asks for a few of it would come to its end."""
        return self.patience.longest_case_s / LEAST_ROUND_TRIPS

    def _take_in(self, greeting: Transcript, took_s: float) -> None:
        stop = greeting.stop
        self._greeting = breach_of(greeting)
        self.hint = _hint(self.target.profile, b"".join(client.received for client in greeting.clients.values()))
        self._said_something = any(client.received_bytes for client in greeting.clients.values())
        waited_for_end = stop is not None and stop.step == CANARY.steps[-1] and stop.trouble is Trouble.SILENCE
        if waited_for_end and all(client.settled for client in greeting.clients.values()):
            self._greeting, self.ends = None, False
        self.patience.round_trip_s = took_s if self.ends and took_s > SLOW_S else 0.0
        unfinished = stop is not None and stop.trouble is Trouble.TOO_LONG
        if unfinished or (self._greeting is None and self.ends and took_s > self._too_slow_s):
            self.too_slow = (
                f"the server {'was not done' if unfinished else 'was done'} with one lone message after "
                f"{seconds(took_s)}: it may be right, and is too slow to be judged"
            )

    def _see_that_it_serves_on(self, answers: Callable[[], Answers]) -> None:
        """A server that is not ours to replace may have been left unable to serve by the case that failed."""
        if self._cannot_start is not None:
            raise met_again(self._cannot_start)
        breach, _ = self.serves(answers, self.patience.full_s)
        if breach is not None:
            msg = f"the server serves no new connection since an earlier case failed: {breach.actual}"
            self._cannot_start = Inconclusive(msg)
            raise self._cannot_start
        self._doubtful = False

    def play(self, script: s.Script, answers: Callable[[], Answers], silence_s: float) -> Transcript:
        """Play a script, and learn the server's pace from it."""
        longest_s = self.patience.longest_case_s
        player = Player(self.server, answers, silence_s, longest_s=longest_s, awaits_end=self.awaits_end)
        transcript = player.play(script)
        if transcript.stop is None:
            self.patience.learn(transcript.slowest_s)
        elif transcript.stop.trouble is Trouble.TOO_LONG and self._greeted:
            self._cases_too_long += 1
            if self._cases_too_long >= MOST_TOO_LONG:
                self.too_slow = (
                    f"the server was not done after {seconds(longest_s)} in {self._cases_too_long} cases, so no "
                    "others are tried"
                )
        if s.LeaveOutputUnread() in script.steps:
            self.replace()
        return transcript

    @property
    def unresponsive(self) -> Breach | None:
        """What came of a first lone message, where not one byte of answer did; None where anything did."""
        return None if self._said_something else self._greeting

    @property
    def answers_wrongly(self) -> Breach | None:
        """What was wrong with the answer to a first lone message; None where it was right, or there was none."""
        return self._greeting if self._said_something else None

    def serves(self, answers: Callable[[], Answers], silence_s: float) -> tuple[Breach | None, Transcript]:
        """Whether a new connection is served: the breach where it is not, and what happened."""
        transcript = self.play(CANARY, answers, silence_s)
        return breach_of(transcript), transcript

    def stands(self, script: s.Script, answers: Callable[[], Answers]) -> Breach | None:
        """What is wrong after something that many clauses take for granted, if anything; it is tried once.

        Raises `Inconclusive` where it could not be tried.
        """
        if script not in self._stands:
            awaited, self.awaits_end = self.awaits_end, self.ends
            transcript = self.play(script, answers, self.patience.full_s)
            self.awaits_end = awaited
            self.see_that_it_was_played(transcript)
            self._stands[script] = breach_of(transcript)
            if self._stands[script] is not None:
                self.replace()
        return self._stands[script]

    def see_that_it_was_played(self, transcript: Transcript) -> None:
        """Raises `Inconclusive` where the case could not be made: that says nothing of the server."""
        stop = transcript.stop
        if stop is None or stop.trouble not in {Trouble.UNCERTAIN, Trouble.TOO_LONG}:
            return
        self.replace()
        why = stop.detail or stop.trouble.value
        if stop.trouble is Trouble.TOO_LONG:
            why = f"{stop.trouble.value} ({stop.detail}): the server is slow, and may be right"
        msg = f"{stop.step}: {why}"
        raise Inconclusive(msg)


def _hint(profile: str, answer: bytes) -> str | None:
    """What to try, where the answer to the lone message is right by the other profile."""
    if profile == "received" and answer and LONE_MESSAGE.startswith(answer):
        return "the answer was the very bytes that were sent: it looks like RFC 862; try --profile echo"
    if profile == "echo" and answer.startswith(b"Server received b"):
        return "the answer began with 'Server received b': it looks like the tutorial's; try --profile received"
    return None
