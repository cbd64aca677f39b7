"""Plays a script against a server. All the socket calls of the suite are made here and in the peers.

While a step waits, every client that is not stalled is read and every client that has something to send sends it. A
wait ends when its condition holds, when the connection it is about has ended, when its answer is wrong, or in silence;
what happened is written down, and never judged here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from clients.peer import SLICE_S, Ending, Event, Peer, Pumped, pump
from conformance.harness import script as s
from conformance.harness.buffers import Buffers
from conformance.harness.client import Client
from conformance.harness.datagrams import Datagrams
from conformance.harness.kernel import waits_for_window
from conformance.harness.load import Crowd, Torrents, finds_room
from conformance.harness.patience import LONGEST_CASE_S, Allowance, Silence
from conformance.harness.server import Server
from conformance.harness.server_steps import ServerSteps
from conformance.harness.standstill import ARRIVES_WITHIN_S, LOOK_AGAIN_S, Standstill, server_end
from conformance.harness.tape import tape
from conformance.harness.text import seconds
from conformance.harness.transcript import Answers, Halted, Stop, Transcript, Trouble

FLOOD_PIECE_BYTES = 8192
# A flood stays this far ahead of its answers: always more to read for the server, and an end within its reach.
FLOOD_AHEAD_BYTES = 32768
# After a wrong answer a little more is read, to tell lost from swapped from doubled.
AFTERMATH_S = 0.05
AFTERMATH_BYTES = 1 << 20
# The number of the client that comes and goes until memory is level.
CYCLED = 700
EPITAPH_WITHIN_S = 0.3


class Player:
    """Plays one script against `server`, with a fresh oracle from `answers` for each client.

    `silence_s` is how long nothing may happen before a wait is given up, and `longest_s` how long the whole may take,
    in seconds. Where it never `awaits_end`, the end of a stream is waited for only until all that is owed on it has
    come.
    """

    def __init__(
        self,
        server: Server,
        answers: Callable[[], Answers],
        silence_s: float,
        *,
        longest_s: float = LONGEST_CASE_S,
        awaits_end: bool = True,
    ) -> None:
        self._awaits_end = awaits_end
        self._server = server
        self._answers = answers
        self._silence_s = silence_s
        self._clients: dict[int, Client] = {}
        self._open: list[Peer] = []  # those of whom something may come
        self._standstill = Standstill(server)
        self._waiting: list[Peer] = []
        self._left_out: set[int] = set()
        self._server_steps = ServerSteps(server, silence_s)
        self._crowd = Crowd(server, answers, silence_s, self._see_that_time_is_left)
        self._torrents = Torrents(server)
        self._buffers = Buffers(server, self._server_steps, self._pump)
        self._datagrams = Datagrams(server, answers, self._pump, lambda: self._standstill.now)
        self._looks_at_sockets = False
        self._slowest_s = 0.0
        self._allowance = Allowance(longest_s, server.in_line_s)
        self._steps: dict[type[s.Step], Callable[..., None]] = {
            s.Connect: self._connect,
            s.Send: self._send,
            s.Await: self._await_answers,
            s.Ping: self._ping,
            s.Flood: self._flood,
            s.HalfClose: self._half_close,
            s.AwaitEnd: self._await_end,
            s.Close: self._close,
            s.Reset: self._reset,
            s.Urgent: self._urgent,
            s.Stall: self._stall,
            s.Resume: self._resume,
            s.AwaitBlocked: self._await_blocked,
            s.Freeze: self._freeze,
            s.Thaw: self._thaw,
            s.AwaitReleased: self._await_released,
            s.AwaitLevelMemory: self._await_level_memory,
            s.Queue: self._queue,
            s.Insist: self._insist,
            s.Glut: self._glut,
            s.Crowd: self._crowd.gather,
            s.CrowdSpeaks: self._crowd.speak,
            s.CrowdLeaves: self._crowd.leave,
            s.Torrents: self._torrents.begin,
            s.SwellTorrents: self._torrents.swell,
            s.StemTorrents: self._torrents.stem,
            s.Terminate: self._terminate,
            **self._server_steps.steps,
            **self._datagrams.steps,
        }

    def play(self, script: s.Script) -> Transcript:
        """Do the steps in order until one cannot be done, and tell what happened."""
        transcript = Transcript(script)
        self._looks_at_sockets = any(isinstance(step, s.AwaitReleased) for step in script)
        if self._looks_at_sockets:
            self._server_steps.note_sockets()
        try:
            for index, step in enumerate(script):
                try:
                    if not isinstance(step, s.ClientStep) or step.client not in self._left_out:
                        self._steps[type(step)](step)
                except Halted as halted:
                    transcript.stop = Stop(index, step, halted.trouble, halted.detail)
                    break
                if not isinstance(step, s.ClientStep):
                    transcript.server_events.append(Event(time.monotonic(), str(step)))
            else:
                self._take_what_is_there()
            self._set_down(transcript)
        finally:
            if self._standstill.now:
                self._standstill.end()
            self._torrents.stem(s.StemTorrents())
            self._crowd.leave(s.CrowdLeaves())
            for client in self._clients.values():
                client.peer.discard()
            self._datagrams.discard()
            self._server_steps.undo()  # after they left: poll(2) refuses more descriptors than the limit allows
        return transcript

    def _set_down(self, transcript: Transcript) -> None:
        transcript.slowest_s = self._slowest_s
        stopped = transcript.stop is not None and transcript.stop.trouble in {Trouble.ENDED, Trouble.FAULT}
        # A death ends every connection; it may show there before the process is gone.
        ended = stopped and any(client.peer.ending is not None for client in self._clients.values())
        transcript.epitaph = self._server.epitaph(EPITAPH_WITHIN_S if ended else 0.0)
        if transcript.epitaph is not None:
            transcript.server_events.append(Event(time.monotonic(), "the server is gone"))
        if transcript.stop is not None or transcript.epitaph is not None:
            transcript.last_words = self._server.last_words()
        transcript.clients = {number: client.record() for number, client in self._clients.items()}
        transcript.clients |= self._datagrams.records()
        stop = transcript.stop
        if stop and stop.trouble is Trouble.SILENCE and isinstance(stop.step, s.ClientStep):
            silent = transcript.clients[stop.step.client]
            silent.ending = silent.ending or Ending.SILENCE

    # Clients

    def _connect(self, step: s.Connect) -> None:
        answers = self._answers()
        peer = Peer(self._server.address, narrow=step.narrow, heard=answers.answered)
        if step.client in self._clients:
            peer.discard()
            msg = f"the script connects client {step.client} twice"
            raise ValueError(msg)
        client = self._clients[step.client] = Client(step.client, peer, answers)
        self._open.append(peer)
        client.promised = step.promised
        if self._has_no_room_for(step):
            self._leave_out(step)
        elif not self._standstill.now:
            peer.connect()
            self._wait(client, lambda: peer.connected)
            if step.if_room and not finds_room(self._server, self._silence_s):
                self._leave_out(step)
        elif self._server.kernel.accept_queue_full(self._server.address):
            # A short queue is slow, not wrong: the batch is what it holds, and the others come when it has room.
            self._waiting.append(peer)
        else:
            peer.connect()
            pump([peer], lambda: peer.connected or peer.over, ARRIVES_WITHIN_S, slice_s=LOOK_AGAIN_S)
            self._standstill.confirm(peer)

    def _has_no_room_for(self, step: s.Connect) -> bool:
        """Whether it need not even try: what comes to a full queue is dropped, and nobody takes anyone out of it."""
        if self._server_steps.exhausted:
            return self._server.kernel.accept_queue_full(self._server.address)
        return step.if_room and bool(self._left_out)

    def _leave_out(self, step: s.Connect) -> None:
        self._left_out.add(step.client)
        self._clients.pop(step.client).peer.discard()

    def _send(self, step: s.Send) -> None:
        client = self._clients[step.client]
        client.answers.sent(step.data)
        client.peer.send(step.data)
        self._standstill.confirm(client.peer)

    def _ping(self, step: s.Ping) -> None:
        client = self._clients[step.client]
        client.answers.sent(step.data)
        client.peer.send(step.data)
        self._await_answers(step)

    def _await_answers(self, step: s.ClientStep) -> None:
        client = self._clients[step.client]
        self._wait(client, lambda: client.answers.settled)

    def _flood(self, step: s.Flood) -> None:
        client = self._clients[step.client]
        handed_over = 0

        def supply() -> bytes:
            nonlocal handed_over
            if handed_over - client.answers.answered_bytes > FLOOD_AHEAD_BYTES:
                return b""
            piece = tape(step.client, FLOOD_PIECE_BYTES, handed_over)
            handed_over += len(piece)
            client.answers.sent(piece)
            return piece

        client.peer.flood(supply)

    def _queue(self, step: s.Queue) -> None:
        if self._server.kernel.accept_queue_full(self._server.address):
            raise Halted(Trouble.NO_ROOM, f"it was full before client {step.client} came")
        self._connect(s.Connect(step.client))

    def _insist(self, step: s.Insist) -> None:
        """Each attempt has a connection of its own; together they have the patience that one has."""
        began = time.monotonic()
        while True:
            try:
                self._connect(s.Connect(step.client))
                self._ping(s.Ping(step.client, step.data))
            except Halted as halted:
                peer = self._clients[step.client].peer
                turned_away = halted.trouble is Trouble.ENDED and not peer.received_bytes
                if not turned_away or time.monotonic() - began > self._silence_s:
                    raise
                self._clients.pop(step.client).peer.discard()
                time.sleep(LOOK_AGAIN_S)
            else:
                return

    def _glut(self, step: s.Glut) -> None:
        client = self._clients[step.client]
        client.promised = False
        self._buffers.glut(client.peer, step)

    def _half_close(self, step: s.HalfClose) -> None:
        client = self._clients[step.client]
        self._leaving(client)
        client.peer.half_close()
        self._standstill.confirm(client.peer, fin=True)

    def _await_end(self, step: s.AwaitEnd) -> None:
        client = self._clients[step.client]
        if not self._awaits_end:
            self._await_answers(step)
            return
        self._wait(client, lambda: client.peer.ending is Ending.FIN)
        if client.answers.finish() is not None:
            raise Halted(Trouble.ENDED)

    def _close(self, step: s.Close) -> None:
        self._give_up(step, Peer.close)

    def _reset(self, step: s.Reset) -> None:
        self._give_up(step, Peer.reset)

    def _give_up(self, step: s.ClientStep, how: Callable[[Peer], None]) -> None:
        client = self._clients[step.client]
        client.promised = False
        self._leaving(client)
        all_through = not self._standstill.now or not waits_for_window(client.peer.fileno())
        how(client.peer)
        if all_through:  # else the rest, and the end behind it, comes when the window opens
            self._standstill.confirm(client.peer, fin=True)

    def _urgent(self, step: s.Urgent) -> None:
        client = self._clients[step.client]
        client.promised = False
        client.peer.urgent()

    def _stall(self, step: s.Stall) -> None:
        self._clients[step.client].peer.stall()

    def _resume(self, step: s.Resume) -> None:
        self._clients[step.client].peer.resume()

    # Waiting

    def _pump(self, about: Sequence[Pumped], until: Callable[[], bool], *, slice_s: float = SLICE_S) -> None:
        """Pump all clients; halted by silence on those it is about, or by a case that takes too long."""
        if self._standstill.now:
            msg = "the script waits for a frozen server"
            raise ValueError(msg)
        self._open = [peer for peer in self._open if not peer.over]
        peers: list[Pumped] = [*self._open, *self._datagrams.peers]
        reached = False
        silence, silences = Silence(self._silence_s, self._server.stood_in_line_s), 0

        def over() -> bool:
            nonlocal reached
            reached = until()  # asked once a turn: what it looks at may move on
            silence.watch()
            return reached or self._allowance.spent()

        more_s = self._silence_s
        while (longest_s := pump(peers, over, more_s, about=about, slice_s=slice_s)) is None:
            more_s = silence.more_s()
            if not more_s:
                silences += 1
                if not self._torrents.answered_meanwhile(silences):
                    raise Halted(Trouble.SILENCE, seconds(silences * self._silence_s))
                more_s = self._silence_s
        self._slowest_s = max(self._slowest_s, longest_s)
        if not reached:
            self._see_that_time_is_left()

    def _see_that_time_is_left(self) -> None:
        if self._allowance.spent():
            raise Halted(Trouble.TOO_LONG, self._allowance.in_words())

    def _wait(self, client: Client, done: Callable[[], bool]) -> None:
        peer, answers = client.peer, client.answers
        self._pump([peer], lambda: done() or peer.over or answers.fault is not None)
        if answers.fault is not None:
            self._hear_the_rest(peer)
            raise Halted(Trouble.FAULT)
        if not done():
            raise Halted(Trouble.ENDED)

    def _hear_the_rest(self, peer: Peer) -> None:
        enough = peer.received_bytes + AFTERMATH_BYTES
        until = time.monotonic() + 10 * AFTERMATH_S
        pump(
            [peer],
            lambda: peer.over or peer.received_bytes > enough or time.monotonic() > until,
            AFTERMATH_S,
            slice_s=AFTERMATH_S,
        )

    def _take_what_is_there(self) -> None:
        """What a server says or does unasked shows here at the latest."""
        for client in self._clients.values():
            peer = client.peer
            if peer.interest() and peer.connected and peer.reading:
                peer.receive()
        self._datagrams.take_what_is_there()

    # The server

    def _leaving(self, client: Client) -> None:
        """A client that leaves with nothing owed leaves a server that has nothing to do.

        Where what is sent and what is under way are to meet, a frozen batch makes it certain that they do.
        """
        if client.answers.settled and not self._standstill.now:
            self._server.let_it_finish()
        if self._looks_at_sockets:
            client.inode = self._inode_of(client)

    def _inode_of(self, client: Client) -> int:
        """The number of the server's socket for it; 0 where there is none."""
        end = server_end(self._server, client.peer)
        return end.inode if end is not None else 0

    def _freeze(self, _: s.Freeze) -> None:
        self._standstill.begin()

    def _thaw(self, _: s.Thaw) -> None:
        self._standstill.end()
        while self._waiting:
            self._await_room()
            self._waiting.pop(0).connect()

    def _await_room(self) -> None:
        server = self._server
        peers = [client.peer for client in self._clients.values()]
        self._pump(peers, lambda: not server.kernel.accept_queue_full(server.address), slice_s=LOOK_AGAIN_S)

    def _await_blocked(self, step: s.AwaitBlocked) -> None:
        self._buffers.await_blocked(self._clients[step.client].peer)

    def _await_released(self, _: s.AwaitReleased) -> None:
        clients = self._clients.values()
        over = {client.inode for client in clients if client.peer.over} - {0}
        in_use = {self._inode_of(client) for client in clients if not client.peer.over} - {0}
        self._server_steps.await_released(over, in_use)

    def _terminate(self, _: s.Terminate) -> None:
        for client in self._clients.values():
            client.promised = False
        self._server_steps.terminate()

    def _await_level_memory(self, step: s.AwaitLevelMemory) -> None:
        payload = tape(CYCLED, step.size_bytes)

        def cycle() -> None:
            for each in (s.Connect(CYCLED), s.Ping(CYCLED, payload), s.HalfClose(CYCLED), s.AwaitEnd(CYCLED)):
                self._steps[type(each)](each)
            self._clients.pop(CYCLED).peer.discard()

        self._buffers.await_level(cycle, step.cycles)
