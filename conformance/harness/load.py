"""Clients in numbers: a crowd that is there at once, torrents that never stop."""

from __future__ import annotations

import contextlib
import resource
import select
import subprocess
import sys
import time
from collections.abc import Callable

from clients import torrent
from clients.peer import Ending, Peer, pump
from conformance.harness import script as s
from conformance.harness.patience import Turns
from conformance.harness.server import Server
from conformance.harness.text import seconds
from conformance.harness.transcript import Answers, Halted, Trouble

LOOK_AGAIN_S = 0.0005
UNCHANGED_S = 0.1
TIMES_A_LOOK = 10  # so much longer than it took, nobody looks again: a look at a thousand processes keeps them waiting
SPEAKING = 50
SPARE_DESCRIPTORS = 200
FLOWS_WITHIN_S = 60.0  # an interpreter that starts; one that cannot connect ends at once
# Of answers to torrents, before another client gets its own. A loop on libuv reads two megabytes of each of its
# clients, sixteen torrents here, before it looks at the next one; a newcomer waits for two such rounds: 70 MB.
FAIR_BYTES = 256 << 20


def finds_room(server: Server, silence_s: float) -> bool:
    """Wait until the server has accepted whoever waits; False when it rests, or is silent, and leaves them waiting."""
    return left_waiting(server, silence_s) is None


def left_waiting(server: Server, silence_s: float) -> str | None:
    """Wait until the server has accepted whoever waits; what it does instead when it leaves them waiting."""
    turns = Turns()
    looks_at = time.monotonic() + UNCHANGED_S
    rested = False
    while not server.kernel.accept_queue_empty(server.address):
        now = time.monotonic()
        if rested:  # and who waits now has waited then: before that look it may have been about to accept them
            return "it sleeps and accepts nobody"
        if turns.another() > silence_s:
            return f"it accepted nobody for {seconds(silence_s)}"
        if now > looks_at:
            rested = rests(server)
            looks_at = time.monotonic() + max(UNCHANGED_S, TIMES_A_LOOK * (time.monotonic() - now))
        else:
            time.sleep(LOOK_AGAIN_S)
    return None


def rests(server: Server) -> bool:
    """Whether the server sleeps, at two looks, and was not woken between them; True where it cannot be watched."""
    tree = server.tree
    if tree is None:
        return True
    woken = tree.wakeups()
    if not server.rests():
        return False
    time.sleep(UNCHANGED_S)
    return server.rests() and tree.wakeups() == woken


