"""What the pytest plugins for servers and for clients share: how cases are drawn, how results reach the controller.

A clause's result is attached to its test's report, in plain data.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, NoReturn

import pytest

from conformance.clauses import MUST, Clause, clause_id
from conformance.harness.child import Keeper
from conformance.harness.kernel import KernelView
from conformance.harness.search import Finding, Inconclusive, Nonconformity, Search
from conformance.report.failure_text import failure_text
from conformance.report.outcome import ClauseResult, Outcome, clause_to_data
from conformance.report.reached import Means, means_to_data
from conformance.result import KNOWN

TARGETS = pytest.StashKey[list[Any]]()  # each has a name and a profile
CLAUSE_RESULT = "clause_result"
LOCAL_CONSTANTS = "_get_local_constants"
OF_TARGET = ("target", "means", "hint")  # what a clause's result says of the target, in this order


def clause_and_target(nodeid: str) -> tuple[str, str]:
    """`test_close.py::test_eof[epoll]` -> `close.eof`, `epoll`."""
    file, _, test = nodeid.partition("::")  # the first: an address may have more of them
    name, _, target = test.partition("[")
    return clause_id(PurePath(file).stem, name), target.removesuffix("]")


def told_in_ids(target: str) -> str:
    """The name of a target as pytest writes it into ids."""
    return target.encode("unicode_escape").decode("ascii")


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


def error_of(call: pytest.CallInfo[None]) -> BaseException | None:
    """What ended a test, if anything did."""
    return call.excinfo.value if call.excinfo is not None else None


def raise_confirmed(trial: Search, item: pytest.Function, found: Finding) -> NoReturn:
    """Raise what is to be reported of a case that failed: `Nonconformity`, or `Inconclusive`.

    One that was a matter of time and does not show again decides nothing. Others may: the test goes on without it.
    """
    as_it_is = item.config.option.unshortened
    try:
        raise Nonconformity(trial.confirmed(found, as_it_is=as_it_is)) from None
    except Inconclusive as reason:
        doubt = reason
    trial.pass_over_failures()
    try:
        item.obj(trial)
    except Nonconformity as other:
        raise Nonconformity(trial.confirmed(other.finding, as_it_is=as_it_is)) from None
    raise doubt


def attach(report: pytest.TestReport, call: pytest.CallInfo[None], clause: Clause, result: ClauseResult) -> None:
    """Attach a clause's result to its test's report, and have the report say what came of it."""
    setattr(report, CLAUSE_RESULT, clause_to_data(result))
    if result.outcome in {Outcome.UNOBSERVED, Outcome.NOT_APPLICABLE}:
        report.outcome = "skipped"
        report.longrepr = (report.location[0], 0, f"{result.outcome}: {result.message}")
    elif result.outcome is not Outcome.PASS and result.message is not None:
        report.longrepr = failure_text(result) if isinstance(error_of(call), KNOWN) else report.longrepr
        if result.outcome is Outcome.FAIL and clause.level is not MUST:  # told, and no failed test
            report.outcome = "skipped"
            report.wasxfail = f"{clause.level} does not hold: {result.message}"


def name(report: pytest.TestReport, target: str, means: Means, hint: str | None) -> None:
    """Say in a report with a result which target it is about."""
    of_target = (target, means_to_data(means), hint)
    setattr(report, CLAUSE_RESULT, dict(zip(OF_TARGET, of_target, strict=True)) | getattr(report, CLAUSE_RESULT))


def draw(cases: int, *, shorten: bool) -> None:
    """Have Hypothesis draw this many cases. Nothing is kept between runs, and no case has a deadline of its own.

    It must be said before the specs are imported: a test takes its settings when it is decorated.
    """
    import hypothesis  # noqa: PLC0415 - as late as what decides its plugins has been said

    _leave_out_constants_of_ours()
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


def _leave_out_constants_of_ours() -> None:
    """Now and then Hypothesis draws a constant that it has read in the source of modules that are not installed.

    In ours there is nothing to try a server with, reading it is a good part of the time to start, and the same seed
    would draw other cases from a clone than from what was installed. There is no setting for it.
    """
    try:
        from hypothesis.internal.conjecture import providers  # noqa: PLC0415 - internal: there may be none
        from hypothesis.internal.constants_ast import Constants  # noqa: PLC0415
    except ImportError:
        return
    if hasattr(providers, LOCAL_CONSTANTS):
        setattr(providers, LOCAL_CONSTANTS, Constants)
