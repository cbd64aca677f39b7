"""The broken clients: each is the correct one with one part of it broken.

`python -m conformance.zoo.clients.broken NAME HOST PORT` runs one, `--json` lists them.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time

from conformance.zoo.bug import Bug, bug
from conformance.zoo.clients.relay import HELD_BYTES, STDOUT, Relay


@bug("client.single-bytes")
class TakesOneReceiveForTheReply(Relay):
    """It takes one recv for the whole reply, once its input has ended, and hears no more."""

    def heard(self, data: bytes) -> None:  # noqa: D102
        super().heard(data)
        self.hearing = self.hearing and not self.input_over


@bug("client.late-reply")
class TakesSilenceForTheEnd(Relay):
    """It waits a moment for the reply, and takes silence for its end."""

    def patience_s(self) -> float | None:  # noqa: D102
        return 0.02 if self.half_closed else None

    def nothing_happened(self) -> None:  # noqa: D102
        self.hearing = False


@bug("client.coalesced")
class TakesOneReplyOutOfASegment(Relay):
    """It looks for one reply in what a recv returns, and drops what comes behind it."""

    def heard(self, data: bytes) -> None:  # noqa: D102
        second = data.find(b"Server received ", 1)
        super().heard(data if second < 0 else data[:second])


@bug("client.after-half-close")
class LeavesWithItsInput(Relay):
    """When its input has ended it closes, and hears nothing of what it is owed."""

    def over(self) -> bool:  # noqa: D102
        return self.half_closed and not self.unwritten


@bug("client.half-closes", seen="netcat without -N")
class NeverHalfCloses(Relay):
    """It never says that its input has ended, and both sides wait."""

    def half_close(self) -> None:  # noqa: D102
        self.half_closed = True


@bug("client.sends-all")
class CountsAShortSendAsWhole(Relay):
    """It takes no notice of how much a send took."""

    def sent(self, size: int) -> None:  # noqa: ARG002, D102
        self.unsent.clear()


@bug("client.both-ways", seen="the echo client of many tutorials; UNIX Network Programming, 6.7")
class SendsAllBeforeItReads(Relay):
    """It takes its whole input, sends it whatever that takes, and only then reads what the server says."""

    def wants_input(self) -> bool:  # noqa: D102
        return not self.input_over

    def wants_to_hear(self) -> bool:  # noqa: D102
        return self.input_over and super().wants_to_hear()

    def send(self) -> None:  # noqa: D102
        if self.input_over:
            self.socket.setblocking(True)
            self.socket.sendall(self.unsent)
            self.socket.setblocking(False)
            self.unsent.clear()
            super().send()


@bug("client.large-reply")
class KeepsNoMoreThanABuffer(Relay):
    """It has a buffer for the reply, and drops what does not fit."""

    written_bytes = 0

    def heard(self, data: bytes) -> None:  # noqa: D102
        room = HELD_BYTES - self.written_bytes
        self.written_bytes += len(data)
        super().heard(data[: max(0, room)])


@bug("client.cut-anywhere")
class DropsAnUnfinishedReply(Relay):
    """It holds a reply back until it is whole, and drops what is not when the server ends."""

    def wants_to_write(self) -> bool:  # noqa: D102
        return bytes(self.unwritten[-1:]) in {b"'", b'"'}

    def heard_end(self) -> None:  # noqa: D102
        super().heard_end()
        if not self.wants_to_write():
            self.unwritten.clear()


@bug("client.early-fin")
class LosesItsOutputAtAnEarlyEnd(Relay):
    """It writes its output at the end, and does not where the server ended first."""

    def wants_to_write(self) -> bool:  # noqa: D102
        return bool(self.unwritten) and (not self.hearing or len(self.unwritten) >= HELD_BYTES)

    def heard_end(self) -> None:  # noqa: D102
        super().heard_end()
        if not self.input_over:
            self.unwritten.clear()


@bug("client.rests-after-fin")
class SpinsOnTheEndOfTheStream(Relay):
    """It keeps watching a socket whose end it has heard, which is readable for ever."""

    def wants_to_hear(self) -> bool:  # noqa: D102
        return True


@bug("client.rests", "client.rests-after-fin")
class AsksWithoutWaiting(Relay):
    """It asks again and again what is ready, and never waits."""

    def patience_s(self) -> float | None:  # noqa: D102
        return 0.0


@bug("client.reset")
class WaitsAfterAReset(Relay):
    """After a reset it waits for a connection that is gone."""

    def lost(self) -> int:  # noqa: D102
        signal.pause()
        return 1


@bug("client.tells-reset", seen="socat, by its default")
class CallsAResetAnEnd(Relay):
    """It ends after a reset as if all had been said."""

    def lost(self) -> int:  # noqa: D102
        return 0


@bug("client.refused")
class TriesForEverWhenRefused(Relay):
    """When it is refused it tries again, for ever."""

    def connected(self) -> socket.socket:  # noqa: D102
        while True:
            try:
                return super().connected()
            except ConnectionRefusedError:
                time.sleep(0.01)


@bug("client.refused")
class SucceedsWhenRefused(Relay):
    """When it is refused it says so, and ends with status 0."""

    def not_connected(self) -> int:  # noqa: D102
        return 0


@bug("client.slow-connect")
class GivesUpConnectingSoon(Relay):
    """It waits a fifth of a second for its connection."""

    def connected(self) -> socket.socket:  # noqa: D102
        return socket.create_connection(self.address, timeout=0.2)


@bug("client.ends-well")
class EndsWithOne(Relay):
    """It always ends with status 1."""

    def status(self) -> int:  # noqa: D102
        return 1


@bug("client.bounded-output")
class KeepsAllThatItHears(Relay):
    """It reads on while nobody takes its output, and keeps all of it."""

    def wants_to_hear(self) -> bool:  # noqa: D102
        return self.hearing


@bug("client.bounded-input")
class KeepsAllThatIsTyped(Relay):
    """It takes its input while the server does not read, and keeps all of it."""

    def wants_input(self) -> bool:  # noqa: D102
        return not self.input_over


@bug("client.blocked-output")
class CountsAShortWriteAsWhole(Relay):
    """Its standard output does not block, and it takes no notice of how much a write took."""

    def write(self) -> None:  # noqa: D102
        os.set_blocking(STDOUT, False)
        os.write(STDOUT, self.unwritten)
        self.unwritten.clear()


@bug("client.every-byte")
class TakesBytesForText(Relay):
    """It decodes what it hears, and puts a question mark where that is no text."""

    def heard(self, data: bytes) -> None:  # noqa: D102
        super().heard(data.decode("ascii", "replace").encode("ascii", "replace"))


def all_broken() -> dict[str, tuple[type[Relay], Bug]]:
    """Each broken client, by its name."""
    classes = [each for each in globals().values() if isinstance(each, type) and "bug" in vars(each)]
    return {each.bug.name: (each, each.bug) for each in classes}  # type: ignore[attr-defined]


def main(words: list[str]) -> int:
    """Run the one that is named; returns its exit status."""
    if words == ["--json"]:
        print(json.dumps([stated._asdict() for _, stated in all_broken().values()]))
        return 0
    name, host, port = words
    broken, _ = all_broken()[name]
    return broken(host, int(port)).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
