"""What a connection costs: memory while it is idle, processor time to come and go, and how a burst of them fares."""

from __future__ import annotations

import collections
import time

import psutil

from benchmarks.part import Bench, Result, Spread, Table, WrongAnswers, idle_connections, spread
from benchmarks.servers import Running, Server, running
from clients.load.connection import Connection, Lost
from clients.load.messages import Message, messages_of, reply_to
from clients.load.ports import Sources
from clients.load.processor import processor_s
from clients.load.waiting import IN, OUT, Waiting

BATCH = 64
SILENCE_S = 10.0
HELLO = b"hello"
COLUMNS = (
    "server",
    "bytes an idle connection",
    "connections / s",
    "µs CPU a connection",
    "burst, s",
    "burst, µs CPU each",
)
NOTE = (
    "Memory is the growth of a fresh server's resident set over {held:,} connections that were accepted and say "
    "nothing, without what the kernel holds for them. Connections come and go {batch} at a time. The burst: {burst:,} "
    "connections that begin at once, each with a message, until all are answered. Where it exceeds the backlog of the "
    "server, the kernel drops handshakes, and begins them again after a second. Medians, with the least and the most."
)
Figures = dict[str, float]


def run(bench: Bench) -> Result:
    """Every server in turn, in interleaved rounds; each on a fresh process, whose memory nobody has used."""
    came: dict[str, list[Figures]] = collections.defaultdict(list)
    for _, everyone in bench.turns("connections"):
        for one in everyone:
            came[one.server.name].append(_visit(one.server, bench))
    columns: dict[str, dict[str, Spread]] = {
        name: {figure: spread(each[figure] for each in rounds) for figure in rounds[0]} for name, rounds in came.items()
    }
    digits = {"idle_bytes": 0, "per_second": 0, "cpu_us": 1, "burst_s": 3, "burst_cpu_us": 1}
    rows = [[name, *(columns[name][figure].text(after) for figure, after in digits.items())] for name in columns]
    note = NOTE.format(held=bench.scale.held, burst=bench.scale.burst, batch=BATCH)
    data = {name: {figure: each.as_data() for figure, each in figures.items()} for name, figures in columns.items()}
    return Result("connections", [Table("Connections", note, COLUMNS, rows)], data)


def _visit(server: Server, bench: Bench) -> Figures:
    with running(server, bench.keeper) as fresh:
        figures = {"idle_bytes": _memory(fresh, bench.scale.held)}
        per_second, cpu_us = _coming_and_going(fresh, bench.scale.window_s)
        burst_s, burst_cpu_us = _burst(fresh, bench.scale.burst)
    return figures | {
        "per_second": per_second,
        "cpu_us": cpu_us,
        "burst_s": burst_s,
        "burst_cpu_us": burst_cpu_us,
    }


def _memory(one: Running, held: int) -> float:
    """Bytes of the server's resident set for each of so many idle connections."""
    process = psutil.Process(one.pid)
    with idle_connections(one) as open_more:
        open_more(1)  # what the first connection brings in is not a connection's
        before = process.memory_info().rss
        open_more(held)
        return (process.memory_info().rss - before) / held


def _coming_and_going(one: Running, window_s: float) -> tuple[float, float]:
    """Connections a second that come and go, and what each costs the server, in microseconds."""
    sources = Sources(one.address)
    _ask(sources)
    count, began, before_s = 0, time.perf_counter(), processor_s(one.pid)
    while time.perf_counter() < began + window_s:
        there = [sources.connect() for _ in range(BATCH - 1)]
        _ask(sources)  # servers accept in order: all before it are in
        for sock in there:
            sock.close()
        count += BATCH
    _ask(sources)
    spent_s = time.perf_counter() - began
    return count / spent_s, (processor_s(one.pid) - before_s) * 1e6 / count


def _ask(sources: Sources) -> None:
    """Connect, say something, and wait for the answer. Raises `WrongAnswers`."""
    with sources.connect() as sock:
        sock.settimeout(SILENCE_S)
        reply, heard = reply_to(HELLO), b""
        try:
            sock.sendall(HELLO)
            while len(heard) < len(reply) and (piece := sock.recv(1024)):
                heard += piece
        except OSError as error:
            raise WrongAnswers(str(error)) from None
    if heard != reply:
        raise WrongAnswers(repr(heard))


def _burst(one: Running, size: int) -> tuple[float, float]:
    """Seconds until so many connections that begin at once are all answered, and the server's microseconds for each."""
    sources, waiting = Sources(one.address), Waiting()
    messages = messages_of(len(HELLO), "received", 1024)
    began, before_s = time.perf_counter(), processor_s(one.pid)
    open_ones = _begin(sources, waiting, messages, size)
    try:
        silence_s = 0.0
        while open_ones:
            ready = waiting.wait(0.1, exact=False)
            silence_s = 0.0 if ready else silence_s + 0.1
            if silence_s >= SILENCE_S:
                msg = f"{one.server.name}: {len(open_ones)} of a burst of {size} were never answered"
                raise WrongAnswers(msg)
            for fd, mask in ready:
                _move(open_ones, waiting, fd, mask)
        return time.perf_counter() - began, (processor_s(one.pid) - before_s) * 1e6 / size
    finally:
        for connection in open_ones.values():
            connection.socket.close()
        waiting.close()


def _begin(sources: Sources, waiting: Waiting, messages: list[Message], size: int) -> dict[int, Connection]:
    begun: dict[int, Connection] = {}
    for _ in range(size):
        connection = Connection(sources.connect(), messages, "received", 1024)
        begun[connection.fd] = connection
        waiting.add(connection.fd, OUT)
    return begun


def _move(open_ones: dict[int, Connection], waiting: Waiting, fd: int, mask: int) -> None:
    """Say the one message once there is room for it; close when it is answered."""
    connection = open_ones[fd]
    try:
        if not connection.connected:
            connection.connected = True
            connection.push([0])
            waiting.change(fd, IN)
        elif mask & ~OUT and connection.hear():
            waiting.remove(fd)
            connection.socket.close()
            del open_ones[fd]
    except Lost as error:
        msg = f"in a burst of connections: {error}"
        raise WrongAnswers(msg) from None
