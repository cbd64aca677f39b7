"""What must hold of every transcript, whatever the script: the protocol, read off the steps.

A client that neither reset nor fully closed its connection, nor sent an urgent byte, is owed an answer to every byte,
in order; after its half-close it is owed that and then FIN; until then its connection stays open. A server does not
die. A clause is a choice of scripts: this law is what they are all judged by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from clients.peer import Ending
from conformance.harness import script as s
from conformance.harness.text import plain
from conformance.harness.transcript import ClientRecord, FaultLike, Stop, Transcript, Trouble

SILENT = "nothing more came"  # and what is told of a server that falls silent goes on with how long


@dataclass(frozen=True, slots=True)
class Breach:
    """A place where the law was broken.

    `timed` says that the evidence is that something did not happen in time; other evidence needs no clock and no
    second look.
    """

    expected: str
    actual: str
    ended: str
    timed: bool = False


def breach_of(transcript: Transcript) -> Breach | None:
    """The first breach of the law in a transcript, None where it was kept."""
    stop = transcript.stop
    if stop is not None:
        found = _at_stop(transcript, stop)
        if transcript.epitaph is not None:
            died = transcript.epitaph.partition(";")[0]
            found = replace(found, actual=f"the server {died}; {found.actual}", timed=False)
        return found
    for client in transcript.clients.values():
        breach = _unasked(client)
        if breach is not None:
            return breach
    if transcript.epitaph is not None:
        return Breach("the server goes on serving", f"the server {transcript.epitaph}", "every client had been served")
    return None


def _at_stop(transcript: Transcript, stop: Stop) -> Breach:
    step = stop.step
    if stop.trouble in _OF_THE_SERVER:
        return Breach(_OF_THE_SERVER[stop.trouble], stop.detail, "not at all", timed=True)
    if not isinstance(step, s.ClientStep):
        actual = f"{SILENT} for {stop.detail}" if stop.trouble is Trouble.SILENCE else stop.detail
        return Breach(f"{step} can be done", actual or stop.trouble.value, "not at all", timed=True)
    client = transcript.clients[step.client]
    if client.fault is not None and stop.trouble is not Trouble.SILENCE:
        return Breach(_due(client.fault), f"{client.name}: {client.fault.detail}", ending_of(client, stop))
    return Breach(
        _awaited(step, client), _instead(client, stop), ending_of(client, stop), stop.trouble is Trouble.SILENCE
    )


def _awaited(step: s.ClientStep, client: ClientRecord) -> str:
    match step:
        case s.Connect() | s.Insist():
            return f"{client.name}'s connection is accepted"
        case s.AwaitEnd():
            return f"{client.name} gets every reply owed and then FIN"
        case s.AwaitBlocked():
            return f"{client.name}'s connection stays open while it does not read"
        case _ if client.datagrams is not None:
            return f"{client.name} gets one reply to every datagram it sent"
        case _:
            return f"{client.name} gets a reply to every byte it sent"


def _instead(client: ClientRecord, stop: Stop) -> str:
    progress = f"{client.answered_bytes:,} of the {client.sent_bytes:,} bytes it sent were answered"
    if client.datagrams is not None:
        progress = "{:,} of the {:,} datagrams it sent were answered".format(*client.datagrams)
    match stop.trouble:
        case Trouble.SILENCE:
            return f"{SILENT} for {stop.detail}; {progress}"
        case Trouble.ENDED if client.ending is not None:
            return f"{_ended(client)}; {progress}"
        case _:
            return f"{stop.trouble.value} ({stop.detail}); {progress}"


def _unasked(client: ClientRecord) -> Breach | None:
    if not client.promised:
        return None
    if client.fault is not None:
        return Breach(_due(client.fault), f"{client.name}: {client.fault.detail}", ending_of(client))
    if client.ending is not None and not (client.half_closed and client.ending is Ending.FIN):
        expected = f"{client.name}'s connection stays open: its client did not end it"
        if client.datagrams is not None:
            expected = "the server goes on taking datagrams"
        return Breach(expected, _ended(client), ending_of(client))
    return None


def _due(fault: FaultLike) -> str:
    where = f"at byte {fault.answer_offset:,} of the answer"
    return f"{where}: {plain(fault.expected)}" if fault.expected else f"{where}: nothing"


# What is seen of the server itself, and not on a connection.
_OF_THE_SERVER = {
    Trouble.BUSY: "the server comes to rest and burns no processor time",
    Trouble.HELD: "the sockets of ended connections are closed",
    Trouble.AWAKE: "the server sleeps while there is nothing to do",
    Trouble.UNREAPED: "the server waits for its child processes, so that none remains as a zombie",
    Trouble.GROWN: "the server's memory stays bounded",
    Trouble.UNSERVED: "all of the crowd are served",
    Trouble.NO_ROOM: "the accept queue has room for them",
    Trouble.UNANNOUNCED: "the server announces the address at which it serves",
    Trouble.ALIVE: "SIGTERM ends the server",
    Trouble.NOT_STARTED: "the server starts again on the port that it had",
}

_ENDINGS = {
    Ending.FIN: "the server ended the connection (FIN)",
    Ending.RESET: "the connection was reset",
    Ending.REFUSED: "the connection was refused",
    Ending.SILENCE: "the server fell silent",
}


def _ended(client: ClientRecord) -> str:
    if client.datagrams is not None and client.ending is Ending.REFUSED:
        return "a datagram was refused: nobody is at that port (ICMP)"
    return _ENDINGS[client.ending] if client.ending is not None else "nothing ended"


def ending_of(client: ClientRecord, stop: Stop | None = None) -> str:
    """How a client's connection ended, in words."""
    got = f"after {client.received_bytes:,} bytes of answer"
    if client.ending is Ending.SILENCE and stop is not None:
        return f"{client.name}: silence for {stop.detail}, {got}"
    if client.ending is None:
        return f"{client.name}: still open, {got}"
    return f"{client.name}: {client.ending.value}, {got}"
