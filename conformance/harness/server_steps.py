"""The steps that are done to the server itself, or seen of it: its processor time, memory, descriptors, life."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from conformance.harness import script as s
from conformance.harness.child import CannotStart, PortTaken
from conformance.harness.linux_tree import sockets_in_tables
from conformance.harness.patience import Allowance
from conformance.harness.process_tree import ProcessTree
from conformance.harness.server import Server
from conformance.harness.text import plain, seconds
from conformance.harness.transcript import Halted, Trouble

LOOK_AGAIN_S = 0.0005
QUIET_WINDOW_S = 0.05
QUIET_DEMAND_S = 0.002
QUIET_WITHIN_S = 5.0
WAKEUPS_WINDOW_S = 0.2
WAKEUPS_A_SECOND = 100  # virtual machines have housekeeping that wakes twenty to fifty times
MOST_TIMES_LONGER = 100
Slept = Mapping[int, tuple[int, float]]  # what `ProcessTree.slept` tells
ZOMBIES_ALLOWED = 4
TERMINATES_WITHIN_S = 10.0


class ServerSteps:
    """Does these steps to `server`. `silence_s` is how long a condition is waited for, in seconds.

    Each raises `Halted` where it cannot be done.
    """

    def __init__(self, server: Server, silence_s: float) -> None:
        self._server = server
        self._silence_s = silence_s
        self._sockets_before: set[int] | None = None
        self.exhausted = False  # whether it is kept from opening descriptors
        self.steps: dict[type[s.Step], Callable[..., None]] = {
            s.AwaitQuiet: self._await_quiet,
            s.AwaitFewWakeups: self._await_few_wakeups,
            s.AwaitReaped: self._await_reaped,
            s.Exhaust: self._exhaust,
            s.Release: self._release,
            s.LeaveOutputUnread: self._leave_output_unread,
            s.AwaitAnnounced: self._await_announced,
            s.StartAgain: self._start_again,
        }

    def undo(self) -> None:
        """Whatever was done to the server and is not to outlast the case."""
        self._server.release()

    def tree(self) -> ProcessTree:
        """The server's processes. Raises `Halted` where they cannot be seen."""
        if self._server.tree is None:
            raise Halted(Trouble.UNCERTAIN, "there is no process to watch")
        return self._server.tree

    def _await_quiet(self, _: s.AwaitQuiet) -> None:
        tree = self.tree()
        began = time.monotonic()
        total_s = 0.0
        while True:
            before_s = tree.demand_s()
            time.sleep(QUIET_WINDOW_S)
            demand_s = tree.demand_s() - before_s
            if demand_s < QUIET_DEMAND_S and not tree.runnable():
                return
            total_s += demand_s
            elapsed_s = time.monotonic() - began
            if elapsed_s > min(QUIET_WITHIN_S, self._silence_s):
                raise Halted(Trouble.BUSY, f"{seconds(total_s)} of processor time wanted in {seconds(elapsed_s)}")

    def _await_few_wakeups(self, _: s.AwaitFewWakeups) -> None:
        """One window is enough, unless it stood in line for half of that; then all of them together tell."""
        tree = self.tree()
        began, first = time.monotonic(), tree.slept()
        while True:
            at_s, before = time.monotonic(), tree.slept()
            time.sleep(WAKEUPS_WINDOW_S)
            now_s, after = time.monotonic(), tree.slept()
            told = not tree.runnable() and longest_in_line_s(before, after) < (now_s - at_s) / 2
            if told and wakeups_a_second(before, after, now_s - at_s) <= WAKEUPS_A_SECOND:
                return
            if now_s - began > min(QUIET_WITHIN_S, self._silence_s):
                rate = wakeups_a_second(first, after, now_s - began)
                if rate > WAKEUPS_A_SECOND:
                    raise Halted(Trouble.AWAKE, f"it was woken {rate:,.0f} times a second")
                return

    def _await_reaped(self, _: s.AwaitReaped) -> None:
        tree = self.tree()
        if not self.within(lambda: tree.zombies() <= ZOMBIES_ALLOWED):
            raise Halted(Trouble.UNREAPED, f"{tree.zombies()} of its child processes are zombies")

    def await_released(self, over: set[int], in_use: set[int]) -> None:
        """Wait until it holds none of those that are over, and none that is dead and was not there before.

        One that was reset before the server accepted it has no number to be known by, and is in no table any more. The
        tables are long where many connections were: they are read only where it holds more than what is in use.
        """
        living = (self._sockets_before or set()) | in_use
        known: set[int] = set()
        dead: set[int] = set()

        def released() -> bool:
            nonlocal known, dead
            held = self._sockets()
            known, dead = held & over, held - living
            if not known and dead:
                dead -= sockets_in_tables(self.tree().pid)
            return not known and not dead

        if not self.within(released):
            raise Halted(Trouble.HELD, f"it still holds {len(known or dead)} of {len(over) if known else 'those'}")

    def _sockets(self) -> set[int]:
        held = self._server.sockets()
        if held is None:
            raise Halted(Trouble.UNCERTAIN, "the server's descriptors may not be looked at")
        return held

    def note_sockets(self) -> None:
        """Take note of what it holds before the case."""
        self._sockets_before = self._server.sockets()

    def _exhaust(self, step: s.Exhaust) -> None:
        self._server.let_it_finish()
        if not self._server.exhaust(step.spare):
            raise Halted(Trouble.UNCERTAIN, "the server's limits may not be set")
        self.exhausted = True

    def _release(self, _: s.Release) -> None:
        self._server.let_it_finish()
        self._server.release()
        self.exhausted = False

    def _leave_output_unread(self, _: s.LeaveOutputUnread) -> None:
        self._server.leave_output_unread()

    def _await_announced(self, _: s.AwaitAnnounced) -> None:
        server = self._server
        if not self.within(lambda: server.announced is not None):
            raise Halted(Trouble.UNANNOUNCED, "no line 'Server start at: HOST:PORT' came")
        announced = server.announced
        if announced is not None and announced[1] != server.address[1]:
            said = f"{plain(announced[0])}:{announced[1]}"
            raise Halted(Trouble.UNANNOUNCED, f"it announced {said} and serves at port {server.address[1]}")

    def terminate(self) -> None:
        """Send SIGTERM and wait for the end."""
        if not self._server.terminate(TERMINATES_WITHIN_S):
            raise Halted(Trouble.ALIVE, f"it still ran {seconds(TERMINATES_WITHIN_S)} later")

    def _start_again(self, _: s.StartAgain) -> None:
        try:
            self._server.start_again()
        except PortTaken as error:
            raise Halted(Trouble.UNCERTAIN, str(error)) from None
        except CannotStart as error:
            raise Halted(Trouble.NOT_STARTED, str(error)) from None

    def within(self, condition: Callable[[], bool]) -> bool:
        """Whether a condition comes to hold before patience is at its end."""
        patience = Allowance(self._silence_s, self._server.in_line_s)
        while not condition():
            if patience.spent():
                return condition()
            time.sleep(LOOK_AGAIN_S)
        return True


def longest_in_line_s(before: Slept, after: Slept) -> float:
    """How long the thread that stood in line for longest did so."""
    return max((in_line_s - before.get(thread, (0, 0.0))[1] for thread, (_, in_line_s) in after.items()), default=0.0)


def wakeups_a_second(before: Slept, after: Slept, passed_s: float) -> float:
    """How often threads were woken in a second in which they could sleep, by what `ProcessTree.slept` told.

    One that stands in line for a processor cannot sleep meanwhile: a busy machine would hide that it wakes for nothing.
    """
    rate = 0.0
    for thread, (woken, in_line_s) in after.items():
        woken_before, in_line_before_s = before.get(thread, (0, 0.0))
        slept_s = max(passed_s - (in_line_s - in_line_before_s), passed_s / MOST_TIMES_LONGER)
        rate += (woken - woken_before) / slept_s
    return rate
