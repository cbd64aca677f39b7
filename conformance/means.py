"""How a target is reached without the suite, for whoever wants to show its fault."""

from __future__ import annotations

import shlex

from conformance.harness.target import DEFAULT_HOST, Target
from conformance.report.reached import Means

# As a shell says them: soft limits, as `conformance.harness.limited` sets them; memory is told in kilobytes.
LIMITS = {"descriptors": ("ulimit -S -n", 1), "memory_bytes": ("ulimit -S -v", 1024)}


def means_of(target: Target) -> Means:
    """How a target is reached, in plain words."""
    address = target.address
    if address is None and (target.fixed_port is not None or target.host != DEFAULT_HOST):
        address = target.host, target.fixed_port or 0
    return Means(
        options=list(target.options),
        command=None if target.command is None else [*_prepared(target), *target.command],
        folder=target.folder,
        address=address,
        profile=target.profile,
        chunk_limit_bytes=target.chunk_limit_bytes,
        patience=target.patience,
        udp=target.udp,
    )


def _prepared(target: Target) -> list[str]:
    """The words before a command that a `targets.toml` describes: its folder, its limits and its environment.

    The command keeps its process: the shell becomes it.
    """
    if not target.described:
        return []
    steps = [f"cd {shlex.quote(target.folder)}"] if target.folder is not None else []
    steps += [f"{LIMITS[name][0]} {value // LIMITS[name][1]}" for name, value in target.limits]
    if target.environment:  # by env: a shell takes no name but an identifier
        variables = shlex.join(f"{name}={value}" for name, value in target.environment)
        steps.append(f'exec env -- {variables} "$@"')
    else:
        steps.append('exec "$@"')
    return ["sh", "-c", " && ".join(steps), "sh"]
