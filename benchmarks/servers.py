"""Who is measured: every native reference backend, its peers among the examples, and C as the floor.

All serve streams alone, a reference backend too, as it does unless it is given a port for datagrams. Stand-ins are left
out: what they cost is what it costs to emulate an interface of another kernel.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from clients.peer import Address
from conformance.harness.child import CannotStart, Keeper
from conformance.harness.launch import Process
from conformance.own_servers import backend_groups
from conformance.targets.building import NotBuilt, is_installed, missing
from examples.build import start_command, targets

HOST = "127.0.0.1"
FLOOR = "c-epoll"
PEERS = (
    "asyncio-streams",
    "asyncio-protocol",
    "uvloop",
    "uvloop-protocol",
    "trio",
    "gevent",
    "twisted",
    "tornado",
    "socketserver-threading",
    FLOOR,
)
REFERENCE_SERVERS = (sys.executable, "-P", "-m", "reference_servers", "--host", "{host}", "--port", "{port}")
UVLOOP_PROTOCOL = (sys.executable, "-m", "benchmarks.uvloop_protocol", "{host}", "{port}")


@dataclass(frozen=True)
class Server:
    """One that can be started; `native` where it is a reference server."""

    name: str
    command: tuple[str, ...]
    native: bool

    @property
    def interface(self) -> str:
        """The kernel interface that a native one waits with."""
        name = self.name.partition("[")[2].rstrip("]") or self.name
        return name.removesuffix("-edge")


@dataclass(frozen=True)
class Running:
    """One that serves."""

    server: Server
    address: Address
    pid: int


def contestants(wanted: list[str]) -> tuple[list[Server], dict[str, str]]:
    """All of these, or all there are, and why others are missing."""
    servers = {name: Server(name, (*REFERENCE_SERVERS, name), native=True) for name in backend_groups()["native"]}
    lacking: dict[str, str] = {}
    described = targets()
    for name in PEERS:
        if wanted and name not in wanted:
            continue
        if name == "uvloop-protocol":
            if is_installed("uvloop"):
                servers[name] = Server(name, UVLOOP_PROTOCOL, native=False)
            continue
        reasons = missing(described[name])
        try:
            if not reasons:
                servers[name] = Server(name, tuple(start_command(described[name])), native=False)
        except NotBuilt as error:
            reasons = [str(error)]
        if reasons:
            lacking[name] = f"no {', no '.join(reasons)}"
    unknown = sorted(set(wanted) - set(servers) - set(lacking))
    if unknown:
        sys.exit(f"no such server: {', '.join(unknown)}; there are {', '.join([*servers, *lacking])}")
    return [server for name, server in servers.items() if not wanted or name in wanted], lacking


@contextlib.contextmanager
def running(server: Server, keeper: Keeper) -> Iterator[Running]:
    """Start one and end it. What cannot start ends the benchmark: figures without it would not be those asked for."""
    try:
        process = Process(server.command, keeper, host=HOST)
    except CannotStart as error:
        sys.exit(f"{server.name}: {error}")
    try:
        yield Running(server, process.address, process.pid)
    finally:
        process.end()


@contextlib.contextmanager
def all_running(servers: list[Server], keeper: Keeper) -> Iterator[list[Running]]:
    """Start all of them: what is measured in turn serves all the time."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(running(server, keeper)) for server in servers]
