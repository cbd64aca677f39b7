"""The pytest plugin: `pytest -p conformance.plugin conformance/specs --backend epoll`.

It is loaded by name alone, never into other people's runs. It turns the user's words into targets, keeps one server of
a target running in each worker, tries each clause on it, and turns what came of that into the outcome model.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.chosen import described_targets, named_targets, see_that_names_differ
from conformance.clauses import FREEZE, MUST, UDP, Clause, Need, clause_of
from conformance.harness.bench import LONE_DATAGRAM, STOP_AND_CONTINUE, Bench
from conformance.harness.child import Keeper
from conformance.harness.kernel import KernelView
from conformance.harness.search import Inconclusive, Nonconformity
from conformance.harness.target import BadTarget, Target
from conformance.harness.trial import Trial
from conformance.means import means_of
from conformance.own_servers import available, broken_servers, meant_backends, zoo
from conformance.plugin_options import add_options
from conformance.replay import Replay
from conformance.result import NotApplicable, Unobserved, again, result_of
from conformance.targets.building import NotBuilt
from conformance.toml_file import BadFile
from conformance.tried import TARGETS, attach, draw, error_of, keeper, kernel, name, raise_confirmed

__all__ = ["keeper", "kernel"]  # fixtures

ANSWERS_AT_ALL = "reply.prompt"
ANSWERS_RIGHT = "reply"
ANSWERS_DATAGRAMS = "datagram.answered"
ENDS = "close"
STANDS_FREEZING = "readiness.stop-continue"
STANDS_COMPANY = "isolation.silent-client"
INTERRUPTED = 128 + signal.SIGINT

NOT_FOR_ALL = (Need.START_LINE, Need.UDP)  # which not every kind of server is to have
NAMED = "servers of this project"
SETTLED = "targets of the file"
WITH_DATAGRAMS = "broken servers with datagrams"
BREAKS = "clauses that broken servers break"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of conformance runs."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Make out the targets, and how Hypothesis is to draw."""
    if hasattr(config, "workerinput") and threading.current_thread() is threading.main_thread():
        # Raised in a worker, KeyboardInterrupt can come up in a callback of the garbage collector, where Python reports
        # and forgets it. Nothing here needs to be finished either: the keeper ends the server. (One that is
        # reached by a socket may be in a thread of that server's, which no interrupt from here comes to.)
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    if config.option.case is not None:
        try:
            config.pluginmanager.register(Replay(Path(config.option.case)))
        except (OSError, ValueError) as error:
            raise pytest.UsageError(str(error)) from None
    config.addinivalue_line("markers", "clause(level, needs, profiles): a clause of the specification")
    option = config.option
    if hasattr(config, "workerinput"):  # a worker is handed the names: its words are still the user's
        option.backend, option.zoo = config.workerinput[NAMED]
    else:
        option.backend = meant_backends(option.backend)
        option.zoo = available(broken_servers(option.profile)) if "all" in option.zoo else option.zoo
    try:
        config.stash[TARGETS] = [*named_targets(option, _with_datagrams(config)), *_described(config)]
        see_that_names_differ(config.stash[TARGETS])
    except (BadTarget, BadFile, NotBuilt) as error:
        raise pytest.UsageError(str(error)) from None
    if config.stash[TARGETS]:
        draw(option.examples, shorten=not option.unshortened)


def _with_datagrams(config: pytest.Config) -> list[str]:
    """The broken servers that answer datagrams too. The controller asks the zoo; workers are told."""
    if hasattr(config, "workerinput"):
        return list(config.workerinput[WITH_DATAGRAMS])
    return [entry["name"] for entry in zoo() if entry["answers_datagrams"]] if config.option.zoo else []


def _breaks(config: pytest.Config) -> dict[str, Collection[str]]:
    """Of each broken server the clauses that it must break, where nothing else is to be tried on it."""
    if hasattr(config, "workerinput"):
        return dict(config.workerinput[BREAKS])
    return {entry["name"]: entry["breaks"] for entry in zoo()} if config.option.own else {}


def _described(config: pytest.Config) -> list[Target]:
    """The targets of the file. The controller settles them; workers are handed what it made of the file."""
    if hasattr(config, "workerinput"):
        return [Target(**data) for data in config.workerinput[SETTLED]]
    return described_targets(config.option, Path(config.option.folder or config.invocation_params.dir))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker what its targets are."""
    option = node.config.option
    node.workerinput[NAMED] = (option.backend, option.zoo)
    own = [target for target in node.config.stash[TARGETS] if target.described]
    node.workerinput[WITH_DATAGRAMS] = _with_datagrams(node.config)
    node.workerinput[BREAKS] = _breaks(node.config)
    node.workerinput[SETTLED] = [dataclasses.asdict(target) for target in own]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each clause is tried on each target that has its profile."""
    if "bench" in metafunc.fixturenames:
        targets = _tried_on(metafunc.config, clause_of(metafunc.definition))
        ids = [target.name for target in targets] or ["nothing"]
        metafunc.parametrize("bench", targets or [None], ids=ids, indirect=True, scope="session")


