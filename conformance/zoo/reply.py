"""Bugs in what is answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

from conformance.zoo.bug import bug
from conformance.zoo.effects import DRAWN_LENGTHS, DRAWN_SESSIONS, LONG_MESSAGE, SHORT_SEND, because
from reference_servers.backend_epoll import EpollServer
from reference_servers.connection import Connection
from reference_servers.server import CHUNK_BYTES, Peer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from reference_servers.listener import Address

# Every clause of the chapter has at least one answer in it.
EVERY_ANSWER = (
    "reply.bytes-not-text",
    "reply.chunk-limit",
    "reply.exact-multiples",
    "reply.falsy-payloads",
    "reply.literal",
    "reply.prefix",
    "reply.prompt",
    "reply.sequence",
    "reply.tutorial-transcript",
    "reply.unsolicited",
)
DRAWN_BYTES = {"order.any-chunking": "it draws any bytes, these among them"}

ATOM = re.compile(rb"\\x..|\\.|[^\\]")
HEX = [b"\\x%02x" % byte for byte in range(256)]


def respelt(reply: bytes, spellings: Mapping[bytes, bytes]) -> bytes:
    """A reply in which some escapes are spelt another way."""
    return ATOM.sub(lambda atom: spellings.get(atom[0], atom[0]), reply)


# What a byte becomes in the literal

A_LINE_END = "where a line end is drawn"


@bug(
    "reply.literal",
    "reply.bytes-not-text",
    seen="libpagekite#34, foundationdb#1667",
    collateral=DRAWN_BYTES,
)
class ExtendsSign(Connection):
    r"""A byte above 0x7f is a negative `char`, and `%02x` makes eight digits of it: `\xffffff80`."""

    def reply(self, chunk: bytes) -> bytes:
        """Print the upper half as a signed number."""
        return respelt(super().reply(chunk), {HEX[byte]: b"\\xffffff%02x" % byte for byte in range(0x80, 0x100)})


@bug(
    "reply.literal",
    "reply.bytes-not-text",
    "reply.falsy-payloads",
    collateral=DRAWN_BYTES
    | dict.fromkeys(
        SHORT_SEND,
        "what fills a narrow connection has the bytes 0x0e and 0x0f in it",
    ),
)
class UpperCaseHex(Connection):
    r"""Hexadecimal digits are upper case: `\xFF`."""

    def reply(self, chunk: bytes) -> bytes:
        """Print with `%02X`."""
        return respelt(super().reply(chunk), {atom: b"\\x%02X" % byte for byte, atom in enumerate(HEX)})


@bug("reply.literal", collateral=DRAWN_BYTES)
class LeavesDelBare(Connection):
    r"""Whatever is not below a space is taken for printable ASCII: DEL, 0x7f, is answered bare."""

    def reply(self, chunk: bytes) -> bytes:
        """Escape only below 0x20 and above 0x7f."""
        return respelt(super().reply(chunk), {HEX[0x7F]: b"\x7f"})


@bug("reply.literal", "reply.bytes-not-text", "reply.falsy-payloads", collateral=DRAWN_BYTES)
class EscapesLikeC(Connection):
    r"""The escapes are those of C: `\a`, `\b`, `\v`, `\f` and `\0`."""

    def reply(self, chunk: bytes) -> bytes:
        """Take the short escape where C has one."""
        return respelt(
            super().reply(chunk),
            {HEX[0]: b"\\0", HEX[7]: b"\\a", HEX[8]: b"\\b", HEX[11]: b"\\v", HEX[12]: b"\\f"},
        )


@bug("reply.literal", collateral=DRAWN_BYTES)
class LeavesBackslashBare(Connection):
    r"""The backslash is not escaped: the four characters `\x41` look like the one byte 0x41."""

    def reply(self, chunk: bytes) -> bytes:
        """Escape all else."""
        return respelt(super().reply(chunk), {b"\\\\": b"\\"})


@bug("reply.literal", collateral=DRAWN_BYTES)
class QuotesAlwaysAlike(Connection):
    r"""The literal always stands in `'`, and each `'` in it is escaped."""

    def reply(self, chunk: bytes) -> bytes:
        """Have both quotes in the chunk, and remove the one that was added."""
        literal = super().reply(chunk + b'"')
        return literal.removesuffix(b"\"'") + b"'"


# What becomes of the chunk before


@bug(
    "reply.literal",
    "reply.bytes-not-text",
    "reply.falsy-payloads",
    seen="trungams/http-server#2",
    collateral=DRAWN_BYTES,
)
class StopsAtNul(Connection):
    """The chunk is handled as a C string: nothing after a NUL is answered."""

    def reply(self, chunk: bytes) -> bytes:
        """Answer what stands before the first NUL."""
        return super().reply(chunk.split(b"\0")[0])


@bug(
    "reply.literal",
    "reply.bytes-not-text",
    seen="xdk-python#3, uberserver#224",
    collateral=DRAWN_BYTES,
)
class DecodesWithReplacement(Connection):
    """Each chunk is decoded as UTF-8, and what is no text in it becomes U+FFFD."""

    def reply(self, chunk: bytes) -> bytes:
        """Decode, and encode for the answer."""
        return super().reply(chunk.decode("utf-8", "replace").encode())


@bug(
    "reply.literal",
    "reply.bytes-not-text",
    seen="xdk-python#3, uberserver#224",
    collateral=DRAWN_BYTES,
)
class ClosesOnInvalidText(Connection):
    """Each chunk is decoded as UTF-8, and where that fails the connection is closed."""

    def receive(self, chunk: bytes) -> None:
        """Take text only."""
        try:
            super().receive(chunk.decode().encode())
        except UnicodeDecodeError:
            self.end()


@bug("reply.literal", "reply.bytes-not-text", collateral=DRAWN_BYTES)
class EncodesAgain(Connection):
    """Bytes are read as Latin-1 and written as UTF-8: each one above 0x7f is answered as two."""

    def reply(self, chunk: bytes) -> bytes:
        """Decode by one encoding, encode by another."""
        return super().reply(chunk.decode("latin-1").encode())


@bug("reply.bytes-not-text", collateral=DRAWN_BYTES)
class SwallowsByteOrderMark(Connection):
    """A byte order mark is taken out of the text, wherever it stands."""

    def reply(self, chunk: bytes) -> bytes:
        """Answer without it."""
        return super().reply(chunk.replace(b"\xef\xbb\xbf", b""))


@bug("reply.literal", "reply.bytes-not-text", collateral=DRAWN_BYTES)
class ObeysTelnet(Connection):
    """Telnet commands, 0xff and what follows, are taken out of the stream."""

    def reply(self, chunk: bytes) -> bytes:
        """Leave the commands out."""
        return super().reply(re.sub(rb"(?s)\xff(?:[\xfb-\xfe].|.|$)", b"", chunk))


@bug("reply.literal", "reply.falsy-payloads", "reply.tutorial-transcript", collateral=DRAWN_BYTES)
class StripsWhitespace(Connection):
    """Spaces and line ends around a chunk are not answered."""

    def reply(self, chunk: bytes) -> bytes:
        """Answer what is within."""
        return super().reply(chunk.strip())


@bug("reply.literal", "reply.falsy-payloads", collateral=DRAWN_BYTES)
class TranslatesLineEnds(Connection):
    """The stream was opened as text, and a carriage return with a newline becomes a newline."""

    def reply(self, chunk: bytes) -> bytes:
        """Translate."""
        return super().reply(chunk.replace(b"\r\n", b"\n"))


@bug("reply.literal", collateral=DRAWN_BYTES)
class TakesDataForFormat(Connection):
    """The finished answer goes through a formatting function once more: a `%` in the data ends the server."""

    def reply(self, chunk: bytes) -> bytes:
        """Format what was formatted."""
        return super().reply(chunk) % ()


# What is taken for the end


@bug("reply.falsy-payloads", "reply.literal", collateral=DRAWN_BYTES)
class TakesBlankForEnd(Connection):
    """A chunk of nothing but spaces or line ends is stripped, found empty, and taken for the end of the stream."""

    def receive(self, chunk: bytes) -> None:
        """Ask what is left of it."""
        super().receive(chunk if chunk.strip() else b"")


@bug(
    "reply.falsy-payloads",
    "reply.literal",
    collateral=because(
        "a message of one byte, and the last byte of a longer one, may be `0`",
        "close.at-accept",
        "close.churn",
        "close.coalesced",
        "close.drains-before-fin",
        "close.full-close",
        "error.reset-storm",
        "isolation.accept-burst",
        "isolation.many-ready",
        "isolation.no-crosstalk",
        "isolation.sessions",
        "isolation.stale-event",
        "order.any-chunking",
        "order.burst",
        "order.long-stream",
        "order.replaced-buffer",
        "readiness.accepts-all",
        "readiness.edge-drained",
        "reply.bytes-not-text",
        "reply.chunk-limit",
        "reply.prefix",
        "reply.prompt",
        "reply.sequence",
    ),
)
class TakesZeroForEnd(Connection):
    """The string `0` is false in this server's language, and taken for the end of the stream."""

    def receive(self, chunk: bytes) -> None:
        """Ask whether it is true, as PHP and Perl do."""
        super().receive(b"" if chunk == b"0" else chunk)


