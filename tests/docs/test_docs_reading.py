"""How to read a failure: every word that a failure can have is told."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from docs_pages import DOCS

from clients.peer import Ending
from conformance.harness import script as s
from conformance.report.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (DOCS / "reading-a-failure.md").read_text()
WORDS = PAGE.partition("## The words of a case")[2].partition("\n## ")[0]
GIVEN: dict[str, Any] = {
    "client": 1,
    "data": b"abc",
    "size_bytes": 4096,
    "number": 8,
    "cycles": 100,
    "spare": 0,
}


def steps(of: type[s.Step] = s.Step) -> Iterator[s.Step]:
    """One of each kind, and one with each option."""
    for kind in of.__subclasses__():
        if kind.__name__ != s.ClientStep.__name__:
            given = {field.name: GIVEN[field.name] for field in dataclasses.fields(kind) if field.name in GIVEN}
            yield kind(**given)
        yield from steps(kind)


@pytest.mark.parametrize("step", list(steps()), ids=lambda step: type(step).__name__)
def test_each_step_has_its_line(step: s.Step) -> None:
    assert f"`{step}`" in WORDS


def test_each_option_of_a_connection_is_told() -> None:
    for options in ({"narrow": True}, {"if_room": True}, {"promised": False}):
        words = str(s.Connect(1, **options)).removeprefix("connect 1").strip()
        assert f"`{words}`" in WORDS, words


def test_each_ending_is_told() -> None:
    for ending in Ending:
        assert f"| {ending.value} |" in PAGE


def test_each_outcome_is_told() -> None:
    for outcome in Outcome:
        if outcome is not Outcome.PASS:
            assert f"| {outcome.value} |" in PAGE
