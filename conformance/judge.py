"""Has pytest try the clauses, alone and undisturbed, and gathers what became of each."""

from __future__ import annotations

import contextlib
import gc
import inspect
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePath
from types import FrameType
from typing import Any, NamedTuple, Protocol

import execnet
import pytest

from conformance.clauses import CLIENT_SPECS, SPECS
from conformance.elsewhere import SPECS_VARIABLE, isolate
from conformance.known_failures import KnownFailures
from conformance.report.outcome import ClauseResult, Run, clause_from_data
from conformance.report.reached import means_from_data
from conformance.spread import Spread, place, prepare
from conformance.toml_file import BadFile
from conformance.tried import CLAUSE_RESULT, OF_TARGET, TARGETS, clause_and_target, told_in_ids

SOON_S = 0.01
COLLECTED_AFTER = 50_000  # more objects made than freed
ALONE = Spread()
SETTINGS = ("--config-file=/dev/null", f"--rootdir=${SPECS_VARIABLE}", "--noconftest", "--pyargs")
STRICTNESS = ("--assert=plain", "--strict-markers", "--import-mode=importlib")
TRACES = ("--tb=native",)  # pytest's own parse the source of a clause for each failure of it
PLUGINS = (
    "no:cacheprovider",
    "no:terminalreporter",  # the rest of that plugin has options which others rely on
    "no:unraisableexception",
    "_hypothesis_pytestplugin",
    "xdist.plugin",
)


class Suite(NamedTuple):
    """What is tried: the clauses' folder and package, and the plugins that try them.

    The package is for pytest: the folder is another one on another machine.
    """

    folder: PurePath
    package: str
    plugins: tuple[str, ...]


SERVERS = Suite(SPECS, "conformance.specs", ("conformance.plugin", "conformance.specs.conftest"))
CLIENTS = Suite(
    CLIENT_SPECS, "conformance.client_specs", ("conformance.client_plugin", "conformance.client_specs.conftest")
)


class NoWorker(Exception):
    """A worker cannot be started; the message says why."""


class NotCollected(Exception):
    """The specs cannot be read, which is no fault of any server; the message says why."""


class Watching(Protocol):
    """Whoever wants to know how far a run is."""

    def expect(self, clauses: int) -> None:
        """So many clauses will be tried."""

    def began(self, clause: str, target: str) -> None:
        """One clause is being tried on a target."""

    def done(self, target: str, result: ClauseResult) -> None:
        """One was."""


class Collector:
    """A pytest plugin that gathers what became of each clause, from all workers."""

    def __init__(
        self, run: Run, watching: Watching | None, known: KnownFailures | None, implied: Collection[str] | None
    ) -> None:
        self._run = run
        self._implied = implied
        self._meant: list[str] = []
        self._watching = watching
        self._ready: set[str] = set()
        self.no_worker: str | None = None
        self.not_collected: str | None = None
        self._known = known

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Before anything is tried: what is said of known failures has to be of what is tried."""
        self._meant = [target.name for target in session.config.stash[TARGETS]]
        if self._known is not None:
            try:
                self._known.check({t.name: t.profile for t in session.config.stash[TARGETS]})
            except BadFile as error:
                raise pytest.UsageError(str(error)) from None

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """One clause begins, here or in a worker."""
        if self._watching is not None:
            self._watching.began(*clause_and_target(nodeid))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without workers: what there is to do."""
        if session.items:
            self._expect([item.nodeid for item in session.items])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Without workers pytest would end as if it were interrupted; with them it would try what is left."""
        if report.failed:
            msg = f"a fault of the suite itself: its specs cannot be read\n{report.longreprtext}"
            raise NotCollected(msg)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """With workers: each has the same to choose from."""
        self._ready.add(node.gateway.id)
        self._expect(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Each worker, before it is given its work."""
        prepare(node.gateway)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker is gone. One that never came as far as to choose its work would be replaced for ever."""
        if error and node.gateway.id not in self._ready:
            cause = str(error).partition("\nThe above exception")[0].strip().splitlines()  # of a chain, what began it
            told = cause[-1] if cause else "it ended"
            msg = f"the worker {place(node.gateway)} does not start: {told}"
            raise NoWorker(msg)

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool | None:
        """A worker that cannot be started is no fault of the suite. What is told in words needs no trace."""
        if excinfo.errisinstance(NotCollected):
            self.not_collected = str(excinfo.value)
        elif excinfo.errisinstance((NoWorker, execnet.HostNotFound)):
            self.no_worker = str(excinfo.value)
        elif excinfo.errisinstance((OSError, EOFError)) and not self._run.expected:
            self.no_worker = f"a worker does not start: {excinfo.value}"
        return True if self.no_worker is not None or self.not_collected is not None else None

    def _expect(self, ids: Sequence[str]) -> None:
        if ids and self._implied is not None:
            self._leave_out_what_is_untried(ids, self._implied)
        self._run.expected = len(ids)
        if self._watching is not None:
            self._watching.expect(len(ids))

    def _leave_out_what_is_untried(self, ids: Sequence[str], implied: Collection[str]) -> None:
        """Raises `pytest.UsageError` where the user asked for such a target itself."""
        tried = {clause_and_target(nodeid)[1] for nodeid in ids}
        untried = [name for name in self._meant if told_in_ids(name) not in tried]
        asked_for = [name for name in untried if name not in implied]
        if asked_for:
            msg = f"no clause that matches is about the profile of {', '.join(asked_for)}"
            raise pytest.UsageError(msg)
        self._run.left_out |= dict.fromkeys(untried, "no clause that matches is about its profile")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One clause more."""
        data: dict[str, Any] | None = getattr(report, CLAUSE_RESULT, None)
        if data is not None:
            target, means, hint = (data.pop(name) for name in OF_TARGET)
            result = clause_from_data(data)
            if self._known is not None:
                result = self._known.marked(target, result)
            self._run.add(target, result, means=means_from_data(means), hint=hint)
            if self._watching is not None:
                self._watching.done(target, result)


