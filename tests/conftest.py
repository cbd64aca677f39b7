"""What all tests of the suite itself have in common."""

from __future__ import annotations

import itertools
import signal

import pytest
from hypothesis import settings

# On a busy machine a single example may take any time: a slow one is no fault.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


def pytest_configure() -> None:
    """Hear Ctrl-C: a shell lets what it puts into the background ignore it, and so do then all programs tried here."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each worker begin with some of the tests that wait for long: what else there is to do is done meanwhile."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    long = [item for item in items if item.get_closest_marker("long")]
    others = iter([item for item in items if not item.get_closest_marker("long")])
    left, ordered = len(items), []
    for worker in range(workers):
        share = left // (workers - worker)  # as pytest-xdist hands them out: neighbours to each
        begins_with = long[worker::workers]
        ordered += [*begins_with, *itertools.islice(others, max(0, share - len(begins_with)))]
        left -= share
    items[:] = [*ordered, *others]
