"""Tries reproducers: each once, in a process of its own, against a fresh copy of its server where one can be had."""

from __future__ import annotations

import contextlib
import os
import re
import select
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from conformance.capture import CannotCapture, Capture
from conformance.harness.child import Keeper
from conformance.harness.keeper import MARK_VARIABLE, kill_marked
from conformance.harness.text import plain
from conformance.report.failure import SHOWS
from conformance.report.reproducers import Written

AT_ONCE = 4
# A server that has failed already is not given the patience of a verdict again.
SILENCE_S = 3.0
LONGEST_S = 100.0
LONGEST_OF_A_TARGET_S = 120.0
ENDS_WITHIN_S = 10.0
LOOK_AGAIN_S = 0.02
SAID_BYTES = 400
# What a reproducer says with --pause.
PLACE = re.compile(rb"the server is at (\S+):(\d{1,5})\b(?:, datagrams at (\S+):(\d{1,5})\b)?")
HOLDS_NOT = b"does not hold"  # what a reproducer says where the fault shows
NOT_TRIED = "the reproducer was not tried"
SHOWS_NOT, UNTOLD = "did not show the fault when it was tried", "could not tell"


def try_reproducers(files: list[Written], *, packets: bool = False) -> None:
    """Set down with each failure whether its reproducer shows it and, if wanted, keep the packets of that.

    Interrupted, it leaves nothing running.
    """
    if not files:
        return
    with contextlib.closing(Keeper()) as keeper:
        trying = _Trying(keeper, packets=packets)
        trying.all_of([each for each in files if each.means.copies], AT_ONCE)
        trying.all_of([each for each in files if not each.means.copies], 1)


@dataclass(slots=True)
class _Attempt:
    """One of them while it runs; what it starts carries the mark. It waits until the capture has begun."""

    written: Written
    process: subprocess.Popen[bytes]
    mark: str
    gives_up_at: float
    waits: bool
    capture: Capture | None = None
    said: bytes = b""  # instead of where the server is


class _Trying:
    """Tries them, several at once, those of each target until that has taken long enough."""

    def __init__(self, keeper: Keeper, *, packets: bool) -> None:
        self._keeper = keeper
        self._packets = packets
        self._enough_at: dict[str, float] = {}  # of each target, from when the first of it was begun

    def all_of(self, files: Iterable[Written], at_once: int) -> None:
        """Try these, so many at once."""
        waiting = iter(files)
        running: list[_Attempt] = []
        try:
            while True:
                while len(running) < at_once and (following := next(waiting, None)) is not None:
                    self._begin(following, running)
                if not running:
                    return
                for each in list(running):
                    if each.waits:
                        _begin_capture(each, self._keeper)
                    if _is_over(each):
                        running.remove(each)
                        _end(each)
                        _keep_packets(each)
                time.sleep(LOOK_AGAIN_S)
        finally:
            for each in running:
                _end(each)
                if each.capture is not None:
                    each.capture.drop()

    def _begin(self, written: Written, running: list[_Attempt]) -> None:
        now = time.monotonic()
        if now > self._enough_at.setdefault(written.target.name, now + LONGEST_OF_A_TARGET_S):
            written.note(f"{UNTOLD}: it was not tried, so many others were")
            if self._packets:
                written.note_capture(NOT_TRIED, kept=False)
            return
        silence_s = SILENCE_S * written.means.patience
        mark = f"{self._keeper.mark}.{uuid.uuid4().hex}"
        options = ["--silence", str(silence_s), *(["--pause"] if self._packets else [])]
        try:
            process = subprocess.Popen(
                [sys.executable, str(written.file), *options, *written.means.words()],
                cwd=written.means.folder,
                env={**os.environ, MARK_VARIABLE: mark},
                stdin=subprocess.PIPE if self._packets else subprocess.DEVNULL,
                stdout=subprocess.PIPE,  # a few lines
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            written.note(f"{UNTOLD}: {error.strerror}")
            if self._packets:
                written.note_capture(NOT_TRIED, kept=False)
        else:
            gives_up_at = time.monotonic() + LONGEST_S + silence_s
            running.append(_Attempt(written, process, mark, gives_up_at, waits=self._packets))


def _begin_capture(attempt: _Attempt, keeper: Keeper) -> None:
    """Once its server is there, and it says where: have the packets captured, and then let it go on."""
    output, entry = attempt.process.stdout, attempt.process.stdin
    assert output is not None
    assert entry is not None
    if not select.select([output], [], [], 0)[0]:
        return
    attempt.waits = False
    said = output.readline()
    found = PLACE.match(said)
    if found is None:
        attempt.said = said
        attempt.written.note_capture("the server did not come to serve", kept=False)
        return
    address = found[1].decode(), int(found[2])
    udp = (found[3].decode(), int(found[4])) if found[3] else None
    try:
        attempt.capture = Capture(address, keeper, udp)
    except CannotCapture as reason:
        attempt.written.note_capture(str(reason), kept=False)
    with contextlib.suppress(BrokenPipeError):
        entry.write(b"\n")
        entry.flush()


def _keep_packets(attempt: _Attempt) -> None:
    """After its end: what it sent last has been sent by then."""
    if attempt.capture is None:
        return
    try:
        remark = attempt.capture.keep(attempt.written.capture)
    except CannotCapture as reason:
        attempt.written.note_capture(str(reason), kept=False)
    except OSError as error:
        attempt.written.note_capture(f"it cannot be written: {error.strerror}", kept=False)
    else:
        attempt.written.note_capture(remark, kept=True)


def _is_over(attempt: _Attempt) -> bool:
    """Whether it has come to its end, which is then set down, or has taken too long."""
    status = attempt.process.poll()
    if status is None:
        if time.monotonic() < attempt.gives_up_at:
            return False
        attempt.written.note(f"{UNTOLD}: it was not done in more than {LONGEST_S:.0f} s")
        if attempt.waits:
            attempt.written.note_capture("the server did not come to serve", kept=False)
        return True
    said = attempt.process.stdout.read(SAID_BYTES) if attempt.process.stdout is not None else b""
    attempt.written.note(_what_came(status, attempt.said + said))
    return True


def _what_came(status: int, said: bytes) -> str:
    """Python's own failures end with status 1 too: it shows the fault only where it says so."""
    if status == 1 and HOLDS_NOT in said:
        return SHOWS
    if status == 0:
        return SHOWS_NOT
    reason = plain(said.partition(b"cannot tell: ")[2].strip())
    return f"{UNTOLD}: {reason}" if reason else UNTOLD


def _end(attempt: _Attempt) -> None:
    """Let it end its server, and then itself; whatever is left is killed."""
    process = attempt.process
    process.terminate()
    try:
        process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # what could not be written is tried once more
                pipe.close()
    kill_marked(attempt.mark)
