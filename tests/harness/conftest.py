"""Fixtures of the harness's tests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from harness_means import received_answers

from conformance.harness.bench import Bench
from conformance.harness.child import Keeper
from conformance.harness.kernel import KernelView
from conformance.harness.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.harness.target import Target


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    keeper = Keeper()
    yield keeper
    keeper.close()


@pytest.fixture
def kernel() -> Iterator[KernelView]:
    """Yield the view that every Linux has, and that others are skipped for."""
    kernel = KernelView()
    if sys.platform != "linux":
        pytest.skip("sock_diag(7) is Linux's")
    assert kernel.available
    yield kernel
    kernel.close()


@pytest.fixture
def trial_on(keeper: Keeper) -> Iterator[Callable[[Target], Trial]]:
    """Yield what makes a trial of a target; its servers end with the test."""
    benches: list[Bench] = []
    kernel = KernelView()

    def make(target: Target) -> Trial:
        benches.append(Bench(target, keeper, kernel))
        return Trial(benches[-1], received_answers)

    yield make
    for bench in benches:
        bench.close()
    kernel.close()
