"""One table of a `targets.toml`: a server, what it takes to build and to start it, and what is said of it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

from conformance.harness.target import (
    DEFAULT_CHUNK_LIMIT_BYTES,
    DEFAULT_HOST,
    DEFAULT_PROFILE,
    FACTORS,
    BadTarget,
    Target,
    address_target,
    command_target,
)
from conformance.targets import keys
from conformance.toml_file import TomlFile

BUILT = ".build"
DEFAULT_FILE = "targets.toml"


@dataclass(frozen=True)
class Described:
    """A server as its table describes it; docs/targets.md says what the keys mean. `home` is the file's folder."""

    name: str
    home: Path
    command: str = ""
    address: str = ""
    udp: str | None = None
    pid: int | None = None
    port: int | None = None
    host: str = DEFAULT_HOST
    build: str = ""
    folder: str = "."
    source: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    profile: str | None = None
    chunk_limit: int | None = None
    patience: float = 1.0
    language: str = ""
    stack: str = ""
    needs: dict[str, str] = field(default_factory=dict)
    python: list[str] = field(default_factory=list)
    shoulds_missed: dict[str, str] = field(default_factory=dict)
    finding: str = ""
    breaks: list[str] = field(default_factory=list)

    @property
    def output(self) -> Path:
        """Where it is built. With a source, another place for other content, so that what is there is current."""
        if not self.source:
            return self.home / BUILT / self.name
        content = (self.home / self.source).read_bytes() + self.build.encode()
        return self.home / BUILT / f"{self.name}-{hashlib.sha256(content).hexdigest()[:12]}"

    @property
    def copies(self) -> bool:
        """Whether each worker can start its own copy of it."""
        return bool(self.command) and self.port is None

    def words(self, command: str, output: Path) -> list[str]:
        """One of its commands as words, with everything filled in but the host and the port."""
        filled = {"{python}": sys.executable, "{source}": str(self.home / self.source), "{output}": str(output)}
        words = shlex.split(command)
        for placeholder, value in filled.items():
            words = [word.replace(placeholder, value) for word in words]
        return words


def read(path: Path) -> tuple[TomlFile, dict[str, Described]]:
    """Every server of a file by its name, sorted. Raises `BadFile`, with file, line and key."""
    file = TomlFile(path)
    if not file.data:
        raise file.wrong("there is no target in it: write a table, such as [my-server]")
    for name in file.data:
        keys.check(file, name)
    described = {name: Described(name, path.parent.absolute(), **table) for name, table in sorted(file.data.items())}
    for one in described.values():
        _see_that_it_starts(file, one)
    return file, described


def target_of(one: Described, file: str, *, profile: str, chunk_limit_bytes: int, patience: float = 1.0) -> Target:
    """The target that is meant. What the table leaves open is as given; `file` is what the user calls the file.

    Patience is multiplied: the machine is slow, and the server is.

    Raises `BadTarget` where the command or the address cannot be meant.
    """
    profile, limit = one.profile or profile, one.chunk_limit or chunk_limit_bytes
    if one.address:
        target = address_target(one.address, pid=one.pid, profile=profile, chunk_limit_bytes=limit, udp=one.udp)
    else:
        command = shlex.join(one.words(one.command, one.output))
        folder = os.path.normpath(one.home / one.folder)
        target = command_target(
            command, folder=folder, port=one.port, host=one.host, profile=profile, chunk_limit_bytes=limit, udp=one.udp
        )
    options = ["--target", one.name] if file == DEFAULT_FILE else ["--targets", file, "--target", one.name]
    options += ["--profile", profile] if one.profile is None and profile != DEFAULT_PROFILE else []
    options += ["--chunk-limit", str(limit)] if one.chunk_limit is None and limit != DEFAULT_CHUNK_LIMIT_BYTES else []
    options += ["--patience", f"{patience:g}"] if patience != 1 else []
    return dataclasses.replace(
        target,
        name=one.name,
        patience=min(max(one.patience * patience, FACTORS[0]), FACTORS[1]),
        options=tuple(options),
        environment=tuple(one.environment.items()),
        limits=tuple(one.limits.items()),
        capabilities=tuple(one.capabilities),
        described=True,
    )


def _see_that_it_starts(file: TomlFile, one: Described) -> None:
    """See that the command and the address can be meant, before anything is built."""
    for key in ("build", "command"):
        try:
            shlex.split(getattr(one, key))
        except ValueError as error:
            raise file.wrong(f"{key} of {one.name} cannot be split into words: {error}", one.name, key) from None
    try:
        target_of(one, str(file.path), profile=keys.PROFILES[0], chunk_limit_bytes=1)
    except BadTarget as error:
        raise file.wrong(f"{one.name}: {error}", one.name, "command" if one.command else "address") from None
    except OSError as error:  # where it is built is told by what is in its source
        msg = f"source of {one.name} cannot be read: {one.home / one.source}: {error.strerror}"
        raise file.wrong(msg, one.name, "source") from None
