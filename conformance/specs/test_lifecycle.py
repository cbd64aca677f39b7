"""How a server begins, goes on and ends.

Source: the tutorial's start line; RFC 9293, 3.6.1 and socket(7): TIME_WAIT and SO_REUSEADDR; signal(7): SIGTERM;
pipe(7): a full pipe blocks its writer; wait(2): zombies.
"""

from __future__ import annotations

from conformance.clauses import COMMAND, MUST, PORT, PROCESS, SHOULD, START_LINE, clause
from conformance.harness.script import (
    AwaitAnnounced,
    AwaitReaped,
    Close,
    Connect,
    LeaveOutputUnread,
    Script,
    StartAgain,
    Terminate,
    script,
)
from conformance.harness.tape import tape
from conformance.harness.trial import Trial
from conformance.specs.moves import arrive, exchange, hello, leave

# Of a short word each, more than a pipe of four kilobytes holds.
LOGGED = 500
FAMILY = 16


@clause(MUST, START_LINE)
def test_announces(subject: Trial) -> None:
    """The server says at which address it serves, in the line `Server start at: HOST:PORT` on its standard output."""
    subject.hold(AwaitAnnounced(), arrive(1), leave(1))


@clause(SHOULD, PORT)
def test_restart(subject: Trial) -> None:
    """Ended while connections were open, the server can be started again at once on the same port.

    It ended those connections first, so they stay in TIME_WAIT at its port.
    """
    subject.hold(arrive(1, 2, 3), Terminate(), *map(Close, (1, 2, 3)), StartAgain(), arrive(4), leave(4))


@clause(SHOULD, COMMAND)
def test_terminates(subject: Trial) -> None:
    """SIGTERM ends the server, with connections open, within ten seconds."""
    subject.hold(arrive(1), Connect(2), Terminate())


@clause(SHOULD, COMMAND)
def test_blocked_log(subject: Trial) -> None:
    """When nobody reads what it writes to its standard output and error, the server still serves."""
    often = subject.afford(LOGGED)
    spoken = script(arrive(1), *(hello(1) for _ in range(often)))
    subject.hold(LeaveOutputUnread(), spoken, *_passing(often), hello(1), leave(1))


@clause(MUST, PROCESS)
def test_no_zombies(subject: Trial) -> None:
    """A server that serves in child processes waits for them when they end: zombies do not accumulate."""
    subject.hold(*_passing(FAMILY), AwaitReaped())


def _passing(number: int) -> list[Script]:
    """So many connections, one after the other."""
    return [exchange(client, [tape(client, 16)]) for client in range(101, 101 + number)]
