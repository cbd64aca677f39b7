"""What is seen of a process from outside, and standing it still."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from harness_means import HERE, alive, python, states, wait_until

from conformance.harness.process import PortableTree, ProcessTree, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

FAMILY = HERE / "process_family.py"
SPINNER = (sys.executable, "-c", "print('ready', flush=True)\nwhile True: pass")
SLEEPER = (sys.executable, "-c", "import signal\nprint('ready', flush=True)\nsignal.pause()")

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


@contextmanager
def running(command: tuple[str, ...]) -> Iterator[tuple[ProcessTree, list[int]]]:
    """Start a program and wait for its first line, which may hold numbers; all of it is killed at the end."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        tree = tree_of(process.pid)
        try:
            assert process.stdout is not None
            line = process.stdout.readline().split()
            yield tree, [int(word) for word in line if word.isdigit()]
        finally:
            for pid in tree.pids()[1:]:
                subprocess.run(["kill", "-KILL", str(pid)], check=True)
            process.kill()


@on_linux
def test_stop_and_go_on_reach_threads_and_children() -> None:
    with running(python(FAMILY)) as (tree, (child, _)):
        assert tree.pids() == [tree.pid, child]
        wait_until(tree.sleeps, "the family is at rest")
        for _ in range(3):
            assert tree.stop()
            assert states(tree.pid) == states(child) == {"T"}
            assert tree.stands_still()
            tree.go_on()
            wait_until(lambda: "T" not in states(tree.pid) | states(child), "the family goes on")
            assert not tree.stands_still()


@on_linux
def test_a_spinner_stands_still_at_once_and_does_not_sleep() -> None:
    with running(SPINNER) as (tree, _):
        assert not tree.sleeps()
        assert tree.stop()
        stopped_at_s = tree.demand_s()
        assert states(tree.pid) == {"T"}
        assert tree.demand_s() == stopped_at_s


def test_only_who_runs_demands() -> None:
    with running(SPINNER) as (spinner, _), running(SLEEPER) as (sleeper, _):
        wait_until(sleeper.sleeps, "the sleeper sleeps")
        slept_s, spun_s = sleeper.demand_s(), spinner.demand_s()
        wait_until(lambda: spinner.demand_s() > spun_s + 0.1, "the spinner has spun for 100 ms")
        assert sleeper.demand_s() == slept_s
        assert spinner.runnable()
        assert not sleeper.runnable()


@on_linux
def test_a_listening_socket_is_seen_and_a_child_s_as_well() -> None:
    with running(python(FAMILY)) as (tree, (_, inode)):
        held = tree.sockets()
        assert held is not None
        assert inode in held


@on_linux
def test_a_process_that_is_gone_has_nothing() -> None:
    with running(SLEEPER) as (tree, _):
        pass
    assert not alive(tree.pid)
    assert (tree.pids(), tree.sockets(), tree.demand_s()) == ([], set(), 0.0)
    assert tree.stands_still()
    assert tree.sleeps()
    assert tree.stop()
    tree.go_on()


def test_the_portable_view_tells_the_same() -> None:
    with running(python(FAMILY)) as (tree, (child, _)):
        portable = PortableTree(tree.pid)
        assert portable.pids() == [tree.pid, child]
        assert portable.stop()
        wait_until(portable.stands_still, "the family stands still")
        portable.go_on()
        wait_until(lambda: not portable.stands_still(), "the family goes on")
        assert portable.sockets() is None
        assert portable.demand_s() >= 0
    assert portable.pids() == []
