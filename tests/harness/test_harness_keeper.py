"""A suite that is killed leaves nothing behind, and nothing of the user's stopped."""

from __future__ import annotations

import resource
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from harness_means import HERE, HOSTILE, alive, carrying, python, states, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITE = HERE / "dying_suite.py"

FORKING_SERVER = """
import os, signal, socket
listener = socket.create_server(('127.0.0.1', 0))
child = os.fork()
if child:
    print(child, listener.getsockname()[1], flush=True)
signal.pause()
"""


@contextmanager
def reading(command: tuple[str, ...]) -> Iterator[tuple[subprocess.Popen[bytes], list[str]]]:
    """Start a program; yield it and the words of its first line. It is killed at the end."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().decode().split()
        finally:
            process.kill()


@pytest.mark.parametrize("manner", ["MARKED", "FROZEN"])
def test_a_killed_suite_leaves_nothing(manner: str) -> None:
    server = HOSTILE / "forks_and_ignores_term.py"
    with reading(python(SUITE, manner, str(server))) as (suite, (mark,)):
        family = carrying(mark)
        assert len(family) == 2
        assert {"T"} == set.union(*map(states, family)) or manner == "MARKED"
        suite.kill()
        wait_until(lambda: carrying(mark) == [], "the server and its child are gone")
        wait_until(lambda: not any(map(alive, family)), "they are dead")


def test_a_killed_suite_lets_go_on_what_it_had_stopped() -> None:
    with reading(("python3", "-c", FORKING_SERVER)) as (server, (child, port)):
        family = [server.pid, int(child)]
        try:
            with reading(python(SUITE, "ATTACHED", str(server.pid), "127.0.0.1", port)) as (suite, _):
                assert {"T"} == set.union(*map(states, family))
                suite.kill()
                wait_until(lambda: {"S"} == set.union(*map(states, family)), "each of its processes goes on")
        finally:
            subprocess.run(["kill", "-KILL", child], check=True)


def test_a_killed_suite_gives_back_the_limits_that_it_had_changed() -> None:
    with reading(("python3", "-c", FORKING_SERVER)) as (server, (child, port)):
        family = [server.pid, int(child)]

        def limits() -> list[tuple[int, int]]:
            return [resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in family]

        before = limits()
        try:
            with reading(python(SUITE, "LIMITED", str(server.pid), "127.0.0.1", port)) as (suite, _):
                assert all(soft < 10 for soft, _ in limits())
                suite.kill()
                wait_until(lambda: limits() == before, "each of its processes has the limits that it had")
        finally:
            subprocess.run(["kill", "-KILL", child], check=True)
