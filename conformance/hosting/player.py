"""Plays a script on each connection of a client that is started for it, and writes down what happened.

1. One loop moves everything: connections, the client's three pipes, its life. Nothing in it blocks.
2. Each connection goes through the script at its own pace, as a generator: it yields while it waits.
3. Silence is when nothing moves at all, anywhere, for as long as patience lasts; time that the client or we stood in
   line for a processor does not count.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial

from clients.peer import Event
from conformance.harness import script as s
from conformance.harness.child import Keeper
from conformance.harness.kernel import KernelView
from conformance.harness.patience import Allowance
from conformance.harness.process import in_line_ourselves_s
from conformance.harness.text import seconds
from conformance.harness.transcript import Halted, Stop, Trouble
from conformance.hosting.connection import Connection
from conformance.hosting.listener import Listener
from conformance.hosting.process import ClientProcess
from conformance.hosting.record import records
from conformance.hosting.script import KeepWaiting, Refuse
from conformance.hosting.steps import Steps
from conformance.hosting.target import ClientTarget
from conformance.hosting.transcript import Hosting

SLICE_S = 0.001
MOST_OUTPUT_BYTES = 96 << 20
MOST_CONNECTIONS = 256


class Player:
    """Plays one script with a fresh copy of the client. `silence_s` and `longest_s` are bounds, in seconds.

    Where the client never says that its input has ended (`half_closes` is False), nobody waits for that.
    """

    def __init__(
        self,
        target: ClientTarget,
        keeper: Keeper,
        kernel: KernelView,
        silence_s: float,
        longest_s: float,
        *,
        half_closes: bool = True,
    ) -> None:
        self._target = target
        self._keeper = keeper
        self._kernel = kernel
        self._silence_s = silence_s
        self._longest_s = longest_s
        self._half_closes = half_closes
        self._connections: list[Connection] = []
        self._at: dict[int, tuple[int, s.Step]] = {}  # where in the script each connection is

    def play(self, script: s.Script) -> Hosting:
        """Start the client, and do the steps until one cannot be done. Raises `CannotStart`."""
        transcript = Hosting(script, silence_s=self._silence_s)
        listener = Listener(self._kernel)
        try:
            waits = isinstance(script.steps[0], KeepWaiting)
            if waits and not listener.fill():
                step = script.steps[0]
                transcript.stop = Stop(0, step, Trouble.UNCERTAIN, "the accept queue cannot be filled here")
                return transcript
            if not waits and not isinstance(script.steps[0], Refuse):
                listener.open()
            self._host(listener, transcript)
        finally:
            listener.close()
            for connection in self._connections:
                connection.discard()
        return transcript

    def _host(self, listener: Listener, transcript: Hosting) -> None:
        client = ClientProcess(
            self._target.command,
            listener.address,
            self._keeper,
            folder=self._target.folder,
            most_bytes=MOST_OUTPUT_BYTES,
        )
        try:
            transcript.server_events.append(Event(time.monotonic(), "started"))
            steps = Steps(client, listener, typed=self._target.conversation.typed, half_closes=self._half_closes)
            transcript.stop = self._go_through(transcript.script, client, listener, steps)
            transcript.status = client.exit_status()
            transcript.epitaph = client.state()
            if transcript.epitaph is not None:
                transcript.server_events.append(Event(time.monotonic(), "ended"))
            transcript.last_words = client.last_words()
            delivered = self._target.conversation.delivered(bytes(client.said))
            transcript.clients = records(self._connections, delivered, self._target.conversation)
        finally:
            client.end()

    def _go_through(self, script: s.Script, client: ClientProcess, listener: Listener, steps: Steps) -> Stop | None:
        """Move on until every connection has come to the script's end; returns where one could not go on."""

        def in_line_s() -> float:
            return in_line_ourselves_s() + client.tree.in_line_s()

        programs: dict[int, Iterator[None]] = {}
        if isinstance(script.steps[0], Refuse | KeepWaiting):
            programs[0] = self._program(script, None, steps)
        still, whole = Allowance(self._silence_s, in_line_s), Allowance(self._longest_s, in_line_s)
        while True:
            moved, silent = self._turn(client, listener), still.spent()
            asked = silent and listener.is_asked_again()  # before the look who has come: one of both is true of it
            if self._accept(script, listener, programs, steps) or moved or asked:
                still, silent = Allowance(self._silence_s, in_line_s), False
            stop = self._step(programs)
            if stop is not None or (not programs and self._at):
                return stop
            at = self._at[min(programs)] if programs else (0, script.steps[0])
            if not programs and client.ended():
                return Stop(*at, Trouble.ENDED, "the client ended and had not connected")
            if silent:
                return Stop(*at, Trouble.SILENCE, seconds(self._silence_s))
            if whole.spent():
                return Stop(*at, Trouble.TOO_LONG, whole.in_words())

    def _step(self, programs: dict[int, Iterator[None]]) -> Stop | None:
        """Let each connection's program go on, as far as it can; returns where one cannot."""
        for number in list(programs):
            try:
                next(programs[number])
            except StopIteration:
                del programs[number]
            except Halted as halted:
                return Stop(*self._at[number], halted.trouble, halted.detail)
        return None

    def _accept(self, script: s.Script, listener: Listener, programs: dict[int, Iterator[None]], steps: Steps) -> bool:
        """Take who has come; tells whether anybody has that is not turned away.

        Who sends what is typed has one connection; more of them are told at once that it is over. The program that came
        before there was a connection goes on with the first.
        """
        came = False
        while len(self._connections) < MOST_CONNECTIONS and (accepted := listener.accept()) is not None:
            connection = Connection(len(self._connections) + 1, accepted, self._kernel)
            if self._connections and self._target.conversation.typed:
                connection.discard()
                continue
            self._connections.append(connection)
            came = True
            if 0 in programs and isinstance(script.steps[0], KeepWaiting):
                del programs[0]
            programs[connection.number] = self._program(script, connection, steps)
        return came

    def _program(self, script: s.Script, connection: Connection | None, steps: Steps) -> Generator[None, None, None]:
        number = connection.number if connection is not None else 0
        for index, step in enumerate(script):
            self._at[number] = index, step
            if connection is None:
                yield from steps.before(step)
            elif not isinstance(step, KeepWaiting):
                yield from steps.do(connection, step)
            yield

    def _turn(self, client: ClientProcess, listener: Listener) -> bool:
        """Wait a moment for anything that can be done, and do it; tells whether anything was."""
        poll = select.poll()
        doing: dict[int, Callable[[], bool]] = {}
        for connection in self._connections:
            if connection.unsaid:
                doing[connection.socket.fileno()] = connection.flush
                poll.register(connection.socket, select.POLLOUT)
            elif connection.wants_to_read:
                doing[connection.socket.fileno()] = connection.receive
                poll.register(connection.socket, select.POLLIN)
        for pipe in (client.stdout if client.takes_output else None, client.stderr):
            if pipe is not None:
                doing[pipe] = partial(client.read, pipe)
                poll.register(pipe, select.POLLIN)
        if client.stdin is not None and client.unfed:
            doing[client.stdin] = client.write
            poll.register(client.stdin, select.POLLOUT)
        if listener.listens:
            poll.register(listener.fileno(), select.POLLIN)
        ready = [descriptor for descriptor, _ in poll.poll(1000 * SLICE_S) if descriptor in doing]
        return sum(doing[descriptor]() for descriptor in ready) > 0
