"""Writes a reproducer for each failure, and takes down what came of trying it."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance.report.outcome import Outcome, Run, TargetResult
from conformance.report.reached import Means
from conformance.report.reproducer import reproducer

UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST_NAME = 120
DIGEST_CHARACTERS = 8
REPORTS = Path("report")  # the folder of reports, unless the user names another one
REPRODUCERS = "reproducers"  # in it
SCRIPT, CAPTURED = ".py", ".pcap"


@dataclass(frozen=True, slots=True)
class Written:
    """A reproducer of one failure: the clause at one place of a target's results."""

    file: Path
    means: Means
    target: TargetResult
    place: int

    @property
    def capture(self) -> Path:
        """Where its packets are kept, if they are."""
        return self.file.with_suffix(CAPTURED)

    def note(self, shows: str) -> None:
        """Set down with the failure what came of trying it."""
        self._set_down(shows=shows)

    def note_capture(self, remark: str | None, *, kept: bool) -> None:
        """Set down that its packets are kept, and what is to be said of them; or why they are not."""
        failure = self.target.clauses[self.place].failure
        if failure is not None and failure.reproducer is not None:
            shown = str(Path(failure.reproducer).with_suffix(CAPTURED)) if kept else None
            self._set_down(capture=shown, capture_remark=remark)

    def _set_down(self, **found: Any) -> None:
        result = self.target.clauses[self.place]
        if result.failure is not None:
            self.target.clauses[self.place] = replace(result, failure=replace(result.failure, **found))


def found_beside(run: Run, folder: Path) -> None:
    """Name the reproducers and captures of a run by where they are, if that is where its results are too: in `folder`.

    Results are moved, with all that a run put beside them. What leads out of there is not taken for one of these.
    """

    def beside(name: str | None) -> str | None:
        file = folder / REPRODUCERS / Path(name or "").name
        return str(file) if name and is_in(file, [folder]) else name

    _rename(run, beside)


def gather(run: Run, folders: Sequence[Path], into: Path, shown_as: Path) -> None:
    """Copy the reproducers and captures of a run that are beside results in these folders into another one.

    They are named as the user would there, and no two alike. Raises OSError where that cannot be done.
    """
    failures = [result.failure for target in run.targets.values() for result in target.clauses if result.failure]
    named = [Path(name) for failure in failures for name in (failure.reproducer, failure.capture) if name]
    stems = _stems((file for file in named if is_in(file, folders)), into / REPRODUCERS)

    def copied(name: str | None) -> str | None:
        if not name or not is_in(Path(name), folders):
            return name
        copy = into / REPRODUCERS / (stems[_origin(Path(name))] + Path(name).suffix)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if os.path.realpath(copy) != os.path.realpath(name):
            aside = copy.with_name(f"{copy.name}.{os.getpid()}")
            shutil.copyfile(name, aside)
            aside.replace(copy)  # a link that is there leads elsewhere, and is not followed
        return str(shown_as / REPRODUCERS / copy.name)

    _rename(run, copied)


def _stems(files: Iterable[Path], place: Path) -> dict[tuple[str, str], str]:
    """What each file is called in a place, but for what it ends with. What is there already keeps its name.

    Names of different runs are told apart by a number; those of one run differ.
    """
    there = os.path.realpath(place)
    origins = sorted(dict.fromkeys(map(_origin, files)), key=lambda origin: origin[0] != there)
    stems: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for origin in origins:
        stem, number = origin[1], 1
        while stem.casefold() in taken:
            number += 1
            stem = f"{origin[1]}-{number}"
        taken.add(stem.casefold())
        stems[origin] = stem
    return stems


def _origin(file: Path) -> tuple[str, str]:
    return os.path.dirname(os.path.realpath(file)), file.stem


def is_in(file: Path, folders: Iterable[Path]) -> bool:
    """Whether it is a reproducer or a capture where runs put them in one of these folders, wherever links lead."""
    if not os.path.isfile(file):
        return False
    real = os.path.realpath(file)
    of_runs = {os.path.join(os.path.realpath(folder), REPRODUCERS) for folder in folders}
    return real.endswith((SCRIPT, CAPTURED)) and os.path.dirname(real) in of_runs


def _rename(run: Run, renamed: Callable[[str | None], str | None]) -> None:
    for target in run.targets.values():
        for place, result in enumerate(target.clauses):
            failure = result.failure
            if failure is not None:
                script, packets = renamed(failure.reproducer), renamed(failure.capture)
                failure = replace(failure, reproducer=script, capture=packets)
                target.clauses[place] = replace(result, failure=failure)


def file_name(clause: str, target: str) -> str:
    """`CLAUSE--TARGET.py`, in characters that are safe anywhere."""
    return _stem(clause, target)[:LONGEST_NAME].rstrip(".") + SCRIPT


def _stem(clause: str, target: str) -> str:
    return f"{UNSAFE.sub('_', clause)}--{UNSAFE.sub('_', target.removesuffix(SCRIPT))}"


def file_names(clause: str, targets: Iterable[str]) -> dict[str, str]:
    """The same for each target of a run: no two are alike, also where capitals are no letters of their own."""
    names = {target: file_name(clause, target) for target in targets}
    times = Counter(name.casefold() for name in names.values())
    return {
        target: name if times[name.casefold()] == 1 else _told_apart(clause, target) for target, name in names.items()
    }


def _told_apart(clause: str, target: str) -> str:
    digest = hashlib.sha256(target.encode(errors="surrogatepass")).hexdigest()[:DIGEST_CHARACTERS]
    return f"{_stem(clause, target)[: LONGEST_NAME - DIGEST_CHARACTERS - 1]}-{digest}{SCRIPT}"


def write_reproducers(run: Run, folder: Path, shown_as: Path) -> list[Written]:
    """Write one for each failure into a folder, which is made where there is a failure, and name it as the user would.

    Raises OSError where that cannot be done.
    """
    names = functools.cache(lambda clause: file_names(clause, run.targets))
    files = []
    for target in run.targets.values():
        for place, result in enumerate(target.clauses):
            if result.outcome is not Outcome.FAIL or result.failure is None or target.means is None:
                continue
            folder.mkdir(parents=True, exist_ok=True)
            name = names(result.id)[target.name]
            text = reproducer(result, target.means, run.version)
            # A command's words need not be text (PEP 383). What is not appears as an escape, which a literal takes.
            (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")
            failure = replace(result.failure, reproducer=str(shown_as / name), reproduce=target.means.arguments())
            target.clauses[place] = replace(result, failure=failure)
            files.append(Written(folder / name, target.means, target, place))
            files[-1].capture.unlink(missing_ok=True)  # of an earlier run's case
    return files
