"""A case as data: a short list of steps on numbered clients and on the server.

Scripts are drawn, played, shrunk, printed and compared; nothing in here touches a socket. `player` says what each
step does and when it is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SHOWN_BYTES = 48


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done, and waited for."""

    def __str__(self) -> str:
        return words(type(self).__name__)


@dataclass(frozen=True, slots=True)
class ClientStep(Step):
    """A step on one client, named by its number."""

    client: int

    def __str__(self) -> str:
        return f"{words(type(self).__name__)} {self.client}"


@dataclass(frozen=True, slots=True)
class Connect(ClientStep):
    """Open a connection, done when the handshake is. A narrow client offers a small window and small segments.

    With `if_room` the server is to accept it as well; a client that a resting server leaves waiting takes no further
    part in the case. To a client that is not `promised` anything, anything may be done.
    """

    narrow: bool = False
    if_room: bool = False
    promised: bool = True

    def __str__(self) -> str:
        narrow = " with a narrow window" if self.narrow else ""
        room = ", if there is room" if self.if_room else ""
        return f"connect {self.client}{narrow}{room}" + ("" if self.promised else ", promised nothing")


@dataclass(frozen=True, slots=True)
class Queue(ClientStep):
    """Connect to a frozen server: its accept queue must have room."""


@dataclass(frozen=True, slots=True)
class Insist(ClientStep):
    """Connect and do a round trip, on a new connection each time that one is ended, until one is served."""

    data: bytes

    def __str__(self) -> str:
        return f"connect {self.client} and ping {shown(self.data)}, again if it is turned away"


@dataclass(frozen=True, slots=True)
class Glut(ClientStep):
    """Read nothing and send, until so many bytes are gone or the server takes no more. Its memory must not follow."""

    size_bytes: int

    def __str__(self) -> str:
        return f"glut {self.client} with up to {self.size_bytes:,} bytes"


@dataclass(frozen=True, slots=True)
class Send(ClientStep):
    """Hand over bytes. Done at once: what the kernel does not take goes out while later steps wait."""

    data: bytes

    def __str__(self) -> str:
        return f"send {self.client} {shown(self.data)}"


@dataclass(frozen=True, slots=True)
class Await(ClientStep):
    """Wait until every reply owed to the client has arrived."""


@dataclass(frozen=True, slots=True)
class Ping(ClientStep):
    """Send bytes and wait until every reply owed has arrived."""

    data: bytes

    def __str__(self) -> str:
        return f"ping {self.client} {shown(self.data)}"


@dataclass(frozen=True, slots=True)
class Flood(ClientStep):
    """Send without end, as fast as the server takes it, until the half-close."""


@dataclass(frozen=True, slots=True)
class HalfClose(ClientStep):
    """Send nothing more (shutdown SHUT_WR), and go on reading."""


@dataclass(frozen=True, slots=True)
class AwaitEnd(ClientStep):
    """After a half-close: read to the end of the stream. Every reply owed must come, then FIN."""


@dataclass(frozen=True, slots=True)
class Close(ClientStep):
    """Close both directions. Nothing is promised any more about this client's replies."""


@dataclass(frozen=True, slots=True)
class Reset(ClientStep):
    """End the connection by a reset (SO_LINGER of zero seconds). Nothing is promised about its replies."""


@dataclass(frozen=True, slots=True)
class Urgent(ClientStep):
    """Send one out-of-band byte. The connection may be kept or closed; nothing is promised about it."""


@dataclass(frozen=True, slots=True)
class Stall(ClientStep):
    """Read nothing until `Resume`."""


@dataclass(frozen=True, slots=True)
class Resume(ClientStep):
    """Read again."""


@dataclass(frozen=True, slots=True)
class AwaitBlocked(ClientStep):
    """Wait until the server can give a stalled client nothing more: its next send falls short."""


@dataclass(frozen=True, slots=True)
class Datagram(ClientStep):
    """Send one datagram, from a socket of this client's own; to one that is not `promised` an answer, none is due."""

    data: bytes
    promised: bool = True

    def __str__(self) -> str:
        return f"datagram {self.client} {shown(self.data)}" + ("" if self.promised else ", promised nothing")


@dataclass(frozen=True, slots=True)
class Ask(ClientStep):
    """Send one datagram and wait until every one that the client has sent is answered."""

    data: bytes

    def __str__(self) -> str:
        return f"ask {self.client} {shown(self.data)}"


@dataclass(frozen=True, slots=True)
class AwaitDatagrams(ClientStep):
    """Wait until every datagram that the client has sent is answered."""


