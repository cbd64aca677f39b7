"""Becomes a broken server that is a program of its own.

A source in C is compiled each time it is run, by the `cc` of the machine, and leaves no file behind.
"""

from __future__ import annotations

import argparse
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from conformance.zoo.bug import Program
from conformance.zoo.usual_signals import leave_signals_alone
from reference_servers.stop import StopSignals


def missing(program: Program) -> str | None:
    """What this machine lacks to run it; None where it has everything."""
    return "a C compiler, cc" if program.file.suffix == ".c" and shutil.which("cc") is None else None


def prepare(program: Program, options: argparse.Namespace, stop: StopSignals) -> Callable[[], object]:
    """Become the program: `[HOST] PORT` for a C source, `[PORT]` for an exhibit; the usual signals end it.

    Raises OSError where the source is not compiled.
    """
    lacking, file = missing(program), program.file
    if lacking is not None:
        msg = f"{program.bug.name} needs {lacking}"
        raise OSError(msg)
    if file.suffix == ".c":
        descriptor = compiled(file)
        words = [file.stem, options.host, str(options.port)]
    else:
        descriptor = None
        words = [str(file), str(options.port)]

    def become() -> None:
        leave_signals_alone()
        if stop.requested:
            return
        if descriptor is not None:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.execve(descriptor, words, os.environ)
        sys.argv = words
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # to announce itself in a pipe as well
        runpy.run_path(str(file), run_name="__main__")

    return become


def compiled(file: Path) -> int:
    """A descriptor of the program that the compiler makes of a C source; it has no name any more."""
    with tempfile.TemporaryDirectory(prefix="echo-conformance-zoo-") as folder:
        made = Path(folder) / file.stem
        compiling = subprocess.run(
            ["cc", "-O1", "-pthread", "-o", made, file], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        if compiling.returncode != 0:
            said = compiling.stderr.decode(errors="replace").strip()
            msg = f"{file.name} was not compiled: {said or f'cc ended with status {compiling.returncode}'}"
            raise OSError(msg)
        return os.open(made, os.O_RDONLY)
