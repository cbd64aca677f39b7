"""The interactive client: what is typed and what the server says, in one readiness loop.

Waiting for a key in `input()`, a client does not hear that the server has ended; waiting for the server in `recv`, it
does not see a key. And a client that sends a line and reads its reply, in turn, is stopped by a file: what is owed
when its input ends is lost, or both sides wait for each other with full buffers (UNIX Network Programming, chapter 6).

Facts, from select(2), pipe(7) and shutdown(2):

* select takes sockets, terminals, pipes and files alike (epoll refuses files), and reports nothing that is not asked.
* Standard input and output share their flags with the shell and everybody who has them open: made non-blocking here,
  they would be so there, also after our end. Once reported ready, a `read` returns what there is, and a `write` of
  PIPE_BUF bytes does not block.
* The end of our input ends one direction. Replies that are owed come after it.

Decision: only the socket is non-blocking. Each direction has one buffer, and is not read while that is full: who reads
slowly slows down the other end, and neither direction ever waits for the other. End of input is a half-close; the end
of the conversation is the server's FIN.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
from typing import TextIO

from clients.conversation import PATIENCE_S, ConversationError, connected
from clients.screen import Edited, Shown, Through
from clients.signals import Signals, die_of
from clients.terminal import Unechoed

RECEIVE_BYTES = 65536
HELD_BYTES = 65536
"""No more is read for a direction that holds so much."""


def converse(host: str, port: int, patience_s: float = PATIENCE_S) -> None:
    """Send what comes from standard input, show what the server says on standard output, to the end of both.

    Only connecting is bounded, by `patience_s`. Raises `ConversationError` when the server ends before our input does,
    or by a reset, and when standard input or output cannot be used. SIGINT and SIGTERM end the process, in order.
    """
    keys, screen = _descriptor(sys.stdin, "standard input"), _descriptor(sys.stdout, "standard output")
    edited = os.isatty(keys) and os.isatty(screen) and os.environ.get("TERM", "dumb") != "dumb"
    ending = (signal.SIGINT, signal.SIGTERM)
    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(connected(host, port, patience_s))
        peer.setblocking(False)
        signals = stack.enter_context(Signals((*ending, signal.SIGTSTP) if edited else ending))
        shown = Edited(screen) if edited else Shown() if os.isatty(screen) else Through()
        conversation = Conversation(peer, (keys, screen), shown, signals)
        if edited:
            conversation.terminal = stack.enter_context(Unechoed(keys))
        conversation.run()
    if conversation.died_of:
        die_of(conversation.died_of)
    if conversation.fault:
        raise ConversationError(conversation.fault)


class Conversation:
    """The loop. `fault` says what the server did wrong, `died_of` which signal ended it; both may be nothing."""

    def __init__(self, peer: socket.socket, descriptors: tuple[int, int], shown: Through, signals: Signals) -> None:
        self.peer, self.shown, self.signals = peer, shown, signals
        self.keys, self.screen = descriptors
        self.terminal: Unechoed | None = None
        self.unsent = bytearray()
        self.half_closed = False
        self.hearing = True
        self.fault = ""
        self.died_of = 0

    def run(self) -> None:
        """Take turns until the server has ended and all it said is shown, or a signal ends it."""
        while not self.died_of and (self.hearing or self.shown.out):
            self.turn()

    def turn(self) -> None:
        """Wait until something can be done, and do it."""
        reading: list[int] = [self.signals.fd]
        writing: list[int] = []
        screen_full = len(self.shown.out) >= HELD_BYTES
        keys_wanted = not (self.shown.ended or (self.terminal and screen_full))  # keys are shown as well
        if keys_wanted and len(self.unsent) < HELD_BYTES:
            reading.append(self.keys)
        if self.hearing and not screen_full:
            reading.append(self.peer.fileno())
        if self.unsent:
            writing.append(self.peer.fileno())
        if self.shown.out:
            writing.append(self.screen)
        readable, writable, _ = select.select(reading, writing, [])
        if self.signals.fd in readable:
            self.heed()
        if self.keys in readable:
            self.type()
        if self.peer.fileno() in readable:
            self.hear()
        if self.peer.fileno() in writable:
            self.send()
        if self.screen in writable:
            self.show()

    def type(self) -> None:
        """Take what is typed; at its end, half-close once everything is sent."""
        try:
            typed = os.read(self.keys, RECEIVE_BYTES)
        except OSError as error:
            raise ConversationError(f"cannot read standard input: {error.strerror}") from error
        self.unsent += self.shown.typed(typed)
        self.send()

    def send(self) -> None:
        """Give the kernel what it takes."""
        try:
            if self.unsent:
                del self.unsent[: self.peer.send(self.unsent)]
            if self.shown.ended and not self.unsent and not self.half_closed:
                self.half_closed = True
                self.peer.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return
        except OSError as error:  # what the server said before is still there to be read
            self.nothing_more_to_send(f"the server takes no more: {error.strerror}")

    def hear(self) -> None:
        """Take what the server says; its end is the end of the conversation, whatever is half typed."""
        try:
            said = self.peer.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self.hearing = False
            self.nothing_more_to_send(f"the connection is lost: {error.strerror}")
        else:
            if said:
                self.shown.heard(said)
                return
            self.hearing = False
            if not self.half_closed:
                self.nothing_more_to_send("the server ended the connection")
        self.shown.over()

    def nothing_more_to_send(self, fault: str) -> None:
        """Stop reading input, for the server does not take it any more; the first fault is the one to be told."""
        self.fault = self.fault or fault
        self.shown.ended = self.half_closed = True
        self.unsent.clear()

    def show(self) -> None:
        """Write as much as cannot block."""
        try:
            del self.shown.out[: os.write(self.screen, self.shown.out[: select.PIPE_BUF])]
        except BlockingIOError:  # non-blocking by somebody else's doing
            return
        except BrokenPipeError:
            self.died_of = signal.SIGPIPE
        except OSError as error:
            raise ConversationError(f"cannot write standard output: {error.strerror}") from error

    def heed(self) -> None:
        """Heed signals: Ctrl-Z stops us after the terminal has its mode back, the others end us."""
        for number in self.signals.taken():
            if number == signal.SIGTSTP and self.terminal is not None:
                self.terminal.give_back()
                os.kill(os.getpid(), signal.SIGSTOP)
                self.terminal.take()
                self.shown.redrawn()
            else:
                self.died_of = number


def _descriptor(stream: TextIO | None, name: str) -> int:
    if stream is None:
        raise ConversationError(f"{name} is closed")
    return stream.fileno()
