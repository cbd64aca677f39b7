"""A translation shows what its original shows: every command and output, which are therefore tried once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from docs_pages import TRANSLATED, TRANSLATIONS

if TYPE_CHECKING:
    from pathlib import Path

FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
every = pytest.mark.parametrize("page", TRANSLATIONS, ids=lambda page: page.name)


def original(page: Path) -> Path:
    return page.with_name(page.name.replace(TRANSLATED, ""))


def fenced(page: Path) -> list[str]:
    return FENCED.findall(page.read_text())


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text())


def outline(page: Path) -> list[str]:
    """The level of each heading, in order."""
    return re.findall(r"^#+(?= )", prose(page), re.MULTILINE)


def pages(page: Path) -> list[str]:
    """Where its links lead, in whichever language, and sorted: a sentence may be turned round."""
    return sorted(target.replace(TRANSLATED, "") for target in re.findall(r"\]\(([^)#]+)", prose(page)))


def words_of_code(page: Path) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", prose(page)))


@every
def test_it_shows_the_same(page: Path) -> None:
    assert fenced(page) == fenced(original(page))


@every
def test_it_has_the_same_parts(page: Path) -> None:
    assert outline(page) == outline(original(page))


@every
def test_it_names_the_same(page: Path) -> None:
    assert pages(page) == pages(original(page))
    assert words_of_code(page) == words_of_code(original(page))


@every
def test_each_leads_to_the_other(page: Path) -> None:
    assert f"]({original(page).name})" in page.read_text()
    assert f"]({page.name})" in original(page).read_text()
