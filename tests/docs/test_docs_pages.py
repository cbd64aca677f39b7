"""What the README and docs/ show is what happens, and what they name is there."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from docs_pages import PAGES, ROOT, TRANSLATIONS, blocks, comparable, played, session

from conformance.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
# The program of one page changes as it goes on: that page has a test of its own. A translation shows what its original
# shows, as another says.
ELSEWHERE = {"mending-the-tutorial.md", *(page.name for page in TRANSLATIONS)}
WITH_SESSIONS = [page for page in PAGES if page.name not in ELSEWHERE and any(map(session, blocks(page, "console")))]
PAGES_PORT = "--port 8001"  # where a page has a server of this project, for its clients
FIRST_SERVER = "server.py"  # what the README calls the first program that it shows


@contextlib.contextmanager
def served(page: Path) -> Iterator[str]:
    """Run the server that a page talks to, if it does; yields the option that stands for the page's."""
    commands = [each.command for block in blocks(page, "console") for each in session(block)]
    if not any(PAGES_PORT in command for command in commands):
        yield PAGES_PORT
        return
    command = [sys.executable, "-m", "reference_servers", "poll", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield PAGES_PORT.replace("8001", server.stdout.readline().rpartition(":")[2].strip())
        finally:
            server.kill()


@pytest.mark.parametrize("page", WITH_SESSIONS, ids=lambda page: page.name)
def test_shown_output_is_real(page: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for block in blocks(page, "python"):
        name = block.name if block.name and "/" not in block.name else FIRST_SERVER
        if not (tmp_path / name).exists():
            (tmp_path / name).write_text(block.text)
    with served(page) as port:
        for shown in map(session, blocks(page, "console")):
            said, errors = played([each.command.replace(PAGES_PORT, port) for each in shown], tmp_path)
            for each, said_here in zip(shown, said, strict=True):
                really = said_here.replace(port.removeprefix("--"), PAGES_PORT.removeprefix("--"))
                assert comparable(really) == comparable(each.output), f"{each.command}\n{errors}"


def slugs(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text()):
        if "://" not in target:
            there = page.parent / target if target else page
            assert there.exists(), target
            assert not anchor or anchor in slugs(there), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_make_has_each_target(page: Path) -> None:
    named = re.findall(r"(?:^|`|&& )make ([a-z-]+)", "".join(code(page)), re.MULTILINE)
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {name for name in named if name != "my-server"} <= known


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_program_has_each_option(page: Path) -> None:
    lines = [line for part in code(page) for line in part.replace("\\\n", " ").splitlines()]
    ours = [line for line in lines if re.search(r"echo-conformance (run|replay|report|list|explain|serve)\b", line)]
    for line in ours:
        told = line.partition("echo-conformance ")[2].partition(" -- ")[0]
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", told)) <= options(main), line


def code(page: Path) -> list[str]:
    """Each piece of code on a page, in a line or a block of its own."""
    text = page.read_text()
    return re.findall(r"^ *```\w+\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL) + [
        f"`{inline}\n" for inline in re.findall(r"`([^`\n]+)`", text)
    ]


def options(command: click.Command) -> set[str]:
    """Every option of a command and of those under it."""
    found = {name for parameter in command.params for name in parameter.opts}
    under = command.commands.values() if isinstance(command, click.Group) else ()
    return found.union({"--help"}, *map(options, under))
