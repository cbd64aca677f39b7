"""Builds the examples that this machine has the tools for, and says what the others lack: `make examples`.

Standard library only, and no more than a list of commands: it also runs before anything is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
BUILT = FOLDER / ".build"
CONSTRAINTS = FOLDER.parent / "constraints.txt"
INCLUDES = ("/usr/include", f"/usr/include/{sysconfig.get_config_var('MULTIARCH')}", "/usr/local/include")
HEADERS = (".h", ".hpp")
WITHIN_S = 300


class NotBuilt(Exception):
    """The target's build command failed; the message has what it said."""


@dataclass(frozen=True)
class Target:
    """One table of targets.toml."""

    name: str
    source: str
    language: str
    stack: str
    command: str
    build: str = ""
    needs: dict[str, str] = field(default_factory=dict)
    python: list[str] = field(default_factory=list)
    shoulds_missed: dict[str, str] = field(default_factory=dict)
    finding: str = ""
    breaks: list[str] = field(default_factory=list)

    @property
    def output(self) -> Path:
        """Where it is built: another place for other content, so that what is there is current."""
        content = (FOLDER / self.source).read_bytes() + self.build.encode()
        return BUILT / f"{self.name}-{hashlib.sha256(content).hexdigest()[:12]}"

    def words(self, command: str, output: Path) -> list[str]:
        """One of its commands, with everything filled in but the port."""
        filled = {"{python}": sys.executable, "{source}": str(FOLDER / self.source), "{output}": str(output)}
        words = shlex.split(command)
        for placeholder, value in filled.items():
            words = [word.replace(placeholder, value) for word in words]
        return words


def targets() -> dict[str, Target]:
    """Every example by its name."""
    tables = tomllib.loads((FOLDER / "targets.toml").read_text())
    return {name: Target(name, **table) for name, table in sorted(tables.items())}


def start_command(target: Target) -> list[str]:
    """What starts it, with `{port}` left in; built first where it is not. Raises NotBuilt."""
    if target.build and not target.output.exists():
        _build(target)
    return target.words(target.command, target.output)


def missing(target: Target) -> list[str]:
    """What it needs and this machine lacks, in words, with what would give it."""
    lacking = [f"{need} (Debian package {package})" for need, package in target.needs.items() if not _is_there(need)]
    return lacking + [f"{name} (Python package)" for name in target.python if not _is_installed(name)]


def _build(target: Target) -> None:
    """Build aside and rename, so that what is found is whole, whoever else builds at the same time."""
    BUILT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILT) as scratch:
        aside = Path(scratch) / "output"
        command = target.words(target.build, aside)
        done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)
        if done.returncode:
            msg = f"{shlex.join(command)}\n{done.stdout}{done.stderr}"
            raise NotBuilt(msg)
        if not target.output.exists():
            aside.rename(target.output)


def _is_there(need: str) -> bool:
    if need.endswith(HEADERS):
        folders = [*os.environ.get("CPATH", "").split(os.pathsep), *INCLUDES]
        return any((Path(folder) / need).exists() for folder in folders if folder)
    return shutil.which(need) is not None


def _is_installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _install(packages: list[str]) -> None:
    """Install Python packages, those that can be: what has no wheel for this Python is not built from its source."""
    options = ["--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "--constraint", str(CONSTRAINTS)]
    command = [sys.executable, "-m", "pip", "install", *options]
    if not packages or subprocess.run([*command, *packages], check=False).returncode == 0:
        return
    for package in packages:
        subprocess.run([*command, package], check=False)


def _remove_stale(known: Iterable[Target]) -> None:
    current = {target.output for target in known}
    for path in BUILT.glob("*-*"):
        if path not in current:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _state(target: Target) -> str:
    """Build it; tell what became of it."""
    lacking = missing(target)
    if lacking:
        return f"not built: no {', no '.join(lacking)}"
    start_command(target)
    return "ready" if not target.finding else f"ready; not conformant: {target.finding}"


def main() -> None:
    """Build them all, or name the Debian packages that are missing for it."""
    parser = argparse.ArgumentParser(prog="examples.build", description=__doc__.partition("\n")[0])
    parser.add_argument("--missing", action="store_true", help="only name the Debian packages that are missing")
    known = targets()
    if parser.parse_args().missing:
        needs = {need: package for target in known.values() for need, package in target.needs.items()}
        for package in sorted({package for need, package in needs.items() if not _is_there(need)}):
            print(package)
        return
    _install(sorted({name for target in known.values() for name in target.python if not _is_installed(name)}))
    failed = []
    for target in known.values():
        try:
            state = _state(target)
        except NotBuilt as error:
            failed.append(str(error))
            state = "not built: its build command failed"
        print(f"{target.name:<24} {target.language:<12} {state}", flush=True)
    _remove_stale(known.values())
    sys.exit("\n" + "\n".join(failed) if failed else 0)


if __name__ == "__main__":
    main()