@dataclass(frozen=True, slots=True)
class Vanish(ClientStep):
    """Close the client's datagram socket: answers to it are refused. Nothing is promised about them."""


@dataclass(frozen=True, slots=True)
class Crowd(Step):
    """So many more clients connect, as far as there is room, and say nothing. They are promised nothing yet."""

    number: int

    def __str__(self) -> str:
        return f"{self.number:,} more connect"


@dataclass(frozen=True, slots=True)
class CrowdSpeaks(Step):
    """Each client of the crowd does a round trip; all of them are there, and all are served."""


@dataclass(frozen=True, slots=True)
class CrowdLeaves(Step):
    """All of the crowd close their connections."""


@dataclass(frozen=True, slots=True)
class Torrents(Step):
    """So many clients each send and read without end, faster than a server can answer, until `StemTorrents`."""

    number: int

    def __str__(self) -> str:
        return f"{self.number} torrents begin"


@dataclass(frozen=True, slots=True)
class SwellTorrents(Step):
    """While the server stands still, wait until the kernel takes nothing more of any torrent."""


@dataclass(frozen=True, slots=True)
class StemTorrents(Step):
    """End them."""


@dataclass(frozen=True, slots=True)
class Freeze(Step):
    """Stop the server. What is done until `Thaw` arrives as one readiness batch, confirmed with the kernel."""


@dataclass(frozen=True, slots=True)
class Thaw(Step):
    """Let the server go on."""


@dataclass(frozen=True, slots=True)
class AwaitQuiet(Step):
    """Wait until the server burns no processor time."""


@dataclass(frozen=True, slots=True)
class AwaitReleased(Step):
    """Wait until the server holds no socket of a connection that is over."""


@dataclass(frozen=True, slots=True)
class AwaitFewWakeups(Step):
    """Wait until the server sleeps on, woken a few times a second at most."""


@dataclass(frozen=True, slots=True)
class AwaitReaped(Step):
    """Wait until the server has taken note of the ends of its child processes, the last few apart."""


@dataclass(frozen=True, slots=True)
class AwaitLevelMemory(Step):
    """So often connect, exchange `size_bytes` and leave; all of it again until the server's memory grows no more."""

    cycles: int
    size_bytes: int

    def __str__(self) -> str:
        return f"{self.cycles:,} times connect, exchange {self.size_bytes:,} bytes and leave, until memory is level"


@dataclass(frozen=True, slots=True)
class Exhaust(Step):
    """Lower the server's limit of descriptors until no more than `spare` can be opened."""

    spare: int = 0

    def __str__(self) -> str:
        return f"exhaust descriptors, {self.spare} to spare"


@dataclass(frozen=True, slots=True)
class Release(Step):
    """Give the server back the limit that it had."""


@dataclass(frozen=True, slots=True)
class LeaveOutputUnread(Step):
    """Read nothing more of what the server writes to its standard output and error."""


@dataclass(frozen=True, slots=True)
class AwaitAnnounced(Step):
    """See that the server has announced the address at which it is reached."""


@dataclass(frozen=True, slots=True)
class Terminate(Step):
    """Send the server SIGTERM and wait for its end. Nothing is promised any more to any client."""


@dataclass(frozen=True, slots=True)
class StartAgain(Step):
    """Start the server once more, on the port that it had."""


@dataclass(frozen=True, slots=True)
class Script:
    """A case: what is done, in order."""

    steps: tuple[Step, ...]

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))

    @property
    def has_company(self) -> bool:
        """Whether a client connects while another one's connection is open."""
        opened: set[int] = set()
        for step in self.steps:
            if isinstance(step, Connect):
                if opened:
                    return True
                opened.add(step.client)
            elif isinstance(step, AwaitEnd | Close | Reset):
                opened.discard(step.client)
        return False

    @property
    def clients(self) -> list[int]:
        """The numbers of the clients in it, in order."""
        return sorted({step.client for step in self.steps if isinstance(step, ClientStep)})


def script(*steps: Step | Script) -> Script:
    """A script of these steps, in order; a script among them stands for its own steps."""
    flat: list[Step] = []
    for step in steps:
        flat.extend(step.steps if isinstance(step, Script) else [step])
    return Script(tuple(flat))


def shown(data: bytes) -> str:
    """Bytes as a literal of bounded length."""
    if len(data) <= SHOWN_BYTES:
        return repr(data)
    return f"{data[:SHOWN_BYTES]!r}... ({len(data):,} bytes)"


def words(name: str) -> str:
    """A class's name as words: `HalfClose` -> `half-close`, `AwaitEnd` -> `await end`."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip().replace("half close", "half-close")