@bug("reply.falsy-payloads")
class ObeysQuit(Connection):
    """A client that says `quit` is not answered: its connection is closed."""

    def receive(self, chunk: bytes) -> None:
        """Take the word for a command."""
        super().receive(b"" if chunk.strip() == b"quit" else chunk)


# The frame of the answer


@bug(*EVERY_ANSWER, seen="fiche#112")
class SendsTerminator(Connection):
    """The NUL that ends a C string is sent with each answer."""

    def reply(self, chunk: bytes) -> bytes:
        """Send `strlen + 1` bytes."""
        return super().reply(chunk) + b"\0"


@bug(*EVERY_ANSWER)
class AnswersEnd(Connection):
    """The empty chunk, the end of the stream, is answered like any other."""

    def end(self) -> None:
        """Answer first."""
        self.owed += self.reply(b"")
        super().end()


@bug(*EVERY_ANSWER)
class Greets(EpollServer):
    """Whoever connects is greeted, before it has said anything."""

    def admit(self, sock: socket.socket, address: Address) -> None:
        """Send a banner."""
        super().admit(sock, address)
        sock.send(b"Welcome!\r\n")


@bug(*SHORT_SEND, collateral=DRAWN_SESSIONS)
class PrefixOnceAFlush(Connection):
    """The prefix is written when the output buffer is empty: a reply behind pending output has none."""

    def reply(self, chunk: bytes) -> bytes:
        """Leave the prefix out behind other output."""
        return super().reply(chunk).removeprefix(b"Server received " if self.owed else b"")


