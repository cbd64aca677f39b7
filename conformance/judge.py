"""Has pytest try the clauses, alone and undisturbed, and gathers what became of each."""

from __future__ import annotations

import _thread
import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import pytest

from conformance import plugin
from conformance.clauses import SPECS
from conformance.report.outcome import ClauseResult, Run, clause_from_data

SOON_S = 0.01
PLUGINS = (
    "no:cacheprovider",
    "no:terminal",
    "no:unraisableexception",
    "_hypothesis_pytestplugin",
    "xdist.plugin",
    "conformance.plugin",
)


class Watching(Protocol):
    """Whoever wants to know how far a run is."""

    def expect(self, clauses: int) -> None:
        """So many clauses will be tried."""

    def done(self, target: str, result: ClauseResult) -> None:
        """One was."""


class Collector:
    """A pytest plugin that gathers what became of each clause, from all workers."""

    def __init__(self, run: Run, watching: Watching | None) -> None:
        self._run = run
        self._watching = watching

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without workers: what there is to do."""
        if session.items:
            self._expect(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """With workers: each has the same to choose from."""
        self._expect(len(ids))

    def _expect(self, clauses: int) -> None:
        self._run.expected = clauses
        if self._watching is not None:
            self._watching.expect(clauses)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One clause more."""
        data: dict[str, Any] | None = getattr(report, plugin.CLAUSE_RESULT, None)
        if data is not None:
            target = data.pop("target")
            result = clause_from_data(data)
            self._run.add(target, result)
            if self._watching is not None:
                self._watching.done(target, result)


def judge(run: Run, words: Sequence[str], *, jobs: int = 1, watching: Watching | None = None) -> int:
    """Fill `run` with what became of each clause on the targets that `words` name, the options of `conformance.plugin`.

    Returns pytest's exit code.
    """
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # what else is installed has no part in a verdict
    os.environ.pop("PYTEST_ADDOPTS", None)
    sys.unraisablehook = interrupt_again
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="echo-conformance-") as scratch:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = scratch  # nothing is left in the user's folder
        with _standing_in(scratch):
            try:
                return pytest.main([*_pytest_words(run.seed, jobs), *words], plugins=[Collector(run, watching)])
            finally:
                run.seconds = time.monotonic() - began


@contextlib.contextmanager
def _standing_in(scratch: str) -> Iterator[None]:
    """Have pytest and its workers stand in a folder of ours: a target may delete the one that it is started in."""
    folder = os.getcwd()
    os.chdir(scratch)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.chdir(folder)


def _pytest_words(seed: int | None, jobs: int) -> list[str]:
    words = [str(SPECS), "-c", str(SPECS / "pytest.ini"), "--rootdir", str(SPECS), "--assert=plain"]
    for name in PLUGINS:
        words += ["-p", name]
    if jobs > 1:
        words += ["-n", str(jobs), "--dist", "worksteal"]
    return words if seed is None else [*words, "--hypothesis-seed", str(seed)]


def interrupt_again(forgotten: sys.UnraisableHookArgs) -> None:
    """What is raised in a finalizer or a callback of the garbage collector is reported and forgotten.

    An interrupt is neither: it is raised once more, a moment later.
    """
    if forgotten.exc_type is KeyboardInterrupt:
        threading.Timer(SOON_S, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(forgotten)