def _tried_on(config: pytest.Config, clause: Clause | None) -> list[Target]:
    targets = config.stash[TARGETS]
    if clause is None:
        return targets
    own = _breaks(config)
    return [
        target
        for target in targets
        if target.profile in clause.profiles and (not own or clause.id in own.get(target.name, ()))
    ]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the clauses that no target is tried by, and let -k know clauses by their ids."""
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        clause = clause_of(item)
        if clause is not None:
            item.extra_keyword_matches.add(clause.id)
        tried = clause is None or item.callspec.params["bench"] is not None  # type: ignore[attr-defined]
        (kept if tried else left_out).append(item)
    if not config.stash[TARGETS] and any(clause_of(item) for item in items):
        msg = "no server to judge: name one with --backend, --zoo, --command, --address or --target"
        raise pytest.UsageError(msg)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest, keeper: Keeper, kernel: KernelView) -> Iterator[Bench]:
    """One target, held in place for all its clauses; each worker has its own."""
    bench = Bench(request.param, keeper, kernel)
    yield bench
    bench.close()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Try a clause: prepare, let its test draw and play, confirm what it found, and see that the server serves on."""
    clause, trial = clause_of(pyfuncitem), _trial(pyfuncitem)
    if clause is None or trial is None:
        return (yield)
    _prepare(clause, trial, pyfuncitem.config.option.examples)
    try:
        result = yield
    except Nonconformity as found:
        raise_confirmed(trial, pyfuncitem, found.finding)
    trial.serves_afterwards()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the clause's result to its report, in plain data that crosses to the controller."""
    report = yield
    clause = clause_of(item)
    if clause is None or (call.when != "call" and call.excinfo is None):
        return report
    option, target = item.config.option, _target(item)
    trial = _trial(item) if isinstance(item, pytest.Function) else None
    words = again(target, clause, option.examples, item.config.getoption("hypothesis_seed", None), option.case)
    hint = trial.bench.hint if trial is not None else None
    attach(report, call, clause, result_of(clause, trial, error_of(call), call.duration, words))
    name(report, target.name, means_of(target), hint)
    return report


def _trial(item: pytest.Function) -> Trial | None:
    return next((value for value in item.funcargs.values() if isinstance(value, Trial)), None)


def _target(item: pytest.Item) -> Target:
    target: Target = item.callspec.params["bench"]  # type: ignore[attr-defined]
    return target


def _prepare(clause: Clause, trial: Trial, cases: int) -> None:
    """See that the clause can be observed, and that it would be this clause that failed. Raises where not."""
    trial.ready()
    bench = trial.bench
    for need in clause.needs:
        if not _has(bench, need):
            raise (NotApplicable if need in NOT_FOR_ALL else Unobserved)(f"needs {need.value}")
    reason = _untellable(clause, bench)
    if reason is not None:
        raise Inconclusive(reason)
    # Where the server never ends a connection, one chapter says so, and the others judge what was owed on it.
    bench.awaits_end = bench.ends or clause.chapter == ENDS
    trial.binds = clause.level is MUST
    trial.enough_at = time.monotonic() + bench.patience.enough_s(cases)
    trial.excuses_company = STANDS_COMPANY if clause.id != STANDS_COMPANY else None
    if FREEZE in clause.needs and clause.id != STANDS_FREEZING and not trial.stands(STOP_AND_CONTINUE):
        msg = f"the server does not go on after it was stopped and continued ({STANDS_FREEZING})"
        raise Inconclusive(msg)
    if UDP in clause.needs and clause.id != ANSWERS_DATAGRAMS and not trial.stands(LONE_DATAGRAM):
        msg = f"the server does not answer one lone datagram as it should ({ANSWERS_DATAGRAMS})"
        raise Inconclusive(msg)


def _untellable(clause: Clause, bench: Bench) -> str | None:
    """Why this clause says nothing of a server that does not even stand a lone message, if it does not."""
    if bench.too_slow is not None:
        return bench.too_slow
    if bench.unresponsive is not None and clause.id != ANSWERS_AT_ALL:
        return f"the server does not answer one lone message, so nothing else can be told ({ANSWERS_AT_ALL})"
    if bench.answers_wrongly is not None and clause.chapter != ANSWERS_RIGHT:
        return f"the answer to one lone message is wrong, so nothing else can be told (chapter {ANSWERS_RIGHT})"
    return None


def _has(bench: Bench, need: Need) -> bool:
    server, tree = bench.server, bench.server.tree
    has: dict[Need, Callable[[], bool]] = {
        Need.COMMAND: lambda: server.restartable,
        Need.PORT: lambda: server.restartable and bench.target.told_port,
        Need.START_LINE: lambda: bench.target.announces,
        Need.UDP: lambda: bench.target.answers_datagrams,
        Need.PROCESS: lambda: tree is not None,
        Need.FREEZE: lambda: server.freezable,
        Need.SOCKETS: lambda: server.sockets() is not None,
        Need.LIMITS: lambda: tree is not None and tree.limits_open_to_us(),
    }
    return has[need]()
