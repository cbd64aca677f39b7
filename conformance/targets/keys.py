"""What may stand in a table of a `targets.toml`, and what each key's value has to be."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from conformance.harness.limited import LIMITS
from conformance.harness.target import CAPABILITIES, FACTORS
from conformance.oracle import Profile
from conformance.toml_file import BadFile, TomlFile, perhaps

PROFILES = tuple(profile.value for profile in Profile)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
HIGHEST_PORT = 65535
LARGEST_LIMIT = (1 << 63) - 1

# Says what a value should be; None where it is that.
Check = Callable[[Any], str | None]


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else "a text that is not empty"


def _one_of(*words: str) -> Check:
    return lambda value: None if value in words else " or ".join(words)


def _whole(most: int = LARGEST_LIMIT) -> Check:
    def check(value: Any) -> str | None:
        right = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
        return None if right else "a whole number from 1 on" + (f" to {most}" if most < LARGEST_LIMIT else "")

    return check


def _factor(value: Any) -> str | None:
    right = isinstance(value, int | float) and not isinstance(value, bool) and FACTORS[0] <= value <= FACTORS[1]
    return None if right else f"a number from {FACTORS[0]:g} to {FACTORS[1]:g}"


SINGLE: dict[str, Check] = {
    "command": _text,
    "address": _text,
    "udp": _text,
    "pid": _whole(),
    "port": _whole(HIGHEST_PORT),
    "host": _text,
    "build": _text,
    "folder": _text,
    "source": _text,
    "profile": _one_of(*PROFILES),
    "chunk_limit": _whole(),
    "patience": _factor,
    "language": _text,
    "stack": _text,
    "finding": _text,
}
LISTS: dict[str, Check] = {"python": _text, "breaks": _text, "capabilities": _one_of(*CAPABILITIES)}
# Tables in the table. Where the names are known there is a second value.
TABLES: dict[str, tuple[Check, tuple[str, ...] | None]] = {
    "environment": (lambda value: None if isinstance(value, str) and "\0" not in value else "a text", None),
    "needs": (_text, None),
    "shoulds_missed": (_text, None),
    "limits": (_whole(), tuple(LIMITS)),
}
KEYS = (*SINGLE, *LISTS, *TABLES)
# What only says something of a server that the suite starts, and of one that runs already.
OF_A_COMMAND = ("build", "folder", "environment", "limits", "port", "host", "capabilities", "source")
OF_AN_ADDRESS = ("pid",)


def check(file: TomlFile, name: str) -> None:
    """See that a table can be meant. Raises `BadFile` for the first thing in it that cannot."""
    table = file.data[name]
    if not isinstance(table, dict):
        known = f"; to say it of a server, write [NAME] above it, and {name} below" if name in KEYS else ""
        raise file.wrong(f"{name!r} stands in no table{known}", name)
    if not NAME.fullmatch(name):
        raise file.wrong(f"the name {name!r} cannot be used: letters, digits, '.', '_' and '-' can", name)
    for error in _wrong(file, name, table):
        raise error


def _wrong(file: TomlFile, name: str, table: dict[str, Any]) -> Iterator[BadFile]:
    for key, value in table.items():
        if key not in KEYS:
            yield file.wrong(f"{name} has no key {key!r}; {perhaps(key, KEYS)}", name, key)
        elif key in SINGLE:
            yield from _unlike(file, SINGLE[key], value, name, key)
        elif key in LISTS:
            yield from _in_list(file, LISTS[key], value, name, key)
        else:
            yield from _in_table(file, *TABLES[key], value, name, key)
    yield from _together(file, name, table)


def _unlike(file: TomlFile, check: Check, value: Any, *keys: str | int) -> Iterator[BadFile]:
    wanted = check(value)
    if wanted is not None:
        said = ".".join(str(key) for key in keys[1:])
        yield file.wrong(f"{said} of {keys[0]} is {_shown(value)}, and should be {wanted}", *keys)


def _in_list(file: TomlFile, check: Check, value: Any, *keys: str) -> Iterator[BadFile]:
    if not isinstance(value, list):
        yield file.wrong(f"{keys[1]} of {keys[0]} is {_shown(value)}, and should be a list", *keys)
        return
    for place, entry in enumerate(value):
        yield from _unlike(file, check, entry, *keys, place)


def _in_table(file: TomlFile, check: Check, names: tuple[str, ...] | None, value: Any, *keys: str) -> Iterator[BadFile]:
    if not isinstance(value, dict):
        yield file.wrong(f"{keys[1]} of {keys[0]} is {_shown(value)}, and should be a table: {{ NAME = ... }}", *keys)
        return
    for name, entry in value.items():
        if names is not None and name not in names:
            yield file.wrong(f"{keys[1]} of {keys[0]} has no {name!r}; {perhaps(name, names)}", *keys, name)
        if not name or "=" in name or "\0" in name:
            yield file.wrong(f"{keys[1]} of {keys[0]} has the name {name!r}, which cannot be one", *keys, name)
        yield from _unlike(file, check, entry, *keys, name)


def _together(file: TomlFile, name: str, table: dict[str, Any]) -> Iterator[BadFile]:
    """What each key's value may be, and all of them together may not."""
    if ("command" in table) == ("address" in table):
        both = "both a command and an address: one of them is enough" if "command" in table else "no command or address"
        yield file.wrong(f"{name} has {both}", name)
    for keys, whose in ((OF_A_COMMAND, "command"), (OF_AN_ADDRESS, "address")):
        for key in keys:
            if key in table and whose not in table:
                yield file.wrong(f"{key} of {name} says something of its {whose}, which is missing", name, key)
    makes = "{output}" in table.get("build", "")
    if "{output}" in table.get("command", "") and not makes:
        yield file.wrong(f"the command of {name} has {{output}}, and no build line makes it", name, "command")
    for key in ("command", "build"):
        if "{source}" in table.get(key, "") and "source" not in table:
            yield file.wrong(f"the {key} of {name} has {{source}}, and no key source says which file", name, key)
    folder = file.path.parent / table.get("folder", ".")
    if not os.path.isdir(folder):
        yield file.wrong(f"folder of {name}: there is no folder {folder}", name, "folder")
    source = file.path.parent / table.get("source", "")
    if "source" in table and not os.path.isfile(source):
        yield file.wrong(f"source of {name}: there is no file {source}", name, "source")


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str | int | float) else f"a {type(value).__name__}"
