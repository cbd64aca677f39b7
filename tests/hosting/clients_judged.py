"""Clients as a user has them judged: the command of each, and the run in which all clauses about it are tried."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest

from conformance.report.json_report import read_json

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.report.outcome import Run

BOUND_S = 2400  # a guard: on a crowded machine a run of 40 s was seen to take more than 300
FEW_CASES = "3"
OPENBSD_NC = "nc.openbsd" if shutil.which("nc.openbsd") else "nc"  # Debian has several programs called nc
OWN = f"{sys.executable} -P -m clients"
CORRECT = {
    "interactive": (f"{OWN} interactive --host {{host}} --port {{port}}", "lines"),
    "tutorial": (f"{OWN} tutorial --host {{host}} --port {{port}}", "tutorial"),
    "many": (f"{OWN} many --host {{host}} --port {{port}}", "many"),
    "ncat": ("ncat {host} {port}", "lines"),
    "nc": (f"{OPENBSD_NC} -N {{host}} {{port}}", "lines"),
    "socat": ("socat -t 60 - TCP:{host}:{port}", "lines"),  # by default it waits half a second for what it is owed
}
# What is known of them, and no MUST.
KNOWN = {"socat": {"client.tells-reset"}, "nc": {"client.tells-reset"}}


def run_of(folder: Path, *words: str) -> Run:
    """Have a client judged in a process of its own, and read what it wrote for a machine."""
    file = folder / "run.json"
    command = [sys.executable, "-P", "-m", "conformance.cli", "client", *words, "--json", str(file)]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=BOUND_S
    )
    run = read_json(file)
    assert done.returncode == run.exit_code(), done.stderr
    return run


@cache
def lacking(name: str) -> str | None:
    """Why there is no such client here, if there is none. Several programs are called nc: OpenBSD's has -N."""
    program = CORRECT[name][0].split()[0]
    if shutil.which(program) is None:
        return f"{program} is not installed"
    if name == "nc":
        helped = subprocess.run([program, "-h"], capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
        if b"OpenBSD" not in helped.stdout + helped.stderr:
            return "the nc of this machine is not OpenBSD's, which has -N"
    return None


def there(name: str) -> tuple[str, str]:
    """The command and the conversation of a client, or go on without this test."""
    reason = lacking(name)
    if reason is not None and os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI is to have it")
    if reason is not None:
        pytest.skip(reason)
    return CORRECT[name]
