"""A program under limits of its own."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from conformance.harness import limited

SHOWS = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_AS)[0])"
BOUND_S = 300


def ran(*words: str, **limits: int) -> subprocess.CompletedProcess[str]:
    command = limited.command(words, limits)
    return subprocess.run(command, capture_output=True, text=True, timeout=BOUND_S, check=False)


def test_without_limits_the_program_is_started_as_it_is() -> None:
    assert limited.command(["./server", "9"], {}) == ["./server", "9"]


def test_soft_limits_are_set_and_hard_ones_left() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    done = ran(sys.executable, "-c", SHOWS, descriptors=99, memory_bytes=1 << 32)
    assert done.stdout.strip() == f"(99, {hard}) {1 << 32}"


@pytest.mark.parametrize(
    ("program", "limits", "said"),
    [
        ("./no-such-server", {"descriptors": 99}, "cannot start ./no-such-server: No such file or directory"),
        (sys.executable, {"descriptors": 1 << 40}, f"the limit descriptors={1 << 40} is above what this user may have"),
    ],
)
def test_what_cannot_be_started_says_why(program: str, limits: dict[str, int], said: str) -> None:
    done = ran(program, **limits)
    assert done.returncode == limited.CANNOT
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1
