"""The pytest plugin: `pytest -p conformance.plugin conformance/specs --backend epoll`.

It is loaded by name alone, never into other people's runs. It turns the user's words into targets, keeps one server of
a target running in each worker, tries each clause on it, and turns what came of that into the outcome model.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import hypothesis
import pytest

from conformance.clauses import FREEZE, MUST, PROFILES, Clause, Need, clause_of
from conformance.harness.bench import STOP_AND_CONTINUE, Bench, Inconclusive
from conformance.harness.kernel import KernelView
from conformance.harness.launch import Keeper
from conformance.harness.target import (
    DEFAULT_CHUNK_LIMIT_BYTES,
    DEFAULT_HOST,
    BadTarget,
    Target,
    address_target,
    backend_target,
    command_target,
    zoo_target,
)
from conformance.harness.trial import Nonconformity, Trial
from conformance.report.failure_text import failure_text
from conformance.report.outcome import Outcome, clause_to_data
from conformance.result import KNOWN, NotApplicable, Unobserved, again, result_of

EXAMPLES = {"quick": 20, "standard": 100, "thorough": 1000}
ANSWERS_AT_ALL = "reply.prompt"
ANSWERS_RIGHT = "reply"
ENDS = "close"
STANDS_FREEZING = "readiness.stop-continue"
STANDS_COMPANY = "isolation.silent-client"
LIST_WITHIN_S = 30
LEAST_FACTOR, MOST_FACTOR = 0.05, 100.0
INTERRUPTED = 128 + signal.SIGINT

TARGETS = pytest.StashKey[list[Target]]()
CLAUSE_RESULT = "clause_result"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The same words as `echo-conformance run` takes."""
    group = parser.getgroup("echo-conformance", "the servers to judge, and how")
    group.addoption("--backend", action="append", default=[], metavar="NAME", help="a reference server; `all` for each")
    group.addoption("--zoo", action="append", default=[], metavar="NAME", help="a broken server; `all` for each")
    group.addoption("--command", metavar="CMD", help="a command that starts a server; {host} and {port} are filled in")
    group.addoption("--folder", metavar="DIR", help="the folder that it is started in (the current one unless given)")
    group.addoption("--port", type=int, metavar="N", help="the port of its own that the command uses")
    group.addoption("--host", default=DEFAULT_HOST, help="the address that started servers bind (default: %(default)s)")
    group.addoption("--address", metavar="HOST:PORT", help="a server that already runs")
    group.addoption("--pid", type=int, metavar="PID", help="its process, to be watched and frozen")
    group.addoption("--profile", choices=PROFILES, default=PROFILES[0], help="what it answers (default: %(default)s)")
    group.addoption("--chunk-limit", type=int, default=DEFAULT_CHUNK_LIMIT_BYTES, metavar="BYTES",
                    help="the most it takes in one recv (default: %(default)s)")  # fmt: skip
    group.addoption("--examples", default="standard", metavar="N", type=examples,
                    help="cases a clause: quick (20), standard (100), thorough (1000), or a number")  # fmt: skip
    group.addoption("--patience", type=factor, default=1.0, metavar="FACTOR",
                    help="wait for a slow server so many times as long (default: %(default)s)")  # fmt: skip
    group.addoption("--own", action="store_true", help="of each broken server, only the clauses that it must break")
    group.addoption("--unshortened", action="store_true", help="report the first case that fails as it is")


def examples(text: str) -> int:
    """The number of cases a clause that a word or a number stands for. Raises ValueError for any other."""
    number = EXAMPLES.get(text) or int(text)
    if number < 1:
        msg = "at least one case a clause must be played"
        raise ValueError(msg)
    return number


def factor(text: str) -> float:
    """The factor of patience that a word stands for. Raises ValueError where it is none."""
    value = float(text)
    if not LEAST_FACTOR <= value <= MOST_FACTOR:
        msg = f"a factor from {LEAST_FACTOR:g} to {MOST_FACTOR:g}"
        raise ValueError(msg)
    return value


def pytest_configure(config: pytest.Config) -> None:
    """Make out the targets, and how Hypothesis is to draw."""
    if hasattr(config, "workerinput") and threading.current_thread() is threading.main_thread():
        # Raised in a worker, KeyboardInterrupt can come up in a callback of the garbage collector, where Python reports
        # and forgets it. Nothing here needs to be finished either: the keeper ends the server. (One that is
        # reached by a socket may be in a thread of that server's, which no interrupt from here comes to.)
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    config.addinivalue_line("markers", "clause(level, needs, profiles): a clause of the specification")
    option = config.option
    if "all" in option.backend:  # settled here, once: workers are handed the names
        option.backend = available(reference_backends())
    if "all" in option.zoo:
        option.zoo = available(broken_servers(option.profile))
    try:
        config.stash[TARGETS] = _targets(option)
    except BadTarget as error:
        raise pytest.UsageError(str(error)) from None
    if config.stash[TARGETS]:
        _draw(option.examples, shorten=not option.unshortened)


def reference_backends() -> dict[str, str | None]:
    """Each reference server's name, with the reason where it is not available here."""
    listed = _listed_by("reference_servers", "--list", "--json")
    return {entry["name"]: None if entry["available"] else entry["reason"] for entry in listed}


def broken_servers(profile: str) -> dict[str, str | None]:
    """Each broken server of the zoo, with the reason where it cannot be run here, or not with this profile."""
    reasons: dict[str, str | None] = {}
    for entry in zoo():
        reasons[entry["name"]] = f"it needs {entry['missing']}" if entry["missing"] else None
        if entry["profile"] != profile:
            reasons[entry["name"]] = f"it answers by another profile (--profile {entry['profile']})"
    return reasons


