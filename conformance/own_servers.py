"""The servers of this project that can be judged: the reference servers, and the broken ones of the zoo."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

LIST_WITHIN_S = 300
SHOWN_CHARACTERS = 400
STAND_IN = " (stand-in)"  # ends the name of a reference server whose kernel interface this platform does not have


class CannotList(Exception):
    """Which servers of this project there are cannot be told now; the message says why."""


@functools.cache  # the program and the plugin both ask, and it takes a process
def reference_backends() -> dict[str, str | None]:
    """Each reference server's name, with the reason where it is not available here. Raises `CannotList`, as all do."""
    listed = _listed_by("reference_servers", "--list", "--json")
    return {entry["name"]: None if entry["available"] else entry["reason"] for entry in listed}


def backend_groups() -> dict[str, list[str]]:
    """The words for several of the reference servers that are available here, and their names."""
    there = available(reference_backends())
    stand_ins = [name for name in there if name.endswith(STAND_IN)]
    return {"all": there, "native": [name for name in there if name not in stand_ins], "stand-ins": stand_ins}


def meant_backends(words: Sequence[str]) -> list[str]:
    """The names in full of the reference servers that words mean, each once. A word that is none stays as it is."""
    if not words:
        return []
    known, groups = reference_backends(), backend_groups()
    named = (groups.get(word, [word + STAND_IN if word + STAND_IN in known else word]) for word in words)
    return list(dict.fromkeys(name for names in named for name in names))


def broken_servers(profile: str) -> dict[str, str | None]:
    """Each broken server of the zoo, with the reason where it cannot be run here, or not with this profile."""
    reasons: dict[str, str | None] = {}
    for entry in zoo():
        reasons[entry["name"]] = f"it needs {entry['missing']}" if entry["missing"] else None
        if entry["profile"] != profile:
            reasons[entry["name"]] = f"it answers by another profile (--profile {entry['profile']})"
    return reasons


@functools.cache
def zoo() -> list[dict[str, Any]]:
    """All that the zoo says of its servers."""
    listed: list[dict[str, Any]] = _listed_by("conformance.zoo", "--json")
    return listed


@functools.cache
def broken_clients() -> list[dict[str, Any]]:
    """All that the zoo says of its broken clients."""
    listed: list[dict[str, Any]] = _listed_by("conformance.zoo.clients.broken", "--json")
    return listed


def unseen_bugs() -> dict[str, str]:
    """Each bug that nobody outside can see, with the reason."""
    listed: dict[str, str] = _listed_by("conformance.zoo", "--unseen")
    return listed


def available(servers: dict[str, str | None]) -> list[str]:
    """Those for which there is no reason why not."""
    return [name for name, reason in servers.items() if reason is None]


def _listed_by(module: str, *words: str) -> Any:
    """What a program of this project says as JSON. The judge never imports the judged. Raises `CannotList`."""
    command = [sys.executable, "-P", "-m", module, *words]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=LIST_WITHIN_S)
    except subprocess.TimeoutExpired:
        msg = f"{module} did not list its servers within {LIST_WITHIN_S} s: this machine is too busy to judge on"
        raise CannotList(msg) from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="backslashreplace").strip()[-SHOWN_CHARACTERS:]
        msg = f"{module} ended with status {error.returncode} and listed no servers: {said}"
        raise CannotList(msg) from None
    return json.loads(done.stdout)
