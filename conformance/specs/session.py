"""Whole sessions, drawn by rules: a model of the clients decides what each may do next, and writes the script."""

from __future__ import annotations

from functools import partial

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from conformance.clauses import cases
from conformance.harness.script import (
    Await,
    AwaitEnd,
    Close,
    Connect,
    HalfClose,
    Ping,
    Reset,
    Resume,
    Send,
    Stall,
    Step,
)
from conformance.harness.tape import tape
from conformance.harness.trial import Trial
from conformance.specs.moves import sizes

STEPS = 16
MOST_CLIENTS = 8
SHARE = 0.2


class Session(RuleBasedStateMachine):
    """The model: which clients are there, what each has said, and who does not read at the moment.

    Each rule is something that a client may do. When Hypothesis has no more to add, all that are still there read on
    and leave, and the script is played.
    """

    def __init__(self, subject: Trial) -> None:
        super().__init__()
        self._subject = subject
        self._steps: list[Step] = []
        self._said: dict[int, int] = {}
        self._stalled: set[int] = set()
        self._arrived = 0

    def _someone(self, pick: int) -> int:
        present = sorted(self._said)
        return present[pick % len(present)]

    def _words(self, client: int, size: int) -> bytes:
        start = self._said[client]
        self._said[client] += size
        return tape(client, size, start)

    def _gone(self, client: int) -> None:
        del self._said[client]
        self._stalled.discard(client)

    @precondition(lambda self: len(self._said) < MOST_CLIENTS)
    @rule(narrow=st.booleans())
    def connect(self, narrow: bool) -> None:
        """Somebody comes."""
        self._arrived += 1
        self._said[self._arrived] = 0
        self._steps.append(Connect(self._arrived, narrow))

    @precondition(lambda self: self._said)
    @rule(pick=st.integers(0, MOST_CLIENTS - 1), size=sizes)
    def speak(self, pick: int, size: int) -> None:
        """Somebody says something, and waits for the answer if it reads at all."""
        client = self._someone(pick)
        words = self._words(client, size)
        self._steps.append(Send(client, words) if client in self._stalled else Ping(client, words))

    @precondition(lambda self: self._said)
    @rule(pick=st.integers(0, MOST_CLIENTS - 1), size=sizes)
    def mutter(self, pick: int, size: int) -> None:
        """Somebody says something and does not wait."""
        client = self._someone(pick)
        self._steps.append(Send(client, self._words(client, size)))

    @precondition(lambda self: self._said)
    @rule(pick=st.integers(0, MOST_CLIENTS - 1))
    def stall_or_resume(self, pick: int) -> None:
        """Somebody stops reading, or goes on and takes all it is owed."""
        client = self._someone(pick)
        if client in self._stalled:
            self._stalled.discard(client)
            self._steps += [Resume(client), Await(client)]
        else:
            self._stalled.add(client)
            self._steps.append(Stall(client))

    @precondition(lambda self: self._said)
    @rule(pick=st.integers(0, MOST_CLIENTS - 1), how=st.sampled_from([HalfClose, Close, Reset]))
    def leave(self, pick: int, how: type[HalfClose | Close | Reset]) -> None:
        """Somebody leaves: in order, without waiting, or by breaking off."""
        client = self._someone(pick)
        if how is HalfClose:
            self._leave_in_order(client)
        else:
            self._steps.append(how(client))
        self._gone(client)

    def _leave_in_order(self, client: int) -> None:
        if client in self._stalled:
            self._steps.append(Resume(client))
        self._steps += [HalfClose(client), AwaitEnd(client)]

    def teardown(self) -> None:
        """Everybody who is left leaves in order; then the session is played."""
        for client in sorted(self._said):
            self._leave_in_order(client)
        if self._steps:
            self._subject.hold(*self._steps)


# What can happen in a session, all of it in one: whatever is drawn, this much is tried.
ALL_OF_IT = (
    *(Connect(client, narrow=client == 2) for client in (1, 2, 3, 4)),
    *(Ping(client, tape(client, 5)) for client in (1, 2, 3, 4)),
    Stall(2),
    Send(2, tape(2, 3000, 5)),
    Ping(1, tape(1, 3000, 5)),
    Send(3, tape(3, 1024, 5)),
    Reset(3),
    Connect(5),
    Ping(5, tape(5, 5)),
    Send(4, tape(4, 5, 5)),
    Close(4),
    Send(1, tape(1, 2048, 3005)),
    HalfClose(1),
    AwaitEnd(1),
    Resume(2),
    Await(2),
    HalfClose(2),
    AwaitEnd(2),
    HalfClose(5),
    AwaitEnd(5),
)


def play_sessions(subject: Trial) -> None:
    """Play a session of everything; then draw sessions, and play each. Raises what `Trial.hold` raises."""
    subject.hold(*ALL_OF_IT)
    settings = hypothesis.settings(max_examples=cases(SHARE), stateful_step_count=STEPS)
    run_state_machine_as_test(partial(Session, subject), settings=settings)  # type: ignore[arg-type]
