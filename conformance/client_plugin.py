"""The pytest plugin for clients: `pytest -p conformance.client_plugin conformance/client_specs --client 'CMD {port}'`.

It is loaded by name alone. It turns the user's words into clients, tries each clause on each of them, and turns what
came of that into the outcome model.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator

import pytest

from conformance.clauses import MUST, Clause, Need, clause_of
from conformance.harness.child import Keeper
from conformance.harness.kernel import KernelView
from conformance.harness.search import Nonconformity
from conformance.harness.target import DEFAULT_CHUNK_LIMIT_BYTES, BadTarget
from conformance.hosting.conversation import CONVERSATIONS, LINES
from conformance.hosting.target import ClientTarget, broken_client, client_target
from conformance.hosting.trial import ClientBench, ClientTrial
from conformance.own_servers import broken_clients
from conformance.plugin_options import examples, factor
from conformance.report.reached import Means
from conformance.result import Unobserved, result_of
from conformance.tried import TARGETS, attach, draw, error_of, keeper, kernel, name, raise_confirmed

__all__ = ["keeper", "kernel"]  # fixtures


def pytest_addoption(parser: pytest.Parser) -> None:
    """The same words as `echo-conformance client` takes."""
    group = parser.getgroup("echo-conformance", "the clients to judge, and how")
    group.addoption("--client", metavar="CMD", help="a command that starts a client; {host} and {port} are filled in")
    group.addoption("--broken", action="append", default=[], metavar="NAME", help="a broken client of the zoo")
    group.addoption("--folder", metavar="DIR", help="the folder that it is started in (the current one unless given)")
    group.addoption("--conversation", choices=sorted(CONVERSATIONS), default=LINES,
                    help="what it does by itself (default: %(default)s)")  # fmt: skip
    group.addoption("--output", metavar="REGEX", help="how its standard output tells what was delivered")
    group.addoption("--examples", default="quick", metavar="N", type=examples,
                    help="cases a clause: quick (20), standard (100), thorough (1000), or a number")  # fmt: skip
    group.addoption("--patience", type=factor, default=1.0, metavar="FACTOR",
                    help="wait for a slow client so many times as long (default: %(default)s)")  # fmt: skip
    group.addoption("--own", action="store_true", help="of each broken client, only the clauses that it must break")
    group.addoption(
        "--unshortened",
        action="store_true",
        help="report the first case that fails, played again only where that decides",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make out the clients, and how Hypothesis is to draw."""
    option = config.option
    config.addinivalue_line("markers", "clause(level, needs, profiles): a clause of the specification")
    targets = [broken_client(each, option.patience) for each in option.broken]
    try:
        if option.client is not None:
            targets.append(
                client_target(
                    option.client,
                    conversation=option.conversation,
                    output=option.output,
                    folder=option.folder or str(config.invocation_params.dir),
                    patience=option.patience,
                )
            )
    except BadTarget as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[TARGETS] = targets
    if targets:
        draw(option.examples, shorten=not option.unshortened)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each clause is tried on each client."""
    if "bench" in metafunc.fixturenames:
        targets = metafunc.config.stash[TARGETS]
        if not targets:
            msg = "no client to judge: name its command with --client"
            raise pytest.UsageError(msg)
        metafunc.parametrize("bench", targets, ids=[each.name for each in targets], indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the clauses that are not about such a client, and let -k know clauses by their ids."""
    own = {entry["name"]: entry["breaks"] for entry in broken_clients()} if config.option.own else {}
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        clause = clause_of(item)
        tried = clause is None or _target(item).profile in clause.profiles
        if clause is not None:
            item.extra_keyword_matches.add(clause.id)
            tried = tried and (not own or clause.id in own.get(_target(item).name, ()))
        (kept if tried else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest, keeper: Keeper, kernel: KernelView) -> ClientBench:
    """One client, for all its clauses; each worker has its own."""
    return ClientBench(request.param, keeper, kernel)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Try a clause: prepare, let its test draw and play, and confirm what it found."""
    clause, trial = clause_of(pyfuncitem), _trial(pyfuncitem)
    if clause is None or trial is None:
        return (yield)
    trial.ready()
    for need in clause.needs:
        if not _HAS[need]():
            raise Unobserved(f"needs {need.value}")
    trial.binds = clause.level is MUST
    try:
        return (yield)
    except Nonconformity as found:
        raise_confirmed(trial, pyfuncitem, found.finding)


_HAS: dict[Need, Callable[[], bool]] = {
    Need.PROCESS: lambda: True,  # each client is started here
    Need.SOCKETS: lambda: sys.platform == "linux",
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the clause's result to its report, in plain data that crosses to the controller."""
    report = yield
    clause = clause_of(item)
    if clause is None or (call.when != "call" and call.excinfo is None):
        return report
    target, trial = _target(item), _trial(item) if isinstance(item, pytest.Function) else None
    words = again(target, clause, item.config.option.examples, item.config.getoption("hypothesis_seed", None))
    attach(report, call, clause, result_of(clause, trial, error_of(call), call.duration, words))
    name(report, target.name, _means_of(target), None)
    return report


def again(target: ClientTarget, clause: Clause, examples: int, seed: int | None) -> Iterator[str]:
    """The command that tries a clause again, with the cases of that seed."""
    yield from ("echo-conformance", "client", *target.options, "-k", clause.id, "--examples", str(examples))
    if seed is not None:
        yield from ("--seed", str(seed))


def _means_of(target: ClientTarget) -> Means:
    return Means(
        options=list(target.options),
        command=list(target.command),
        folder=target.folder,
        address=None,
        profile=target.profile,
        chunk_limit_bytes=DEFAULT_CHUNK_LIMIT_BYTES,
        patience=target.patience,
    )


def _trial(item: pytest.Function) -> ClientTrial | None:
    return next((value for value in item.funcargs.values() if isinstance(value, ClientTrial)), None)


def _target(item: pytest.Item) -> ClientTarget:
    target: ClientTarget = item.callspec.params["bench"]  # type: ignore[attr-defined]
    return target
