"""Correct servers, in several stacks and languages, are conformant."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from verdict_runs import EXAMPLES, judged, needed, script

if TYPE_CHECKING:
    from pathlib import Path

SERVERS = sorted(file.name for file in EXAMPLES.iterdir() if file.suffix in {".py", ".c", ".js"})


def command_of(example: str, folder: Path) -> list[str]:
    """Return what starts an example, built where it has to be."""
    source = EXAMPLES / example
    if source.suffix == ".c":
        subprocess.run([needed("gcc"), "-O2", "-o", folder / source.stem, source], check=True, timeout=60)
        return [str(folder / source.stem), "{port}"]
    if source.suffix == ".js":
        return [needed("node"), str(source), "{port}"]
    return script(source)


@pytest.mark.parametrize("example", SERVERS)
def test_an_example_is_conformant(example: str, tmp_path: Path) -> None:
    run = judged(tmp_path, command_of(example, tmp_path), "--examples", "quick")
    assert (run.code, run.verdict) == (0, "conformant"), run.said
    assert set(run.outcomes.values()) == {"pass"}


def test_every_stack_has_an_example() -> None:
    assert {"asyncio_streams.py", "asyncio_protocol.py", "socketserver_threading.py", "epoll.c", "net.js"} <= set(
        SERVERS
    )


def test_socat_closes_as_it_should(tmp_path: Path) -> None:
    command = [needed("socat"), "TCP-LISTEN:{port},fork,reuseaddr", "EXEC:cat"]
    run = judged(tmp_path, command, "--profile", "echo", "--examples", "quick", "-k", "close")
    closing = {name: outcome for name, outcome in run.outcomes.items() if name.startswith("close.")}
    assert len(closing) > 5
    assert set(closing.values()) == {"pass"}, run.said
