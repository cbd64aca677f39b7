"""What is seen of a process from outside, and standing it still."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from harness_means import HERE, alive, python, states, wait_until

from conformance.harness import linux_tree
from conformance.harness.linux_tree import scheduled
from conformance.harness.portable_tree import PortableTree
from conformance.harness.process import tree_of
from conformance.harness.process_tree import ProcessTree

if TYPE_CHECKING:
    from collections.abc import Iterator

FAMILY = HERE / "process_family.py"
SPINNER = (sys.executable, "-c", "print('ready', flush=True)\nwhile True: pass")
SLEEPER = (sys.executable, "-c", "import signal\nprint('ready', flush=True)\nsignal.pause()")

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


# Each starts one after the other that uses 20 ms of processor time and is gone.
FORKING = """
import os, time
print("ready", flush=True)
while True:
    if not os.fork():
        while time.process_time() < 0.02:
            pass
        os._exit(0)
    os.wait()
"""
THREADING = """
import threading, time
print("ready", flush=True)
def work():
    while time.thread_time() < 0.02:
        pass
while True:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
"""


@contextmanager
def running(command: tuple[str, ...]) -> Iterator[tuple[ProcessTree, list[int]]]:
    """Start a program and wait for its first line, which may hold numbers; all of it is killed at the end."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as started:
        tree = tree_of(started.pid)
        try:
            assert started.stdout is not None
            line = started.stdout.readline().split()
            yield tree, [int(word) for word in line if word.isdigit()]
        finally:
            family = tree.pids()
            started.kill()
            for pid in family[1:]:
                with contextlib.suppress(ProcessLookupError):  # it may have been about to end
                    os.kill(pid, signal.SIGKILL)


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


@on_linux
def test_a_process_may_call_itself_anything() -> None:
    """A name is bytes of its own choice (PR_SET_NAME); what looks like the end of it may be in it."""
    named = "open('/proc/self/comm', 'wb').write(b'\\xff\\xfe) R 1 ('); import time; print(flush=True); time.sleep(600)"
    with running((sys.executable, "-c", named)) as (tree, _):
        wait_until(lambda: b"\xff" in Path(f"/proc/{tree.pid}/comm").read_bytes(), "it has its name")
        wait_until(tree.sleeps, "it sleeps")
        assert not tree.runnable()
        assert tree.pids() == [tree.pid]
        assert tree.memory_bytes()
        assert tree.in_line_s() >= 0


@on_linux
@pytest.mark.parametrize("program", [FORKING, THREADING], ids=["children", "threads"])
def test_those_that_are_gone_waited_as_the_main_thread_did(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Nothing is told of them. Here each thread that is there is said to have waited twice as long as it ran."""

    def crowded(schedstat: str) -> tuple[float, float]:
        used_s, _ = scheduled(schedstat)
        return used_s, 2 * used_s

    monkeypatch.setattr(linux_tree, "scheduled", crowded)
    with running((sys.executable, "-c", program)) as (busy, _):
        main = f"/proc/{busy.pid}/schedstat"
        before_s, own_before_s = busy.in_line_s(), crowded(main)[1]

        def others_waited() -> bool:
            return busy.in_line_s() - before_s > 2 * (crowded(main)[1] - own_before_s) + 0.1

        wait_until(others_waited, "what its children or threads have waited counts")


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


@on_linux
def test_what_has_ended_and_is_not_waited_for_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder of descriptors is root's, which others may not look into."""
    with running(SLEEPER) as (tree, _):

        def refused(_: str) -> NoReturn:
            raise PermissionError

        monkeypatch.setattr(os, "scandir", refused)
        assert tree.sockets() is None
        tree.signal(signal.SIGKILL)
        wait_until(lambda: states(tree.pid) == {"Z"}, "it has ended")
        assert tree.sockets() == set()
    monkeypatch.undo()


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
        assert list(portable.slept()) == portable.pids()
    assert portable.pids() == []
