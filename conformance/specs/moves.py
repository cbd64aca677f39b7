"""Short scripts that many clauses are made of, and the sizes that cases are drawn from.

In every script, clients from 1 on are the case's own; `OLD` was there before and `NEW` comes after: what happens to
the others must not matter to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hypothesis import strategies as st

from conformance.harness.script import (
    Await,
    AwaitBlocked,
    AwaitEnd,
    Connect,
    Freeze,
    HalfClose,
    Ping,
    Script,
    Send,
    Stall,
    Step,
    Thaw,
    script,
)
from conformance.harness.tape import tape, taped, wide_tape
from conformance.harness.target import DEFAULT_CHUNK_LIMIT_BYTES
from conformance.harness.trial import Trial

OLD, NEW = 800, 801

# Where a chunk ends, begins, or just does not; and anything between.
sizes = st.one_of(st.sampled_from([1, 1023, 1024, 1025, 2048]), st.integers(1, 3000))
small_sizes = st.integers(1, 40)
chunks = st.lists(sizes, min_size=1, max_size=6)
small_chunks = st.lists(small_sizes, min_size=1, max_size=6)

LARGEST_LIMIT_BYTES = 65536

# A narrow client's connection holds some 12 KB of answers before a send falls short.
OWED_BYTES = 32768
WIDENED = 4
# Beyond the bound that a server is likely to set itself on what it owes: it pauses reading then, or should.
ABUNDANT_BYTES = 1 << 19
# Beyond what a connection holds; a server's own bound on its output is then reached now and then as well.
surplus = st.integers(0, 64).map(lambda kilobytes: 1024 * kilobytes)


def at_limit(subject: Trial, size: int) -> int:
    """A size at a multiple of 1024, or a byte from it, becomes the one that is so at that multiple of the chunk limit.

    Any other stays, and so do all where the limit is 1024, or larger than what a case should send.
    """
    limit = subject.bench.target.chunk_limit_bytes
    multiple = round(size / DEFAULT_CHUNK_LIMIT_BYTES)
    beyond = size - multiple * DEFAULT_CHUNK_LIMIT_BYTES
    if not multiple or abs(beyond) > 1 or limit > LARGEST_LIMIT_BYTES:
        return size
    return max(1, multiple * limit + beyond)


def send(client: int, sizes: Iterable[int]) -> Script:
    """Pieces of these sizes from the client's own tape."""
    return script(*(Send(client, piece) for piece in taped(client, sizes)))


def hello(client: int) -> Step:
    """A round trip."""
    return Ping(client, tape(client, 16))


def arrive(*clients: int) -> Script:
    """Each connects and is served: only then has the server itself accepted it."""
    return script(*(step for client in clients for step in (Connect(client), hello(client))))


def leave(*clients: int) -> Script:
    """Each takes all that it is owed, then says that it sends nothing more and reads to the end."""
    return script(*(step for client in clients for step in (Await(client), HalfClose(client), AwaitEnd(client))))


def drain(*clients: int) -> Script:
    """Each says that it sends nothing more, whatever it is owed, and reads to the end."""
    return script(*(step for client in clients for step in (HalfClose(client), AwaitEnd(client))))


def frozen(*steps: Step | Script) -> Script:
    """These happen while the server stands still: it finds them as one batch."""
    return script(Freeze(), *steps, Thaw())


def unaffected(*steps: Step | Script) -> Script:
    """An old client is served before and after these, and a new one after."""
    return script(arrive(OLD), *steps, hello(OLD), arrive(NEW), leave(OLD, NEW))


def holds_bytes(subject: Trial) -> int:
    """How much of a wide tape is answered with more than a narrow connection holds."""
    return OWED_BYTES // (WIDENED if subject.profile == "received" else 1)


def owing(subject: Trial, client: int, surplus_bytes: int = 0, lead_bytes: int = 0, *, batch: bool = False) -> Script:
    """A narrow client that sends and does not read, until the server's sends to it fall short.

    The first `lead_bytes` have short answers. They set how full the send buffer is before each later answer: whether a
    server that waits for writability sees a short send at all depends on that. It depends as well on when it is told
    that its answers arrived, and while the client still sends, each segment tells it: what is a `batch` is all there
    before the first answer, where the server can be stopped.
    """
    size = holds_bytes(subject) + surplus_bytes // (WIDENED if subject.profile == "received" else 1)
    sent: Step | Script = Send(client, tape(client, lead_bytes) + wide_tape(client, size, lead_bytes))
    if batch and subject.freezes:
        sent = frozen(sent)
    return script(Connect(client, narrow=True), hello(client), Stall(client), sent, AwaitBlocked(client))


def exchange(client: int, pieces: Sequence[bytes]) -> Script:
    """A whole connection: these bytes, everything that is owed for them, and an orderly end."""
    return script(Connect(client), *(Send(client, piece) for piece in pieces), leave(client))
