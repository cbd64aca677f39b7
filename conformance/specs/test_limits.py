"""What happens at the limits of a process and of its interfaces.

Source: accept(2): EMFILE, ENFILE; getrlimit(2): RLIMIT_NOFILE; select(2): FD_SETSIZE; listen(2): the backlog.
"""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from conformance.clauses import FREEZE, LIMITS, MUST, PROCESS, SHOULD, clause
from conformance.harness.script import (
    AwaitLevelMemory,
    AwaitQuiet,
    Close,
    Connect,
    Crowd,
    CrowdLeaves,
    CrowdSpeaks,
    Exhaust,
    Insist,
    Queue,
    Release,
    Script,
    script,
)
from conformance.harness.tape import tape
from conformance.harness.trial import Trial
from conformance.specs.moves import NEW, OLD, arrive, frozen, hello, leave, send

# FD_SETSIZE is 1024 on every system of today; a server holds some descriptors of its own besides.
BEYOND_FD_SETSIZE = 1100
PENDING = 64
CYCLES = 400

waiting = st.integers(1, 6)


@clause(MUST, LIMITS, share=0.03)
@given(number=waiting, spare=st.integers(0, 3))
@example(number=4, spare=1)
def test_descriptor_exhaustion(subject: Trial, number: int, spare: int) -> None:
    """Out of descriptors at accept, the server lives and serves its connections; given some, it accepts new ones.

    Those who came meanwhile may be kept waiting or turned away.
    """
    clients = range(1, number + spare + 1)
    subject.hold(
        _exhausted(subject, clients, spare, promised=False),
        hello(OLD),
        _released(),
        *map(Close, clients),
        leave(NEW, OLD),
    )


@clause(SHOULD, LIMITS)
def test_exhaustion_quiet(subject: Trial) -> None:
    """Out of descriptors, with connections that wait to be accepted, the server comes to rest."""
    clients = range(1, 4)
    subject.hold(
        _exhausted(subject, clients, 0, promised=False),
        AwaitQuiet(),
        _released(),
        *map(Close, clients),
        leave(NEW, OLD),
    )


@clause(SHOULD, LIMITS, share=0.03)
@given(number=waiting)
def test_exhaustion_queue(subject: Trial, number: int) -> None:
    """Those who waited while the server was out of descriptors are served when it has some again."""
    clients = range(1, number + 1)
    subject.hold(
        _exhausted(subject, clients, 0, promised=True), _released(), *map(hello, clients), leave(*clients, NEW, OLD)
    )


@clause(MUST)
def test_beyond_fd_setsize_safe(subject: Trial) -> None:
    """More connections than select(2) can hold do no harm to those that are there, nor to who comes later."""
    subject.hold(
        arrive(OLD),
        Crowd(BEYOND_FD_SETSIZE),
        hello(OLD),
        CrowdLeaves(),
        hello(OLD),
        Insist(NEW, tape(NEW, 16)),
        leave(OLD, NEW),
    )


@clause(SHOULD)
def test_beyond_fd_setsize_served(subject: Trial) -> None:
    """More connections than select(2) can hold are all served."""
    subject.hold(arrive(OLD), Crowd(BEYOND_FD_SETSIZE), CrowdSpeaks(), hello(OLD), CrowdLeaves(), leave(OLD))


@clause(SHOULD, FREEZE)
def test_backlog(subject: Trial) -> None:
    """Sixty-four connections find room in the accept queue while the server is busy elsewhere.

    Who finds none is left to try again, a second later and more.
    """
    clients = range(1, PENDING + 1)
    subject.hold(frozen(*map(Queue, clients)), *(script(send(client, [7]), leave(client)) for client in clients))


@clause(SHOULD, PROCESS)
def test_no_growth(subject: Trial) -> None:
    """Connections that come and go leave no memory behind: it levels off, 160 bytes a connection apart."""
    subject.hold(AwaitLevelMemory(subject.afford(CYCLES), 4096))


def _exhausted(subject: Trial, clients: range, spare: int, *, promised: bool) -> Script:
    """An old connection, and then more new ones than there are descriptors for, all at once where that can be."""
    newcomers = [Connect(client, promised=promised) for client in clients]
    return script(
        arrive(OLD), Exhaust(spare), frozen(*newcomers) if subject.freezes else script(*newcomers), hello(OLD)
    )


def _released() -> Script:
    return script(Release(), Insist(NEW, tape(NEW, 16)), hello(OLD))
