"""docs/load.md and docs/benchmarks.md: their commands run, and their options are those that there are."""

from __future__ import annotations

import re
import shlex
import socket
from pathlib import Path

from docs_pages import DOCS, blocks, played

from benchmarks.__main__ import PARTS
from benchmarks.__main__ import _parser as benchmarks_parser
from clients.__main__ import _parser as clients_parser

PORT = "8001"
LOAD, BENCHMARKS = DOCS / "load.md", DOCS / "benchmarks.md"


def commands(page: Path) -> list[str]:
    return [line.removeprefix("$ ") for block in blocks(page, "console") for line in block.text.splitlines()]


def test_load_is_generated_as_the_page_says(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    serve, load = (command.replace(PORT, port) for command in commands(LOAD))
    until_it_serves = f"until (: </dev/tcp/127.0.0.1/{port}) 2>/dev/null; do sleep 0.1; done"
    briefly = load + " --warm-up 0.05 --duration 0.2"
    said, errors = played([serve, until_it_serves, briefly, "kill $!"], tmp_path)
    assert " messages in 0." in said[2], errors
    assert "the server's processor time" in said[2]


def test_each_option_of_the_load_generator_is_told() -> None:
    told = set(re.findall(r"(--[a-z][a-z-]*)", LOAD.read_text()))
    known = set(re.findall(r"(--[a-z][a-z-]*)", _load_help()))
    assert told == known - {"--help", "--host"}


def _load_help() -> str:
    subparsers = clients_parser()._subparsers
    assert subparsers is not None
    choices = subparsers._group_actions[0].choices
    assert isinstance(choices, dict)
    text: str = choices["load"].format_help()
    return text


def test_the_benchmarks_can_be_run_as_the_page_says() -> None:
    given = [re.search(r"ARGS='(.*)'", command) for command in commands(BENCHMARKS)]
    for match in filter(None, given):
        benchmarks_parser().parse_args(shlex.split(match[1]))
    assert all(f"| `{part}` |" in BENCHMARKS.read_text() for part in PARTS)
