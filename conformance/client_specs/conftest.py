"""What every clause's test is given."""

from __future__ import annotations

import pytest

from conformance.hosting.trial import ClientBench, ClientTrial


@pytest.fixture
def subject(bench: ClientBench) -> ClientTrial:
    """The client under test."""
    return ClientTrial(bench)
