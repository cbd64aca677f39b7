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
    StartAgain,
    Terminate,
    script,
)
from conformance.harness.tape import tape
from conformance.harness.trial import Trial
from conformance.specs.moves import arrive, exchange, hello, leave

# Of a line for each message, or of a short word for each connection, more than a pipe of four kilobytes holds.
MESSAGES, CONNECTIONS = 150, 470
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
    spoken = script(arrive(1), *(hello(1) for _ in range(subject.afford(MESSAGES))))
    passing = (script(Connect(client), leave(client)) for client in range(101, 101 + subject.afford(CONNECTIONS)))
    subject.hold(LeaveOutputUnread(), spoken, *passing, hello(1), leave(1))


@clause(MUST, PROCESS)
def test_no_zombies(subject: Trial) -> None:
    """A server that serves in child processes waits for them when they end: zombies do not accumulate."""
    passing = (exchange(client, [tape(client, 16)]) for client in range(101, 101 + FAMILY))
    subject.hold(*passing, AwaitReaped())