class Crowd:
    """Clients without a part of their own in a case: they come together, speak together and leave together."""

    def __init__(
        self,
        server: Server,
        answers: Callable[[], Answers],
        silence_s: float,
        see_that_time_is_left: Callable[[], None],
    ) -> None:
        self._server = server
        self._answers = answers
        self._silence_s = silence_s
        self._see_that_time_is_left = see_that_time_is_left
        self._members: list[tuple[Peer, Answers]] = []
        self._wanted = 0
        self._stopped_by: str | None = None
        self._own_limits: tuple[int, int] | None = None

    def gather(self, step: s.Crowd) -> None:
        """Connect as many as the server takes.

        Raises `Halted` where this process itself may not have so many, and where it takes too long.
        """
        self._wanted = step.number
        self._make_room(step.number + SPARE_DESCRIPTORS)
        while len(self._members) < step.number:
            self._see_that_time_is_left()
            answers = self._answers()
            peer = Peer(self._server.address, heard=answers.answered, keep_bytes=0)
            self._members.append((peer, answers))
            peer.connect()
            pump([peer], lambda peer=peer: peer.connected or peer.over, self._silence_s)  # type: ignore[misc]
            self._stopped_by = (
                left_waiting(self._server, self._silence_s) if peer.connected else f"a connection was {_failed(peer)}"
            )
            if self._stopped_by:
                self._members.pop()
                peer.discard()
                return

    def speak(self, _: s.CrowdSpeaks) -> None:
        """A round trip each, some at a time. Raises `Halted` unless all that were wanted are served."""
        served = 0
        for start in range(0, len(self._members), SPEAKING):
            self._see_that_time_is_left()
            batch = self._members[start : start + SPEAKING]
            for number, (peer, answers) in enumerate(batch, start):
                message = b"%d in the crowd" % number
                answers.sent(message)
                peer.send(message)
            self._hear(batch)
            served += sum(answers.settled and answers.fault is None and not peer.over for peer, answers in batch)
        if served < self._wanted:
            raise Halted(Trouble.UNSERVED, f"{served:,} of {self._wanted:,} were served{self._how_not()}")

    def leave(self, _: s.CrowdLeaves) -> None:
        """Close them all."""
        for peer, _answers in self._members:
            peer.discard()
        self._members.clear()
        if self._own_limits is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, self._own_limits)
            self._own_limits = None

    def _make_room(self, descriptors: int) -> None:
        """See that a limit on descriptors is not what stands in the way, here or (as far as it allows) there."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if 0 <= hard < descriptors:
            raise Halted(Trouble.UNCERTAIN, f"this process may open no more than {hard:,} descriptors")
        if soft < descriptors:
            self._own_limits = soft, hard
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))
        self._server.allow(descriptors)

    def _hear(self, batch: list[tuple[Peer, Answers]]) -> None:
        def done() -> bool:
            return all(peer.over or answers.settled or answers.fault is not None for peer, answers in batch)

        pump([peer for peer, _ in batch], done, self._silence_s)

    def _how_not(self) -> str:
        missing = self._wanted - len(self._members)
        if missing:
            return f"; {missing:,} found no room: {self._stopped_by}"
        for number, (peer, answers) in enumerate(self._members, 1):
            if answers.fault is not None:
                return f"; connection {number:,} got a wrong answer: {answers.fault.detail}"
            if peer.ending is not None:
                how = "FIN" if peer.ending is Ending.FIN else "a reset"
                return f"; connection {number:,} was ended by {how}"
        return "; the others got no answer"


def _failed(peer: Peer) -> str:
    return peer.ending.value if peer.ending is not None else "not made"


class Torrents:
    """Clients that flood the server, in processes of their own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._flowing: list[subprocess.Popen[bytes]] = []
        self._answered_bytes = 0  # at the last look
        self._swollen = False
        self._counted_from_bytes = 0

    def begin(self, step: s.Torrents) -> None:
        """Start them, and see that each flows. Raises `Halted` where they do not begin at all."""
        host, port = self._server.address
        words = [sys.executable, "-I", "-S", torrent.__file__, host, str(port), str(step.number)]
        flowing = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._flowing.append(flowing)
        self._await_word(flowing, "flow")

    def swell(self, _: s.SwellTorrents) -> None:
        """Have the kernel hold as much of each as it takes, while the server stands still.

        That is megabytes, which the kernel goes on to deliver by itself: the server finds more also where the machine
        lets none of their processes run for a while.
        """
        self._answered_bytes = self._counted_from_bytes = self._ask(torrent.FILL, "swell")
        self._swollen = True

    def stem(self, _: s.StemTorrents) -> None:
        """End them. Their connections are reset: what they were owed is not read."""
        for flowing in self._flowing:
            flowing.communicate()  # they end with its standard input
        self._flowing.clear()

    def answered_meanwhile(self, silences: int) -> bool:
        """After so many silences in a row towards another client: whether the server may be busy with these.

        It may while it answers them, and not yet more than is fair since they were filled up, or since the first
        silence. How much there is each time it looks is no fault of a server: one that takes all of it, within bounds,
        comes round to the others only then.
        """
        before, self._answered_bytes = self._answered_bytes, self._ask(torrent.TELL, "answer")
        if silences == 1 and not self._swollen:
            self._counted_from_bytes = self._answered_bytes
        return before < self._answered_bytes < self._counted_from_bytes + FAIR_BYTES

    def _ask(self, order: bytes, what: str) -> int:
        for flowing in self._flowing:
            if flowing.stdin is not None:
                with contextlib.suppress(BrokenPipeError):  # then no word comes either
                    flowing.stdin.write(order)
                    flowing.stdin.flush()
        return sum(self._await_word(flowing, what) for flowing in self._flowing)

    @staticmethod
    def _await_word(flowing: subprocess.Popen[bytes], what: str) -> int:
        """How many bytes of answers they have, by their next line."""
        if flowing.stdout is not None:
            ready, _, _ = select.select([flowing.stdout], [], [], FLOWS_WITHIN_S)
            line = flowing.stdout.readline() if ready else b""
            if line:
                return int(line.split()[-1])
        raise Halted(Trouble.UNCERTAIN, f"the torrents did not {what} within {FLOWS_WITHIN_S:.0f} s")
