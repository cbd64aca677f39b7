"""Clients in numbers, and clients that the server may have no room for."""

from __future__ import annotations

import atexit
import resource
import time

from conformance.report.reproducing.client import Client, client
from conformance.report.reproducing.kernel import accept_queue, accept_queue_is_full
from conformance.report.reproducing.processes import in_line_s, is_runnable, patience_is_over, pids, wakeups
from conformance.report.reproducing.pumping import CLIENTS, pump
from conformance.report.reproducing.server import LOOK_AGAIN_S, SERVER, is_asleep
from conformance.report.reproducing.verdict import CannotTell, Fault

RESTING_S = 0.1
SPARE_DESCRIPTORS = 200
SPEAKING = 50
CROWD: list[Client] = []
WANTED: list[int] = []


class LeftOut(Client):
    """Who found no room takes no further part: whatever it is told to do, it does nothing."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.promised = False
        self.discard()

    def send(self, data: bytes) -> Client:  # noqa: ARG002
        """Nothing."""
        return self

    def await_answers(self) -> Client:
        """Nothing."""
        return self

    def half_close(self) -> Client:
        """Nothing."""
        return self

    def await_end(self) -> Client:
        """Nothing."""
        return self


def connect_if_room(number: int, *, narrow: bool = False) -> None:
    """Connect, and take part if the server accepts it; one that a resting server leaves waiting is left out."""
    if any(isinstance(each, LeftOut) for each in CLIENTS.values()):
        CLIENTS[number] = LeftOut(number)  # who tries all the same fills the queue
        return
    newcomer = client(number).connect(narrow=narrow)
    if not finds_room():
        newcomer.discard()
        CLIENTS[number] = LeftOut(number)


def come_meanwhile(number: int) -> None:
    """Connect to a server that may be out of descriptors; whom a full queue would drop is left out. Nothing is owed."""
    if accept_queue_is_full():
        CLIENTS[number] = LeftOut(number)
    else:
        client(number).connect(promised=False)


def finds_room() -> bool:
    """Wait until the server has accepted whoever waits; False when it rests, or is silent, and leaves them waiting."""
    began = looked_at = time.monotonic()
    in_line_before_s = in_line_s()
    rested = False
    while accept_queue()[0]:
        now = time.monotonic()
        if rested or patience_is_over(now - began, in_line_before_s):  # who waits after it rested has waited then
            return False
        if now - looked_at > RESTING_S:
            rested = rests()
            looked_at = now
        else:
            time.sleep(LOOK_AGAIN_S)
    return True


def rests() -> bool:
    """Whether the server sleeps, at two looks, and was not woken between them."""
    if SERVER.process is None:
        return True
    woken = wakeups()
    if not is_asleep(SERVER.pid) or is_runnable():
        return False
    time.sleep(RESTING_S)
    return is_asleep(SERVER.pid) and not is_runnable() and wakeups() == woken


def crowd(number: int) -> None:
    """So many more clients connect, as far as there is room, and say nothing."""
    WANTED.append(number)
    make_room(number + SPARE_DESCRIPTORS)
    atexit.register(crowd_leaves)
    for place in range(number):
        member = Client(place)
        member.begin_handshake()
        pump(lambda member=member: member.connected or member.over, [member])  # type: ignore[misc]
        if not member.connected or not finds_room():
            member.discard()
            return
        CROWD.append(member)


def make_room(descriptors: int) -> None:
    """See that a limit of descriptors is not what stands in the way, here or there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < descriptors:
        raise CannotTell(f"this process may open no more than {hard:,} descriptors")
    if soft < descriptors:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))
    for pid in pids() if SERVER.process is not None else []:
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        if 0 <= soft < descriptors:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(descriptors, hard) if hard >= 0 else descriptors, hard))


def crowd_speaks() -> None:
    """Each of the crowd does a round trip; all of them are there, and all are served."""
    served = 0
    for start in range(0, len(CROWD), SPEAKING):
        batch = CROWD[start : start + SPEAKING]
        for member in batch:
            member.send(b"%d in the crowd" % member.number)
        pump(lambda batch=batch: all(m.over or m.answers.settled or m.answers.wrong for m in batch), batch)  # type: ignore[misc]
        served += sum(member.answers.settled and not member.over for member in batch)
    if served < WANTED[-1]:
        raise Fault("all of the crowd are served", f"{served:,} of {WANTED[-1]:,} were; {len(CROWD):,} found room")


def crowd_leaves() -> None:
    """All of the crowd close their connections."""
    for member in CROWD:
        member.discard()
    CROWD.clear()
