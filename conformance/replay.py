"""Plays one case, kept in a file, in place of all those that a clause would draw."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from conformance.clauses import PROFILES, clause_of
from conformance.harness.as_data import MOST_BYTES, case_from_data
from conformance.harness.script import ClientStep, Connect, Insist, Queue, Script, Step, Torrents, words
from conformance.harness.trial import Trial
from conformance.report.reproducer import case_in

TYPES = {"int": int, "bool": bool, "bytes": bytes}
# Anybody may have written a case: what it may ask for, many times what any clause draws.
MOST_NUMBER = 100_000
MOST_TORRENTS = 64


def case_of(file: Path) -> tuple[dict[str, Any], Script]:
    """What a file carries, and the case that it is, seen to be one that can be played.

    Raises OSError where the file cannot be read, ValueError where it has no case that could be played.
    """
    data = case_in(file)
    try:
        if data["profile"] not in PROFILES:
            msg = f"its profile is none of {', '.join(PROFILES)}"
            raise ValueError(msg)
        if data["chunk_limit"] < 1:
            msg = "its chunk_limit is below 1"
            raise ValueError(msg)
        case = case_from_data(data["steps"])
        see_that_it_can_be_played(case)
    except ValueError as error:
        msg = f"{file} has a case that cannot be played: {error}"
        raise ValueError(msg) from None
    return data, case


def see_that_it_can_be_played(case: Script) -> None:
    """Somebody may have edited it. Raises ValueError where a step has no sense."""
    connected: set[int] = set()
    for step in case:
        for field in dataclasses.fields(step):
            value = getattr(step, field.name)
            if type(value) is not TYPES[str(field.type)]:
                msg = f"{field.name} of a step {words(type(step).__name__)!r} is not {field.type}"
                raise ValueError(msg)
            if type(value) is int and not 0 <= value <= (most := _most(step, field.name)):
                msg = f"{field.name} of a step {words(type(step).__name__)!r} is not within 0 and {most:,}"
                raise ValueError(msg)
        if isinstance(step, Connect | Queue | Insist):
            if step.client in connected:
                msg = f"client {step.client} connects twice"
                raise ValueError(msg)
            connected.add(step.client)
        elif isinstance(step, ClientStep) and step.client not in connected:
            msg = f"{step}: it has not connected"
            raise ValueError(msg)


def _most(step: Step, field: str) -> int:
    if isinstance(step, Torrents):
        return MOST_TORRENTS
    return MOST_BYTES if field == "size_bytes" else MOST_NUMBER


class Replay:
    """A pytest plugin that leaves out every clause but the case's own, and holds the case instead of its test.

    Raises OSError where the file cannot be read, ValueError where it has no case that could be played.
    """

    def __init__(self, file: Path) -> None:
        data, self._case = case_of(file)
        self.clause = str(data["clause"])

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the one clause."""
        kept: list[pytest.Item] = []
        left_out: list[pytest.Item] = []
        for item in items:
            clause = clause_of(item)
            (kept if clause is not None and clause.id == self.clause else left_out).append(item)
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = kept

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> object:
        """Hold the case; the test itself is not called."""
        trial = next((value for value in pyfuncitem.funcargs.values() if isinstance(value, Trial)), None)
        if trial is None:
            return None
        trial.hold(self._case)
        return True
