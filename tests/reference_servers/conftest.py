"""Fixtures of the reference servers' tests."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest
from reference_process import AVAILABLE, ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=AVAILABLE)
def server(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """Yield a server of each backend that this platform has."""
    with ServerProcess(request.param) as running:
        yield running


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Let this process and its children open 3000 descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 3000:
        pytest.skip(f"the hard limit of open descriptors is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (3000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
