"""The command line of `python -m clients load`, and the plan that it means. Standard library only."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from clients.load.plan import PROFILES, Plan

LONGEST_MESSAGE_BYTES = 1 << 20
MOST = 1_000_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a run to those that say where the server is."""
    add = parser.add_argument
    add("--connections", type=_count(1), default=1, metavar="N", help="active connections (default: %(default)s)")
    add("--idle", type=_count(0), default=0, metavar="N", help="connections beside them that say nothing")
    add("--size", type=_sizes, default=(32,), metavar="BYTES[,BYTES...]", help="sizes of messages, in turn (32)")
    add("--depth", type=_count(1), default=1, metavar="N", help="messages under way on a connection (%(default)s)")
    add("--rate", type=_positive, metavar="R", help="messages a second over all connections: open loop")
    add("--warm-up", type=_seconds, default=1.0, metavar="S", help="seconds before anything counts (%(default)s)")
    add("--duration", type=_positive, default=10.0, metavar="S", help="seconds that count (%(default)s)")
    add("--profile", choices=PROFILES, default="received", help="what the server answers (%(default)s)")
    add("--chunk-limit", type=_count(1), default=1024, metavar="BYTES", help="the server's recv size (%(default)s)")
    add("--pid", type=_count(1), metavar="PID", help="the server's process: tells what a message costs it")
    add("--json", metavar="FILE", help="the figures for a machine; - is standard output, in the place of the text")


def plan_of(options: argparse.Namespace) -> Plan:
    """The run that the command line means."""
    return Plan(
        (options.host, options.port),
        connections=options.connections,
        idle=options.idle,
        sizes_bytes=options.size,
        depth=options.depth,
        rate=options.rate,
        warm_up_s=options.warm_up,
        duration_s=options.duration,
        profile=options.profile,
        chunk_limit_bytes=options.chunk_limit,
        pid=options.pid,
    )


def _count(least: int) -> Callable[[str], int]:
    def count(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= MOST):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {MOST:,}")
        return int(text)

    return count


def _sizes(text: str) -> tuple[int, ...]:
    sizes = text.split(",")
    if not all(s.isascii() and s.isdigit() and 0 < int(s) <= LONGEST_MESSAGE_BYTES for s in sizes):
        raise argparse.ArgumentTypeError(f"{text!r}: sizes are from 1 to {LONGEST_MESSAGE_BYTES:,} bytes, with commas")
    return tuple(map(int, sizes))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {MOST:,}")
    return seconds


def _positive(text: str) -> float:
    seconds = _seconds(text)
    if not seconds:
        raise argparse.ArgumentTypeError("0 is too little")
    return seconds
