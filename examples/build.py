"""Builds the examples that this machine has the tools for, and says what the others lack: `make examples`.

Standard library only, as the reader of targets.toml is: it also runs before anything is installed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from conformance.targets.building import NotBuilt, build, is_installed, is_there, missing, remove_stale
from conformance.targets.described import Described, read

FILE = Path(__file__).with_name("targets.toml")
CONSTRAINTS = FILE.parent.parent / "constraints.txt"


def targets() -> dict[str, Described]:
    """Every example by its name."""
    _, described = read(FILE)
    return described


def start_command(target: Described) -> list[str]:
    """What starts it, with `{port}` left in; built first where it is not. Raises NotBuilt."""
    build(target)
    return target.words(target.command, target.output)


def _install(packages: list[str]) -> None:
    """Install Python packages, those that can be: what has no wheel for this Python is not built from its source."""
    options = ["--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "--constraint", str(CONSTRAINTS)]
    command = [sys.executable, "-m", "pip", "install", *options]
    if not packages or subprocess.run([*command, *packages], check=False).returncode == 0:
        return
    for package in packages:
        subprocess.run([*command, package], check=False)


def _state(target: Described) -> str:
    """Build it; tell what became of it."""
    lacking = missing(target)
    if lacking:
        return f"not built: no {', no '.join(lacking)}"
    build(target)
    return "ready" if not target.finding else f"ready; not conformant: {target.finding}"


def main() -> None:
    """Build them all, or name the Debian packages that are missing for it."""
    parser = argparse.ArgumentParser(prog="examples.build", description=__doc__.partition("\n")[0])
    parser.add_argument("--missing", action="store_true", help="only name the Debian packages that are missing")
    known = targets()
    if parser.parse_args().missing:
        needs = {need: package for target in known.values() for need, package in target.needs.items()}
        for package in sorted({package for need, package in needs.items() if not is_there(need)}):
            print(package)
        return
    _install(sorted({name for target in known.values() for name in target.python if not is_installed(name)}))
    failed = []
    for target in known.values():
        try:
            state = _state(target)
        except NotBuilt as error:
            failed.append(str(error))
            state = "not built: its build command failed"
        print(f"{target.name:<24} {target.language:<12} {state}", flush=True)
    remove_stale(known.values())
    sys.exit("\n" + "\n".join(failed) if failed else 0)


if __name__ == "__main__":
    main()
