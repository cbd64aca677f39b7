"""How the server begins, goes on and ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal

from conformance.report.reproducing.processes import within_patience
from conformance.report.reproducing.pumping import CLIENTS
from conformance.report.reproducing.server import SERVER, PortTaken
from conformance.report.reproducing.verdict import CannotTell, Fault, Patience

SMALL_PIPE_BYTES = 4096
TERMINATES_WITHIN_S = 10.0


def leave_output_unread() -> None:
    """Read nothing more of what the server writes. What a pipe holds unread is made little (fcntl(2), F_SETPIPE_SZ)."""
    if not SERVER.pid or not SERVER.outputs:
        raise CannotTell("the server's output is not ours to read")
    for output in SERVER.outputs:
        output.read_on.clear()
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(output.stream.fileno(), fcntl.F_SETPIPE_SZ, SMALL_PIPE_BYTES)


def await_announced() -> None:
    """Wait until the server has said at which address it serves, and see that it says the right one."""
    if not SERVER.pid or not within_patience(lambda: SERVER.outputs[0].announced is not None):
        raise Fault("the server announces its address", "no line 'Server start at: HOST:PORT' came")
    announced = SERVER.outputs[0].announced
    if announced is not None and announced[1] != SERVER.address[1]:
        said = f"{announced[0]!r}, port {announced[1]}"
        raise Fault("the server announces its address", f"it announced {said} and serves at port {SERVER.address[1]}")


def terminate() -> None:
    """Send the server SIGTERM and wait for its end. Nothing is promised any more to any client."""
    for each in CLIENTS.values():
        each.promised = False
    with contextlib.suppress(ProcessLookupError):
        os.kill(SERVER.pid, signal.SIGTERM)
    bound_s = min(TERMINATES_WITHIN_S, Patience.silence_s)
    ended = SERVER.epitaph(bound_s) is not None
    SERVER.end()
    if not ended:
        raise Fault("SIGTERM ends the server", f"it still ran {bound_s:g} s later")


def start_again() -> None:
    """Start the server once more, on the port that it had."""
    try:
        SERVER.start(SERVER.command, SERVER.address)
    except PortTaken:
        raise
    except CannotTell as reason:
        raise Fault("the server starts again on the port that it had", str(reason)) from None
