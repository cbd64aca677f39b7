"""What every clause's test is given."""

from __future__ import annotations

import pytest

from conformance.harness.bench import Bench
from conformance.harness.trial import Trial
from conformance.oracle import Profile, answers


@pytest.fixture
def subject(bench: Bench) -> Trial:
    """The server under test, judged by the oracle of its profile."""
    profile = Profile(bench.target.profile)
    return Trial(bench, lambda: answers(profile, bench.target.chunk_limit_bytes))
