"""What all tests of the suite itself have in common."""

from __future__ import annotations

from hypothesis import settings

# On a busy machine a single example may take any time: a slow one is no fault.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")
