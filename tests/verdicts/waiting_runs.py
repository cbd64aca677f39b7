"""Runs that spend their time waiting, all at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from hostile_runs import Ran, Way, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def run_together(ways: Mapping[str, Way], folder: Path) -> Iterator[tuple[str, Ran]]:
    """Run them at the same time; yield each one's name and what came of it."""
    with ThreadPoolExecutor(len(ways)) as executor:
        started = {}
        for number, (name, way) in enumerate(ways.items()):
            own = folder / str(number)
            own.mkdir()
            started[name] = executor.submit(run, way, own)
        for name, future in started.items():
            yield name, future.result()