def zoo() -> list[dict[str, Any]]:
    """All that the zoo says of its servers."""
    listed: list[dict[str, Any]] = _listed_by("conformance.zoo", "--json")
    return listed


def unseen_bugs() -> dict[str, str]:
    """Each bug that nobody outside can see, with the reason."""
    listed: dict[str, str] = _listed_by("conformance.zoo", "--unseen")
    return listed


def available(servers: dict[str, str | None]) -> list[str]:
    """Those for which there is no reason why not."""
    return [name for name, reason in servers.items() if reason is None]


def _listed_by(module: str, *words: str) -> Any:
    """What a program of this project says as JSON. The judge never imports the judged."""
    command = [sys.executable, "-P", "-m", module, *words]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=LIST_WITHIN_S).stdout)


def _targets(option: argparse.Namespace) -> list[Target]:
    """The targets that the options name. Raises `BadTarget` where they cannot be meant."""
    shared = {"profile": option.profile, "chunk_limit_bytes": option.chunk_limit}
    targets = [backend_target(name) for name in option.backend]
    if targets and option.profile != PROFILES[0]:
        msg = f"the reference servers answer by the profile {PROFILES[0]}, not {option.profile}"
        raise BadTarget(msg)
    targets += [zoo_target(name, option.profile) for name in option.zoo]
    for name, beside in (("port", "command"), ("pid", "address")):
        if getattr(option, name) is not None and getattr(option, beside) is None:
            msg = f"--{name} says something of --{beside}, which is missing"
            raise BadTarget(msg)
    if option.command is not None:
        targets.append(
            command_target(option.command, folder=option.folder, port=option.port, host=option.host, **shared)
        )
    if option.address is not None:
        targets.append(address_target(option.address, pid=option.pid, **shared))
    return [target.with_patience(option.patience) for target in targets]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each clause is tried on each target."""
    if "bench" in metafunc.fixturenames:
        targets = metafunc.config.stash[TARGETS]
        ids = [target.name for target in targets] or ["nothing"]
        metafunc.parametrize("bench", targets or [None], ids=ids, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the clauses of other profiles, and let -k know clauses by their ids."""
    own = {entry["name"]: entry["breaks"] for entry in zoo()} if config.option.own else {}
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        clause = clause_of(item)
        if clause is not None:
            item.extra_keyword_matches.add(clause.id)
        tried = clause is None or config.option.profile in clause.profiles
        if clause is not None and tried and own:
            tried = clause.id in own.get(_target(item).name, ())
        (kept if tried else left_out).append(item)
    if not config.stash[TARGETS] and any(clause_of(item) for item in items):
        msg = "no server to judge: name one with --backend, --zoo, --command or --address"
        raise pytest.UsageError(msg)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.fixture(scope="session")
def keeper() -> Iterator[Keeper]:
    """What ends our servers if we are ended without a chance to."""
    keeper = Keeper()
    yield keeper
    keeper.close()


@pytest.fixture(scope="session")
def kernel() -> Iterator[KernelView]:
    """What the kernel tells of connections."""
    kernel = KernelView()
    yield kernel
    kernel.close()


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
        raise Nonconformity(trial.confirmed(found.finding)) from None
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
    option = item.config.option
    error = call.excinfo.value if call.excinfo is not None else None
    result = result_of(
        clause,
        _trial(item) if isinstance(item, pytest.Function) else None,
        error,
        call.duration,
        again(_target(item), clause, option.examples, item.config.getoption("hypothesis_seed", None)),
    )
    setattr(report, CLAUSE_RESULT, {"target": _target(item).name, **clause_to_data(result)})
    if result.outcome in {Outcome.UNOBSERVED, Outcome.NOT_APPLICABLE}:
        report.outcome = "skipped"
        report.longrepr = (str(item.path), 0, f"{result.outcome}: {result.message}")
    elif result.outcome is not Outcome.PASS and result.message is not None:
        report.longrepr = failure_text(result) if isinstance(error, KNOWN) else report.longrepr
        if result.outcome is Outcome.FAIL and clause.level is not MUST:  # told, and no failed test
            report.outcome = "skipped"
            report.wasxfail = f"{clause.level} does not hold: {result.message}"
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
            raise (NotApplicable if need is Need.START_LINE else Unobserved)(f"needs {need.value}")
    reason = _untellable(clause, bench)
    if reason is not None:
        raise Inconclusive(reason)
    # Where the server never ends a connection, one chapter says so, and the others judge what was owed on it.
    bench.awaits_end = bench.ends or clause.chapter == ENDS
    trial.enough_at = time.monotonic() + bench.patience.enough_s(cases)
    trial.excuses_company = STANDS_COMPANY if clause.id != STANDS_COMPANY else None
    if FREEZE in clause.needs and clause.id != STANDS_FREEZING and not trial.stands(STOP_AND_CONTINUE):
        msg = f"the server does not go on after it was stopped and continued ({STANDS_FREEZING})"
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
        Need.PROCESS: lambda: tree is not None,
        Need.FREEZE: lambda: server.freezable,
        Need.SOCKETS: lambda: server.sockets() is not None,
        Need.LIMITS: lambda: tree is not None and tree.limits_open_to_us(),
    }
    return has[need]()


def _draw(cases: int, *, shorten: bool) -> None:
    """Have Hypothesis draw this many cases. Nothing is kept between runs, and no case has a deadline of its own.

    It must be said before the specs are imported: a test takes its settings when it is decorated.
    """
    hypothesis.settings.register_profile(
        "echo-conformance",
        max_examples=cases,
        derandomize=False,  # Hypothesis draws the same for ever where the variable CI is set; here the seed decides
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate, *([hypothesis.Phase.shrink] if shorten else [])),
        # A trial keeps nothing between cases but what it has found; and cases are slow because servers may be.
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("echo-conformance")
