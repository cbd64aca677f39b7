"""What every clause's test is given."""

from __future__ import annotations

import sys

import pytest

from conformance.harness.bench import Bench
from conformance.harness.trial import Trial
from conformance.oracle import Profile, answers


@pytest.fixture
def subject(request: pytest.FixtureRequest, bench: Bench) -> Trial:
    """The server under test, judged by the oracle of its profile.

    How much one answer may stand for is the business of one chapter: no other holds it against a server.
    """
    profile = Profile(bench.target.profile)
    limit = bench.target.chunk_limit_bytes if request.path.stem == "test_reply" else sys.maxsize
    return Trial(bench, lambda: answers(profile, limit))
