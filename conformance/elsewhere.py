"""Workers in other interpreters and on other machines, as pytest-xdist starts them.

Facts: such a worker is handed pytest's command line and nothing else. On another machine it has neither our environment
nor our current folder, and what --rsyncdir sent lies in its own. One of the kind `popen` has both, but is given the
search path of the controller, while its servers are started by its own interpreter. So each needs the suite, in this
very version, and keeps to its own copy.

This module is run over there before pytest is, and imports nothing of the project: it may be missing.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib import metadata
from typing import Any

SUITE = "echo-conformance"
PACKAGES = ("conformance", "clients")  # that a worker imports; what is imported once stays what it is
STORAGE_VARIABLE = "HYPOTHESIS_STORAGE_DIRECTORY"
SPECS_VARIABLE = "ECHO_CONFORMANCE_SPECS"  # pytest is told its root by this name: the folder differs by machine


def settle() -> dict[str, str | None]:
    """Find the suite, and have pytest be started as it is here.

    Returns its version and Python's (`python`), or the `fault` in the way.
    """
    sys.path.insert(0, os.getcwd())
    try:
        specs = [os.path.join(importlib.import_module(name).__path__[0], "specs") for name in PACKAGES]
    except ImportError:
        return {"fault": f"{sys.executable} has no {SUITE}: install it there"}
    isolate(specs[0], os.environ.get(STORAGE_VARIABLE, os.path.join(os.getcwd(), ".hypothesis")))
    return {"version": version(), "python": python()}


def version() -> str | None:
    """The version of the suite that is installed here; None where it was sent along."""
    try:
        return metadata.version(SUITE)
    except metadata.PackageNotFoundError:
        return None


def python() -> str:
    """The version of Python, as far as it decides where the standard library lies."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def isolate(specs: str, storage: str) -> None:
    """Have pytest and Hypothesis, in this process and its children, be the same for everybody."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # what else is installed has no part in a verdict
    os.environ["HYPOTHESIS_NO_PLUGINS"] = (
        "1"  # nor is it loaded: trio brings one that takes as long as all of Hypothesis
    )
    os.environ.pop("PYTEST_ADDOPTS", None)
    os.environ[STORAGE_VARIABLE] = storage
    os.environ[SPECS_VARIABLE] = specs


if __name__ == "__channelexec__":
    channel: Any = globals()["channel"]  # execnet puts it there
    channel.send(settle())
