"""Tries reproducers: each once, in a process of its own, against a fresh copy of its server where one can be had."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from conformance.harness.keeper import MARK_VARIABLE, kill_marked
from conformance.harness.launch import Keeper
from conformance.harness.text import plain
from conformance.report.outcome import SHOWS
from conformance.report.reproducers import Written

AT_ONCE = 4
# A server that has failed already is not given the patience of a verdict again.
SILENCE_S = 3.0
LONGEST_S = 100.0
LONGEST_OF_ALL_S = 120.0
ENDS_WITHIN_S = 10.0
LOOK_AGAIN_S = 0.02
SAID_BYTES = 400
SHOWS_NOT, UNTOLD = "did not show the fault when it was tried", "could not tell"


def try_reproducers(files: list[Written]) -> None:
    """Set down with each failure whether its reproducer shows it. Interrupted, it leaves nothing running."""
    if not files:
        return
    keeper = Keeper()
    enough_at = time.monotonic() + LONGEST_OF_ALL_S
    try:
        _try_all([each for each in files if each.means.copies], AT_ONCE, enough_at, keeper)
        _try_all([each for each in files if not each.means.copies], 1, enough_at, keeper)
    finally:
        keeper.close()


@dataclass(slots=True)
class _Attempt:
    """One of them while it runs; what it starts carries the mark."""

    written: Written
    process: subprocess.Popen[bytes]
    mark: str
    gives_up_at: float


def _try_all(files: Iterable[Written], at_once: int, enough_at: float, keeper: Keeper) -> None:
    waiting = iter(files)
    running: list[_Attempt] = []
    try:
        while True:
            while len(running) < at_once and (following := next(waiting, None)) is not None:
                if time.monotonic() > enough_at:
                    following.note(f"{UNTOLD}: it was not tried, so many others were")
                else:
                    _begin(following, running, keeper)
            if not running:
                return
            for each in [each for each in running if _is_over(each)]:
                running.remove(each)
                _end(each)
            time.sleep(LOOK_AGAIN_S)
    finally:
        for each in running:
            _end(each)


def _begin(written: Written, running: list[_Attempt], keeper: Keeper) -> None:
    mark = f"{keeper.mark}.{uuid.uuid4().hex}"
    try:
        process = subprocess.Popen(
            [sys.executable, str(written.file), "--silence", str(SILENCE_S), *written.means.words()],
            cwd=written.means.folder,
            env={**os.environ, MARK_VARIABLE: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # a few lines
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        written.note(f"{UNTOLD}: {error.strerror}")
    else:
        running.append(_Attempt(written, process, mark, time.monotonic() + LONGEST_S))


def _is_over(attempt: _Attempt) -> bool:
    """Whether it has come to its end, which is then set down, or has taken too long."""
    status = attempt.process.poll()
    if status is None:
        if time.monotonic() < attempt.gives_up_at:
            return False
        attempt.written.note(f"{UNTOLD}: it was not done in {LONGEST_S:.0f} s")
        return True
    said = attempt.process.stdout.read(SAID_BYTES) if attempt.process.stdout is not None else b""
    reason = plain(said.partition(b"cannot tell: ")[2].strip())
    attempt.written.note({1: SHOWS, 0: SHOWS_NOT}.get(status, f"{UNTOLD}: {reason}" if reason else UNTOLD))
    return True


def _end(attempt: _Attempt) -> None:
    """Let it end its server, and then itself; whatever is left is killed."""
    process = attempt.process
    process.terminate()
    try:
        process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
    kill_marked(attempt.mark)
