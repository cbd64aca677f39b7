"""Builds what a `targets.toml` describes, and says what this machine lacks for it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shlex
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from conformance.targets.described import BUILT, Described

INCLUDES = ("/usr/include", f"/usr/include/{sysconfig.get_config_var('MULTIARCH')}", "/usr/local/include")
HEADERS = (".h", ".hpp")
WITHIN_S = 300
SHOWN_LINES = 40


class NotBuilt(Exception):
    """A target's build line failed; the message has it, and the last that it said. Or there is no place to build in."""


def build(one: Described) -> None:
    """Run its build line, unless what it makes is there and current. Raises `NotBuilt`."""
    if not one.build:
        return
    makes_output = "{output}" in one.build
    try:
        if not makes_output:
            _run(one, one.output)
        elif not (one.source and one.output.exists()):
            _make_aside(one)
    except OSError as error:
        where = f": {error.filename}" if error.filename is not None else ""
        msg = f"{one.name} cannot be built in {one.home / BUILT}{where}: {error.strerror}"
        raise NotBuilt(msg) from None


def missing(one: Described) -> list[str]:
    """What it needs and this machine lacks, in words, with what would give it."""
    lacking = [f"{need} (Debian package {package})" for need, package in one.needs.items() if not is_there(need)]
    return lacking + [f"{name} (Python package)" for name in one.python if not is_installed(name)]


def remove_stale(known: Iterable[Described]) -> None:
    """Remove what was built of these for another content."""
    targets = list(known)
    current = {one.output for one in targets}
    for one in targets:
        for path in (one.home / BUILT).glob(f"{one.name}-*"):
            if path not in current and len(path.name) == len(one.output.name):
                _remove(path)


def is_there(need: str) -> bool:
    """Whether a program or a header is on this machine."""
    if need.endswith(HEADERS):
        folders = [*os.environ.get("CPATH", "").split(os.pathsep), *INCLUDES]
        return any((Path(folder) / need).exists() for folder in folders if folder)
    return shutil.which(need) is not None


def is_installed(package: str) -> bool:
    """Whether this Python has a package."""
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _make_aside(one: Described) -> None:
    """Build aside and rename, so that what is found is whole, whoever else builds at the same time."""
    one.output.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=one.output.parent) as scratch:
        aside = Path(scratch) / "output"
        _run(one, aside)
        if not aside.exists():
            msg = f"the build line of {one.name} succeeded, and made no {{output}}: {one.build}"
            raise NotBuilt(msg)
        if not one.source and one.output.exists():
            _remove(one.output)
        if not one.output.exists():
            aside.rename(one.output)


def _run(one: Described, output: Path) -> None:
    command = one.words(one.build, output)
    folder, environment = one.home / one.folder, os.environ | one.environment
    said = f"the build line of {one.name} failed: {shlex.join(command)}"
    try:
        status, printed = _run_whole(command, folder, environment)
    except subprocess.TimeoutExpired:
        msg = f"{said}\nit was not done after {WITHIN_S} s"
        raise NotBuilt(msg) from None
    except OSError as error:
        msg = f"{said}\n{command[0]}: {error.strerror}"
        raise NotBuilt(msg) from None
    if status:
        output_said = printed.decode(errors="replace").splitlines()[-SHOWN_LINES:]
        raise NotBuilt("\n".join([said, *map(_printable, output_said), f"it ended with status {status}"]))


def _run_whole(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, bytes]:
    """Run it to its end: its status, and what it printed. Cut short, it ends with all that it has started.

    Raises OSError where it cannot be started, and `subprocess.TimeoutExpired`.
    """
    pipe = subprocess.PIPE
    with (
        _interrupts_held_back() as let_go,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,
        ) as process,
    ):
        try:
            let_go()
            output, errors = process.communicate(timeout=WITHIN_S)
        except BaseException:  # an interrupt as well
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    return process.returncode, output + errors


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[Callable[[], None]]:
    """Hold back an interrupt until it is let go: within Popen it would leave a process that nobody can end.

    It is not blocked as by sigprocmask(2), which the process would inherit. Only the main thread is interrupted.
    """
    before = signal.getsignal(signal.SIGINT)
    holds = threading.current_thread() is threading.main_thread() and callable(before)
    came: list[int] = []

    def let_go() -> None:
        nonlocal holds
        if holds:
            holds = False
            signal.signal(signal.SIGINT, before)
            if came:
                signal.raise_signal(signal.SIGINT)

    if holds:
        signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield let_go
    finally:
        let_go()


def _printable(line: str) -> str:
    """A compiler's words stay as they are, in any language; what a terminal would obey does not."""
    return "".join(c if c.isprintable() else "    " if c == "\t" else ascii(c)[1:-1] for c in line)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
