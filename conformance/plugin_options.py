"""The options of the pytest plugin, and what their words mean."""

from __future__ import annotations

import pytest

from conformance.clauses import PROFILES
from conformance.harness.target import DEFAULT_CHUNK_LIMIT_BYTES, DEFAULT_HOST, FACTORS

EXAMPLES = {"quick": 20, "standard": 100, "thorough": 1000}
LEAST_FACTOR, MOST_FACTOR = FACTORS


def add_options(parser: pytest.Parser) -> None:
    """The same words as `echo-conformance run` takes."""
    group = parser.getgroup("echo-conformance", "the servers to judge, and how")
    group.addoption(
        "--backend",
        action="append",
        default=[],
        metavar="NAME",
        help="a reference server; `all` for each, `native`, `stand-ins`",
    )
    group.addoption("--zoo", action="append", default=[], metavar="NAME", help="a broken server; `all` for each")
    group.addoption("--command", metavar="CMD", help="a command that starts a server; {host} and {port} are filled in")
    group.addoption("--folder", metavar="DIR", help="the folder that it is started in (the current one unless given)")
    group.addoption("--port", type=int, metavar="N", help="the port of its own that the command uses")
    group.addoption("--host", help=f"the address that the command's server binds (default: {DEFAULT_HOST})")
    group.addoption("--address", metavar="HOST:PORT", help="a server that already runs")
    group.addoption("--udp", metavar="HOST:PORT", help="where the command's or address's server answers datagrams")
    group.addoption("--pid", type=int, metavar="PID", help="its process, to be watched and frozen")
    group.addoption("--targets", metavar="FILE", help="all servers that a targets.toml describes")
    group.addoption("--target", action="append", default=[], metavar="NAME",
                    help="one of them, of --targets or of ./targets.toml")  # fmt: skip
    group.addoption("--profile", choices=PROFILES, default=PROFILES[0], help="what it answers (default: %(default)s)")
    group.addoption("--chunk-limit", type=int, default=DEFAULT_CHUNK_LIMIT_BYTES, metavar="BYTES",
                    help="the most it takes in one recv (default: %(default)s)")  # fmt: skip
    group.addoption("--examples", default="standard", metavar="N", type=examples,
                    help="cases a clause: quick (20), standard (100), thorough (1000), or a number")  # fmt: skip
    group.addoption("--patience", type=factor, default=1.0, metavar="FACTOR",
                    help="wait for a slow server so many times as long (default: %(default)s)")  # fmt: skip
    group.addoption("--own", action="store_true", help="of each broken server, only the clauses that it must break")
    group.addoption("--case", metavar="FILE", help="play the case of this reproducer, for its clause, and no others")
    group.addoption(
        "--unshortened",
        action="store_true",
        help="report the first case that fails, played again only where that decides",
    )


def examples(text: str) -> int:
    """The number of cases a clause that a word or a number stands for. Raises ValueError for any other."""
    number = EXAMPLES.get(text) or int(text)
    if number < 1:
        msg = "at least one case a clause must be played"
        raise ValueError(msg)
    return number


def factor(text: str) -> float:
    """The factor of patience that a word stands for. Raises ValueError where it is none."""
    value = float(text)
    if not LEAST_FACTOR <= value <= MOST_FACTOR:
        msg = f"a factor from {LEAST_FACTOR:g} to {MOST_FACTOR:g}"
        raise ValueError(msg)
    return value