@bug(
    "reply.sequence",
    "reply.literal",
    "reply.falsy-payloads",
    "reply.tutorial-transcript",
    collateral={
        **dict.fromkeys(
            {*LONG_MESSAGE, *DRAWN_LENGTHS, "reply.prefix"} - {"reply.sequence"},
            "the last chunk of a message may be shorter than the first",
        ),
        **because(
            "a short message after a longer one",
            "isolation.accept-burst",
            "isolation.many-ready",
            "isolation.stale-event",
            "readiness.one-shot-rearmed",
        ),
    },
)
class FormatsWholeBuffer(Connection):
    """The answer is made of the whole input buffer, not of what was read into it: a longer message shows behind."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = bytearray()

    def reply(self, chunk: bytes) -> bytes:
        """Read into the buffer, and answer the buffer."""
        self.buffer[: len(chunk)] = chunk
        return super().reply(bytes(self.buffer))


@bug("reply.literal", *SHORT_SEND, collateral=DRAWN_SESSIONS)
class TruncatesLongAnswer(Connection):
    """The answer is made in a buffer of 4096 bytes, and an answer that is longer is cut off."""

    def reply(self, chunk: bytes) -> bytes:
        """Take what fits."""
        return super().reply(chunk)[:4096]


# How much is read, and when it is answered


@bug(
    "reply.chunk-limit",
    "reply.bytes-not-text",
    "reply.exact-multiples",
    collateral=because("messages of more than one chunk are drawn", "reply.prompt", "reply.sequence"),
)
class IgnoresChunkBound(EpollServer):
    """A chunk is whatever is there, not at most 1024 bytes of it."""

    def receive(self, peer: Peer) -> bytes | None:
        """Read 64 KB at once."""
        return peer.socket.recv(65536)


@bug("reply.prompt")
class WaitsForNewline(Connection):
    """The server reads lines: nothing is answered before a newline has come."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = b""

    def reply(self, chunk: bytes) -> bytes:
        """Answer the lines that are complete."""
        *lines, self.begun = re.split(rb"(?<=\n)", self.begun + chunk)
        return b"".join(map(super().reply, lines))


