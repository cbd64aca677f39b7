"""What is drawn depends on the seed, and not on where the suite lies."""

from __future__ import annotations

import subprocess
import sys

from cli_program import BOUND_S

ASKED = """
from conformance.tried import LOCAL_CONSTANTS, draw
from hypothesis.internal.conjecture import providers
draw(1, shorten=False)
print(len(getattr(providers, LOCAL_CONSTANTS)()))
"""


def test_no_constant_of_our_own_source_is_drawn() -> None:
    """Hypothesis has no setting for it: should its internals change, it shows here."""
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, timeout=BOUND_S, check=True)
    assert done.stdout == "0\n"
