"""A translation shows what its original shows: every command and output, which are therefore tried once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from docs_pages import TRANSLATED, TRANSLATIONS

if TYPE_CHECKING:
    from pathlib import Path

every = pytest.mark.parametrize("page", TRANSLATIONS, ids=lambda page: page.name)


def original(page: Path) -> Path:
    return page.with_name(page.name.replace(TRANSLATED, ""))


def fenced(page: Path) -> list[str]:
    return re.findall(r"^ *```.*?^ *```$", page.read_text(), re.MULTILINE | re.DOTALL)


def outline(page: Path) -> list[str]:
    """The level of each heading, in order."""
    prose = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#+(?= )", prose, re.MULTILINE)


@every
def test_it_shows_the_same(page: Path) -> None:
    assert fenced(page) == fenced(original(page))


@every
def test_it_has_the_same_parts(page: Path) -> None:
    assert outline(page) == outline(original(page))


@every
def test_each_leads_to_the_other(page: Path) -> None:
    assert f"]({original(page).name})" in page.read_text()
    assert f"]({page.name})" in original(page).read_text()
