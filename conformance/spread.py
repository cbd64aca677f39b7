"""Where the clauses are tried: by how many workers, on which machines, and which part of the clauses.

Workers are those of pytest-xdist, shards those of pytest-split.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import execnet
import pytest
from click.core import ParameterSource

from conformance import elsewhere
from conformance.report.outcome import MOST_SHARDS, Shard

READY_WITHIN_S = 60
TIMES = re.compile(r"(?:(\d+)\*)?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Spread:
    """How the clauses are spread, in the user's words. `folders` are sent to workers on other machines."""

    jobs: int = 1
    workers: Sequence[str] = ()
    dist: str = "worksteal"
    folders: Sequence[Path] = ()
    splits: int | None = None
    group: int | None = None

    @property
    def copies(self) -> int:
        """How many workers there will be."""
        return sum(int(times or 1) for times, _ in map(_times, self.workers)) if self.workers else self.jobs

    def words(self) -> list[str]:
        """The same for pytest. A word that is a path of this machine would be looked for on the others."""
        words = [f"--tx={worker}" for worker in self.workers] or (["-n", str(self.jobs)] if self.jobs > 1 else [])
        if words:
            words.append(f"--dist={self.dist}")
        words += [f"--rsyncdir={folder}" for folder in self.folders]
        if self.splits is not None:
            # Without known durations, this one deals the clauses out in turn: the slow ones of a chapter part.
            words += ["-p", "pytest_split.plugin", f"--splits={self.splits}", f"--group={self.group}"]
            words += ["--splitting-algorithm=least_duration"]
        return words

    def shard_of(self, run: Sequence[str]) -> list[Shard]:
        """Which shard this is of the run that these words describe; none where it is not split."""
        if self.splits is None or self.group is None:
            return []
        whole = hashlib.sha256("\0".join(run).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return [Shard(whole, self.splits, self.group)]


def _times(worker: str) -> tuple[str | None, str]:
    found = TIMES.fullmatch(worker)
    return (found[1], found[2]) if found else (None, worker)


def place(gateway: execnet.Gateway) -> str:
    """Where a worker is, in the user's words: less what pytest-xdist adds to them."""
    return str(gateway.spec).removeprefix("execmodel=main_thread_only//")


def prepare(gateway: execnet.Gateway) -> None:
    """See that a worker elsewhere has the suite, and have it start as here. Raises `pytest.UsageError` where not."""
    spec = gateway.spec
    if spec.popen and not spec.python and not spec.via:
        return
    channel = gateway.remote_exec(elsewhere)
    try:
        found = channel.receive(READY_WITHIN_S)
        channel.waitclose(READY_WITHIN_S)
    except (channel.RemoteError, channel.TimeoutError, EOFError) as error:
        msg = f"the worker {place(gateway)} does not start: {error}"
        raise pytest.UsageError(msg) from None
    fault = unfit(found, popen=bool(spec.popen))
    if fault is not None:
        msg = f"the worker {place(gateway)} cannot judge: {fault}"
        raise pytest.UsageError(msg)


def unfit(found: dict[str, str | None], *, popen: bool) -> str | None:
    """Why what was found there will not do, if it will not."""
    if "fault" in found:
        return found["fault"]
    suite, python = elsewhere.version(), elsewhere.python()
    if found["version"] not in {None, suite}:
        return f"it has {elsewhere.SUITE} {found['version']}, and this is {suite}"
    if popen and found["python"] != python:
        # pytest-xdist has such a worker search where this process does, the standard library included.
        return f"popen takes a Python {python}, and this is {found['python']}: reach it by ssh= or socket="
    return None


class Worker(click.ParamType[str]):
    """A place for a worker, as execnet writes it."""

    name = "worker"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The same, if it can be read."""
        try:
            spec = execnet.XSpec(_times(value)[1])
        except (ValueError, AttributeError, IndexError) as error:
            self.fail(f"{value!r} cannot be read: {error}", param, ctx)
        if not any((spec.popen, spec.ssh, spec.socket, spec.vagrant_ssh)):
            self.fail(f"{value!r} is no place for a worker: write ssh=HOST, socket=HOST:PORT or popen", param, ctx)
        return value


OPTIONS = (
    click.option("--splits", type=click.IntRange(1, MOST_SHARDS), metavar="N", help="Split the clauses into N shards."),
    click.option("--group", type=click.IntRange(1), metavar="K", help="Try shard K; it takes --splits and --seed."),
    click.option(
        "--tx",
        "workers",
        type=Worker(),
        multiple=True,
        metavar="SPEC",
        help="A worker elsewhere: ssh=HOST//python=PATH, socket=HOST:PORT, popen//python=PATH. Repeatable.",
    ),
    click.option(
        "--dist",
        type=click.Choice(["worksteal", "load", "loadscope", "loadfile"]),
        default="worksteal",
        help="How the clauses are dealt out to workers (worksteal unless given).",
    ),
    click.option(
        "--rsyncdir",
        "folders",
        type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
        multiple=True,
        metavar="DIR",
        help="A folder to send to workers on other machines. Repeatable.",
    ),
)


def spreading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of where clauses are tried; it takes them as `spread`, and its `jobs` with them."""

    @functools.wraps(command)
    def with_spread(
        *,
        jobs: int,
        workers: Sequence[str],
        dist: str,
        folders: Sequence[Path],
        splits: int | None,
        group: int | None,
        **others: Any,
    ) -> Any:
        _see_that_shards_fit(splits, group, others["seed"])
        _see_that_workers_fit(workers, folders)
        return command(spread=Spread(jobs, workers, dist, folders, splits, group), **others)

    for option in reversed(OPTIONS):
        with_spread = option(with_spread)
    return with_spread


def _see_that_shards_fit(splits: int | None, group: int | None, seed: int | None) -> None:
    if (splits is None) != (group is None):
        msg = "--splits says how many shards there are, and --group which of them this is: give both"
        raise click.UsageError(msg)
    if splits is not None and group is not None:
        if group > splits:
            msg = f"there is no shard {group} of {splits} (--group)"
            raise click.UsageError(msg)
        if seed is None:
            msg = "all shards of a run must draw from one seed: give each the same --seed"
            raise click.UsageError(msg)


def _see_that_workers_fit(workers: Sequence[str], folders: Sequence[Path]) -> None:
    if folders and not workers:
        msg = "--rsyncdir sends a folder to workers on other machines: name them with --tx"
        raise click.UsageError(msg)
    if workers and click.get_current_context().get_parameter_source("jobs") is not ParameterSource.DEFAULT:
        msg = "--tx says how many workers there are: leave --jobs out"
        raise click.UsageError(msg)
