"""What the user pointed the suite at, before anything is started."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from clients.peer import Address

DEFAULT_HOST = "127.0.0.1"
DEFAULT_CHUNK_LIMIT_BYTES = 1024
DEFAULT_PROFILE = "received"
START_LINE = "start-line"
UDP = "udp"
# What a target may declare that cannot be seen from its command: clauses that need it are tried on no other.
CAPABILITIES = (START_LINE, UDP)
PLACEHOLDERS = {"host", "port", "udp_port"}
FACTORS = (0.05, 100.0)  # of patience, from the least to the most
INTERPRETER = re.compile(r"env|nice|exec|(ba|da)?sh|python[0-9.]*|node|java|ruby|perl|php|tclsh[0-9.]*")
PLACEHOLDER = re.compile(r"(?<!\$)\{([a-z_]+)\}")


class BadTarget(ValueError):
    """The user's description of a target cannot be meant; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Target:
    """A server to judge: a command to start, or an address where one already runs.

    `options` are the words that name it on the suite's command line, so that a report can say how to run it again.
    """

    name: str
    options: tuple[str, ...]
    command: tuple[str, ...] | None = None
    folder: str | None = None  # that the command is started in; the current one where none is named
    fixed_port: int | None = None
    address: Address | None = None
    pid: int | None = None
    udp: Address | None = None  # where it answers datagrams, if that is neither told to it nor where its streams are
    profile: str = DEFAULT_PROFILE
    chunk_limit_bytes: int = DEFAULT_CHUNK_LIMIT_BYTES
    host: str = DEFAULT_HOST
    patience: float = 1.0  # the factor by which silence is waited for longer, or less long
    ours: bool = False
    environment: tuple[tuple[str, str], ...] = ()  # variables that the command is started with, beside the suite's own
    limits: tuple[tuple[str, int], ...] = ()  # soft ones, by the names of `conformance.harness.limited`
    capabilities: tuple[str, ...] = ()
    described: bool = False  # by a targets.toml, in a folder of its own

    @property
    def told_port(self) -> bool:
        """Whether it is started on a port that is known before."""
        return self.fixed_port is not None or any("{port}" in word for word in self.command or ())

    @property
    def announces(self) -> bool:
        """Whether it is to print the line `Server start at: HOST:PORT`."""
        if self.ours or START_LINE in self.capabilities:
            return True
        return self.command is not None and not self.told_port

    @property
    def told_udp_port(self) -> bool:
        """Whether its command takes the port at which it is to answer datagrams."""
        return any("{udp_port}" in word for word in self.command or ())

    @property
    def answers_datagrams(self) -> bool:
        """Whether it is to answer datagrams too: at the address of its streams, unless another one is named."""
        return UDP in self.capabilities or self.udp is not None or self.told_udp_port

    @property
    def copies(self) -> bool:
        """Whether each worker can start its own copy of it."""
        return self.command is not None and self.fixed_port is None

    def with_patience(self, factor: float) -> Target:
        """The same, to be waited for so many times as long."""
        if factor == self.patience:
            return self
        return replace(self, patience=factor, options=(*self.options, "--patience", f"{factor:g}"))


def backend_target(name: str) -> Target:
    """A reference server, started as a program of its own: the judge never imports the judged."""
    command = (*_module_command("reference_servers", name), "--udp-port", "{port}")
    return Target(name, ("--backend", name), command=command, ours=True, capabilities=(UDP,))


def zoo_target(name: str, profile: str, *, answers_datagrams: bool = False) -> Target:
    """A broken server of the zoo."""
    command = _module_command("conformance.zoo", name)
    capabilities = (UDP,) if answers_datagrams else ()
    return Target(name, ("--zoo", name), profile=profile, command=command, ours=True, capabilities=capabilities)


def _module_command(module: str, name: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", module, name, "--host", "{host}", "--port", "{port}")


def command_target(
    command: str,
    *,
    port: int | None,
    host: str,
    profile: str,
    chunk_limit_bytes: int,
    folder: str | None = None,
    udp: str | None = None,
) -> Target:
    """A server started by the user's command, in a folder. Raises `BadTarget` where the command cannot be meant."""
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        msg = f"the command {command!r} cannot be split into words: {error}"
        raise BadTarget(msg) from None
    if not words:
        msg = "the command is empty"
        raise BadTarget(msg)
    unknown = sorted({name for word in words for name in PLACEHOLDER.findall(word)} - PLACEHOLDERS)
    takes_port = "{port}" in command
    if unknown and not takes_port:
        msg = f"the command has {{{unknown[0]}}}, which is no placeholder: {{host}}, {{port}} and {{udp_port}} are"
        raise BadTarget(msg)
    if takes_port and port is not None:
        msg = "the command takes a {port}, so --port must not name one"
        raise BadTarget(msg)
    if "{udp_port}" in command and udp is not None:
        msg = "the command takes a {udp_port}, so --udp must not name one"
        raise BadTarget(msg)
    options = ["--command", command]
    if port is not None:
        options += ["--port", str(port)]
    options += [] if udp is None else ["--udp", udp]
    return Target(
        name_of(words),
        _with(options, host, profile, chunk_limit_bytes),
        command=words,
        folder=folder,
        fixed_port=port,
        udp=None if udp is None else address_of(udp),
        profile=profile,
        chunk_limit_bytes=chunk_limit_bytes,
        host=host,
    )


def address_of(text: str) -> Address:
    """The address that is meant. Raises `BadTarget` where `text` is not HOST:PORT."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        msg = f"{text!r} is not an address: write HOST:PORT, such as 127.0.0.1:8001 or [::1]:8001"
        raise BadTarget(msg)
    return host.strip("[]"), int(port)


def address_target(
    text: str, *, pid: int | None, profile: str, chunk_limit_bytes: int, udp: str | None = None
) -> Target:
    """A server that already runs. Raises `BadTarget` where `text` or `udp` is not HOST:PORT."""
    address = address_of(text)
    options = ["--address", text]
    if pid is not None:
        options += ["--pid", str(pid)]
    options += [] if udp is None else ["--udp", udp]
    return Target(
        text,
        _with(options, DEFAULT_HOST, profile, chunk_limit_bytes),
        address=address,
        pid=pid,
        udp=None if udp is None else address_of(udp),
        profile=profile,
        chunk_limit_bytes=chunk_limit_bytes,
    )


def name_of(words: Sequence[str]) -> str:
    """What a command is called in reports: its program, or what an interpreter among the words is to run."""
    telling = [word for word in words if not word.startswith("-") and "{" not in word and "=" not in word]
    scripts = [word for word in telling if not INTERPRETER.fullmatch(PurePath(word).name)]
    return PurePath((scripts or telling or list(words))[0]).name


def _with(options: list[str], host: str, profile: str, chunk_limit_bytes: int) -> tuple[str, ...]:
    if host != DEFAULT_HOST:
        options += ["--host", host]
    if profile != DEFAULT_PROFILE:
        options += ["--profile", profile]
    if chunk_limit_bytes != DEFAULT_CHUNK_LIMIT_BYTES:
        options += ["--chunk-limit", str(chunk_limit_bytes)]
    return tuple(options)