@bug("reply.prompt", seen="uvloop#631")
class AnswersAtNextWakeup(EpollServer):
    """An answer is queued, and leaves when the loop wakes up the next time, for whatever reason."""

    def open(self) -> None:
        """Begin with an empty queue."""
        super().open()
        self.queue: list[Peer] = []

    def answer(self, peer: Peer) -> None:
        """Queue it, and wait for nothing but input."""
        if peer.connection.ended:
            super().answer(peer)
        else:
            self.queue.append(peer)

    def turn(self) -> None:
        """Wait, then send what was queued before."""
        queue, self.queue = self.queue, []
        super().turn()
        for peer in queue:
            with suppress(OSError):
                if peer.interest:
                    self.writable(peer)


@bug(
    "reply.exact-multiples",
    "reply.literal",
    collateral={
        **because(
            "what is sent may be a multiple of 1024 bytes",
            "close.drains-stalled",
            "error.releases",
            "error.reset-with-output-owed",
            "isolation.descriptor-reuse",
            "isolation.no-crosstalk",
            "isolation.sessions",
            "isolation.slow-reader",
            "order.any-chunking",
            "order.burst",
            "order.long-stream",
            "order.partial-writes",
            "order.replaced-buffer",
            "readiness.interest-restored",
            "readiness.quiescent-after-reset",
            "readiness.quiescent-blocked",
            "readiness.quiescent-half-closed",
            "reply.chunk-limit",
            "reply.prompt",
            "reply.sequence",
        ),
        **because("where a read is exactly as long as it may be", "limits.no-growth", "readiness.edge-drained"),
    },
)
class WaitsForShortRead(Connection):
    """A message is taken to end with a read that fills less than the buffer: one of exactly 1024 bytes is not over."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[bytes] = []

    def receive(self, chunk: bytes) -> None:
        """Collect chunks, and answer them when one was short."""
        self.begun.append(chunk)
        if len(chunk) < CHUNK_BYTES:
            chunks, self.begun = self.begun, []
            for each in chunks:
                super().receive(each)


@bug(
    "reply.literal",
    "order.partial-writes",
    "readiness.interest-restored",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    collateral={
        **because(
            "as many chunks are sent where the server is quick", "isolation.flooding-clients", "order.long-stream"
        ),
        **because("more than a hundred chunks on one connection", "isolation.slow-reader", "lifecycle.blocked-log"),
    },
)
class ClosesAfterHundred(Connection):
    """A connection is good for a hundred chunks: after the answer to the last of them it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 100

    def receive(self, chunk: bytes) -> None:
        """Count down, and end the connection."""
        super().receive(chunk)
        self.left -= 1
        if self.left == 0 and not self.ended:
            self.end()


@bug(
    "reply.identity",
    "order.any-chunking",
    profile="echo",
    collateral={"reply.falsy-payloads": A_LINE_END, "reply.bytes-not-text": A_LINE_END},
)
class EchoesForTerminals(Connection):
    """An echo server that ends lines as terminals want it: what came as LF goes back as CR LF."""

    def reply(self, chunk: bytes) -> bytes:
        """Echo the chunk, its line ends changed."""
        return chunk.replace(b"\n", b"\r\n")
