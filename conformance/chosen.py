"""The targets that the user's options name."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection
from pathlib import Path

from conformance.clauses import PROFILES
from conformance.harness.target import (
    DEFAULT_CHUNK_LIMIT_BYTES,
    DEFAULT_HOST,
    BadTarget,
    Target,
    address_target,
    backend_target,
    command_target,
    zoo_target,
)
from conformance.targets.building import build
from conformance.targets.described import DEFAULT_FILE, target_of
from conformance.targets.usable import usable


def named_targets(option: argparse.Namespace, with_datagrams: Collection[str] = ()) -> list[Target]:
    """The targets that the options name; of the zoo's, these answer datagrams too.

    Raises `BadTarget` where they cannot be meant.
    """
    shared = {"profile": option.profile, "chunk_limit_bytes": option.chunk_limit}
    targets = [backend_target(name) for name in option.backend]
    if targets and option.profile != PROFILES[0]:
        msg = f"the reference servers answer by the profile {PROFILES[0]}, not {option.profile}"
        raise BadTarget(msg)
    targets += [zoo_target(name, option.profile, answers_datagrams=name in with_datagrams) for name in option.zoo]
    _see_that_each_is_about_a_target(option)
    if option.command is not None:
        host = option.host or DEFAULT_HOST
        where = {"folder": option.folder, "port": option.port, "host": host, "udp": option.udp}
        targets.append(command_target(option.command, **where, **shared))
    if option.address is not None:
        targets.append(address_target(option.address, pid=option.pid, udp=option.udp, **shared))
    return [target.with_patience(option.patience) for target in targets]


def _see_that_each_is_about_a_target(option: argparse.Namespace) -> None:
    """An option that is not heeded would leave a verdict on another question than the user's."""
    for name, beside in (("port", "command"), ("host", "command"), ("pid", "address")):
        if getattr(option, name) is not None and getattr(option, beside) is None:
            msg = f"--{name} says something of --{beside}, which is missing"
            raise BadTarget(msg)
    if option.udp is not None and option.command is None and option.address is None:
        msg = "--udp says something of --command or --address, which are missing"
        raise BadTarget(msg)
    users = (option.command, option.address, option.targets, option.target or None)
    if option.chunk_limit != DEFAULT_CHUNK_LIMIT_BYTES and (option.backend or option.zoo) and not any(users):
        msg = (
            "--chunk-limit says something of a server of yours: "
            f"the servers of this project take {DEFAULT_CHUNK_LIMIT_BYTES} bytes"
        )
        raise BadTarget(msg)


def described_targets(option: argparse.Namespace, folder: Path) -> list[Target]:
    """The targets that the options name of a file, built. Raises `BadFile`, and `NotBuilt`."""
    if option.targets is None and not option.target:
        return []
    path = folder / (option.targets or DEFAULT_FILE)
    shown = os.path.relpath(path, folder) if path.is_relative_to(folder) else str(path)
    described, _ = usable(path, option.target)
    for one in described:
        build(one)
    return [
        target_of(one, shown, profile=option.profile, chunk_limit_bytes=option.chunk_limit, patience=option.patience)
        for one in described
    ]


def see_that_names_differ(targets: list[Target]) -> None:
    """Raises `BadTarget` where two of them are called the same."""
    names = [target.name for target in targets]
    for name in names:
        if names.count(name) > 1:
            msg = f"two of the targets are called {name}: reports could not tell them apart"
            raise BadTarget(msg)