def judge(
    run: Run,
    words: Sequence[str],
    *,
    spread: Spread = ALONE,
    watching: Watching | None = None,
    known: KnownFailures | None = None,
    implied: Collection[str] | None = None,
    suite: Suite = SERVERS,
) -> int:
    """Fill `run` with what became of each clause on the targets that `words` name, the options of the suite's plugin.

    A target that no clause is about is left out where it is one of those `implied`, and an error where it is not; it
    is neither where none are given.

    What pytest and its plugins say meanwhile is no part of any report, their errors apart. Where a second interrupt
    comes while the first is still seen to, what is done stands. Returns pytest's exit code.

    Raises `NoWorker`, and `NotCollected`.
    """
    sys.unraisablehook = interrupt_again
    began = time.monotonic()
    collector = Collector(run, watching, known, implied)
    with tempfile.TemporaryDirectory(prefix="echo-conformance-") as scratch:
        isolate(str(suite.folder), scratch)  # nothing is left in the user's folder
        with (
            _collecting_rarely(),
            _standing_in(scratch),
            open(os.devnull, "w") as nowhere,
            contextlib.redirect_stdout(nowhere),
        ):
            try:
                code: int = pytest.main([*_pytest_words(suite, run.seed, spread), *words], plugins=[collector])
            except KeyboardInterrupt:
                code = pytest.ExitCode.INTERRUPTED
            finally:
                run.seconds = time.monotonic() - began
    if collector.not_collected is not None:
        raise NotCollected(collector.not_collected)
    if collector.no_worker is not None:
        raise NoWorker(collector.no_worker)
    return code


@contextlib.contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Have the collector of cycles look at what this run makes, and seldom.

    What it would look at again and again is pytest and Hypothesis, for 3% of the processor time of a verdict.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


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


def _pytest_words(suite: Suite, seed: int | None, spread: Spread) -> list[str]:
    words = [suite.package, *SETTINGS, *STRICTNESS, *TRACES]
    for name in (*PLUGINS, *suite.plugins):
        words += ["-p", name]
    words += spread.words()
    return words if seed is None else [*words, f"--hypothesis-seed={seed}"]


def interrupt_again(forgotten: sys.UnraisableHookArgs) -> None:
    """What is raised in a finalizer or a callback of the garbage collector is reported and forgotten.

    An interrupt is neither: it is raised once more, when this is over, and as a signal, which ends whatever wait it
    meets.
    """
    if forgotten.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(forgotten)
        return
    interrupted, here = threading.get_ident(), inspect.currentframe()

    def once_over() -> None:
        time.sleep(SOON_S)  # a signal does not end a wait that is just about to begin
        while here is not None and _runs(here):  # what is raised in this hook is forgotten as well
            time.sleep(SOON_S)
        signal.pthread_kill(interrupted, signal.SIGINT)

    threading.Thread(target=once_over).start()


def _runs(frame: FrameType) -> bool:
    """Whether a call is not over: only then can its frame not be cleared."""
    try:
        frame.clear()
    except RuntimeError:
        return True
    return False
