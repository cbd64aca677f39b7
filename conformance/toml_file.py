"""A TOML file of the user's, read so that what is wrong in it can be named by its line.

`tomllib` forgets where things stood, and so do the libraries that keep a file's style. Where something stands is found
by parsing ever less of the file: standard library only, since the examples are built before anything is installed.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class BadFile(ValueError):
    """A file cannot be meant; the message says which, where, and what to write instead."""


class TomlFile:
    """Its `data`, and where each part of it stands. Raises `BadFile` where there is no such file, or no TOML in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._text = path.read_text(encoding="utf-8")
            self.data: dict[str, Any] = tomllib.loads(self._text)
        except OSError as error:
            msg = f"cannot read {path}: {error.strerror}"
            raise BadFile(msg) from None
        except ValueError as error:  # also of bytes that are no UTF-8; where it is TOML's, the message has the line
            msg = f"{path} is not TOML: {error}"
            raise BadFile(msg) from None

    def wrong(self, message: str, *keys: str | int) -> BadFile:
        """What is wrong with the part that these keys, and numbers in lists, lead to: file and line before it."""
        return BadFile(f"{self.path}, line {self.line(*keys)}: {message}" if keys else f"{self.path}: {message}")

    def line(self, *keys: str | int) -> int:
        """The line, from 1 on, at which that part begins; of a part that is not there, the next that it would be in."""
        while keys and not _has(self.data, keys):
            keys = keys[:-1]
        lines = [f"{line}\n" for line in self._text.split("\n")]
        low, high = 1, len(lines)
        while low < high:  # for the first line without which the part is not there yet
            middle = (low + high) // 2
            if _has(_parsed(lines, middle), keys):
                high = middle
            else:
                low = middle + 1
        return low


def _has(data: Any, keys: Iterable[str | int]) -> bool:
    for key in keys:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _parsed(lines: list[str], count: int) -> dict[str, Any]:
    """The first so many lines as data, and those that the last of them goes on in."""
    for stop in range(count, len(lines)):
        try:
            return tomllib.loads("".join(lines[:stop]))
        except tomllib.TOMLDecodeError:
            continue
    return tomllib.loads("".join(lines))


def perhaps(word: str, known: Iterable[str]) -> str:
    """A hint at what was meant, from what is known: the nearest, or else all of it."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=3)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"known: {', '.join(names)}" if names else "there is none"
