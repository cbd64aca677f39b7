"""What happens when the file is run."""

from __future__ import annotations

import argparse
import linecache
import signal
import sys
import traceback
from types import FrameType

from conformance.report.reproducing.case import CLAUSE, LEVEL, case
from conformance.report.reproducing.pumping import CLIENTS
from conformance.report.reproducing.server import KEPT, SERVER, numeric
from conformance.report.reproducing.verdict import CannotTell, Fault, Patience

LONGEST_CASE_S = 60
DIES_WITHIN_S = 0.3
LONGEST_LINE = 160
HOLDS, FAULTY, UNTOLD = 0, 1, 2


def main() -> int:
    """Play the case once; the exit status says what came of it."""
    command, address, waits = arguments(sys.argv[1:])
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, give_up)
    try:
        return found(command, address, waits=waits)
    except CannotTell as reason:
        print(f"{CLAUSE} ({LEVEL}): cannot tell: {reason}")
    except Exception:  # noqa: BLE001 - a status of 1, as by default, would be a word against the server
        traceback.print_exc()
    finally:
        end_all()
    return UNTOLD


def found(command: list[str], address: tuple[str, int] | None, *, waits: bool) -> int:
    """Play the case, and tell what came of it; the exit status. Raises `CannotTell`."""
    try:
        SERVER.start(command, address) if command else SERVER.attach(address or ("", 0))
        if waits:
            pause()
        signal.alarm(longest_case_s())
        play()
    except Fault as fault:
        print(f"{CLAUSE} ({LEVEL}) does not hold\n  Expected: {fault.expected}\n  Actual:   {fault.actual}")
        print(f"  At:       {line_of(fault)}")
        return FAULTY
    print(f"{CLAUSE} ({LEVEL}): the fault does not show")
    return HOLDS


def end_all() -> None:
    """End the clients and the server, whoever may want it ended sooner."""
    undisturbed()
    for each in CLIENTS.values():
        each.discard()
    SERVER.end()
    for port in KEPT:
        port.close()


def undisturbed() -> None:
    """From now on nothing is given up for an alarm or a signal."""
    signal.alarm(0)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def pause() -> None:
    """Say where the server is, and wait: somebody may want to attach a debugger, a tracer or a capture.

    Raises `CannotTell` where the place of its datagrams has no address.
    """
    where = f"the server is at {SERVER.address[0]}:{SERVER.address[1]}"
    if SERVER.udp is not None:
        host, port = numeric(SERVER.udp)
        where += f", datagrams at {host}:{port}"
    if SERVER.process is not None:
        where += f", process {SERVER.process.pid}"
    print(f"{where}: press Enter to go on", flush=True)
    sys.stdin.readline()


def play() -> None:
    """The case, and what must hold after its last step. Raises `Fault` or `CannotTell`."""
    was_started = SERVER.process is not None
    try:
        case()
        see_that_nothing_is_wrong()
        SERVER.let_it_finish()
    except (Fault, CannotTell) as found:
        died = SERVER.epitaph(DIES_WITHIN_S) if was_started else None
        if died is None:
            raise
        expected = found.expected if isinstance(found, Fault) else "the server goes on serving"
        also = f"; {found.actual}" if isinstance(found, Fault) else ""
        raise Fault(expected, f"the server {died}{also}").with_traceback(found.__traceback__) from None
    died = SERVER.epitaph(DIES_WITHIN_S) if was_started else None
    if died is not None:
        raise Fault("the server goes on serving", f"the server {died}")


def see_that_nothing_is_wrong() -> None:
    """After the last step: nobody got what was not due, and no connection ended that its client had not ended."""
    for each in CLIENTS.values():
        if each.connected and each.reading and not each.over:
            each.receive()
    for each in CLIENTS.values():
        if each.promised and each.answers.wrong is not None:
            due, came = each.answers.wrong
            raise Fault(f"client {each.number}'s answer goes on with {due}", f"{came} came instead")
        if each.promised and each.ending is not None:
            if not (each.half_closed and each.ending == "FIN"):
                raise each.fault("its connection stays open: its client did not end it", f"it ended ({each.ending})")
            if not each.answers.settled:
                raise each.fault("every reply owed, then FIN", "FIN came early")


def arguments(words: list[str]) -> tuple[list[str], tuple[str, int] | None, bool]:
    """The command that starts the server, where it serves as far as that is told, and whether to wait before the case.

    Ends with status 2 where they cannot be meant.
    """
    parser = argparse.ArgumentParser(
        usage="%(prog)s [--pause] [--silence SECONDS] [--udp HOST:PORT] [HOST PORT] [-- COMMAND ...]",
        description=f"Show a server's fault: {CLAUSE}.",
        epilog="Exit status: 1 the fault shows, 0 it does not, 2 it cannot be told. {host} and {port} in the command "
        "are filled in; without them the server prints the line 'Server start at: HOST:PORT', or HOST PORT say where "
        "it serves. PORT 0 is any free one.",
    )
    parser.add_argument("host", nargs="?", metavar="HOST", help="where the server serves")
    parser.add_argument("port", nargs="?", metavar="PORT", type=int)
    parser.add_argument("--silence", type=float, metavar="SECONDS", help="how long nothing may come (%(default)s)")
    parser.add_argument("--udp", type=place, metavar="HOST:PORT", help="where it answers datagrams, if elsewhere")
    parser.add_argument("--pause", action="store_true", help="wait for Enter before the case is played")
    parser.set_defaults(silence=Patience.silence_s)
    before, command = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    told = parser.parse_args(before)
    if (told.host is None) is not (told.port is None) or not (command or told.host):
        parser.error("HOST PORT, or a command after --, say which server is meant")
    Patience.silence_s = told.silence
    SERVER.udp = told.udp
    return command, None if told.host is None else (told.host.strip("[]"), told.port), told.pause


def place(text: str) -> tuple[str, int]:
    """An address from its words. Raises ValueError where they are none."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def longest_case_s() -> int:
    """How long a case may take: a silence in it is seen to its end."""
    return LONGEST_CASE_S + int(Patience.silence_s)


def give_up(number: int, _: FrameType | None) -> None:
    """Leave whatever is waited for; the server is ended all the same."""
    undisturbed()
    raise CannotTell(
        f"the case was not done in {longest_case_s()} s: the server is slow, and may be right"
        if number == signal.SIGALRM
        else f"ended by {signal.Signals(number).name}"
    )


def line_of(fault: Fault) -> str:
    """The line of the case at which it showed."""
    steps = [each for each in traceback.extract_tb(fault.__traceback__) if each.name == case.__name__]
    if not steps:
        return "the end of the case"
    number = steps[-1].lineno or 0
    return f"line {number}: {linecache.getline(steps[-1].filename, number).strip()[:LONGEST_LINE]}"


if __name__ == "__main__":
    sys.exit(main())
