"""What must hold of every client that was hosted: it delivers what was said to it, whole and in order, and ends.

A client that was reset may have lost the end of what was said, and nothing else.
"""

from __future__ import annotations

from conformance.harness.law import SILENT, Breach
from conformance.harness.text import plain
from conformance.harness.transcript import Stop, Trouble
from conformance.hosting import script as h
from conformance.hosting.transcript import Hosting

DELIVERS = "the client delivers what was said to it, whole and in order"


def breach_of(hosting: Hosting) -> Breach | None:
    """The first breach, None where there is none."""
    if hosting.stop is not None:
        return _at_stop(hosting, hosting.stop)
    for record in hosting.clients.values():
        if record.fault is not None:
            expected = plain(record.fault.expected) or "nothing more"
            where = f"{DELIVERS}; on connection {record.number} at byte {record.fault.answer_offset:,}: {expected}"
            return Breach(where, record.fault.detail, ending_of(hosting))
    return None


def _at_stop(hosting: Hosting, stop: Stop) -> Breach:
    expected = _EXPECTED.get(stop.trouble) or _AT.get(type(stop.step), f"{stop.step} can be done")
    if isinstance(stop.step, h.AwaitExit) and stop.trouble is Trouble.STATUS:
        expected = f"the client ends with a status {'of' if stop.step.status == h.ZERO else ''} {stop.step.status}"
        expected = " ".join(expected.split())
    silent = stop.trouble is Trouble.SILENCE
    actual = f"{SILENT} for {stop.detail}" if silent else stop.detail or stop.trouble.value
    if silent and hosting.epitaph is not None:
        actual = f"the client {hosting.epitaph}; {actual}"
    timed = stop.trouble in {Trouble.SILENCE, Trouble.BUSY}
    return Breach(expected, actual, ending_of(hosting), timed=timed)


_EXPECTED = {
    Trouble.BUSY: "the client comes to rest and burns no processor time",
    Trouble.GROWN: "the client's memory stays bounded",
    Trouble.FAULT: "the client sends what is on its standard input, whole and in order",
}
_AT = {
    h.Hear: "the client connects and says something",
    h.Collect: "the client sends all that is on its standard input, and says that it sends nothing more",
    h.AwaitHalfClose: "the client says that it sends nothing more when its input has ended (FIN)",
    h.Answer: "the client takes the answer",
    h.Converse: "the client says what it has to say, takes each answer, and ends its direction",
    h.Say: "the client takes what is said to it",
    h.KeepWaiting: "the client waits for its connection",
    h.AwaitExit: "the client ends",
}


def ending_of(hosting: Hosting) -> str:
    """How the client ended, and how its connections did."""
    connections = "; ".join(
        f"connection {record.number}: {record.ending.value if record.ending else 'still open'}, "
        f"{record.sent_bytes:,} bytes said, {record.answered_bytes:,} delivered"
        for record in list(hosting.clients.values())[:4]
    )
    return connections or "no connection came"
