"""JSON data as the classes of the model. Whatever is not as it should be is told with the key where it stands."""

from __future__ import annotations

import dataclasses
import difflib
import enum
import types
import typing
import unicodedata
from typing import Any, TypeVar

Kind = TypeVar("Kind")

SHOWN_CHARACTERS = 60
IN_LINES = {"requirement", "message", "case", "output", "note"}  # elsewhere a line break would begin a line of its own
# Control characters, formats (which turn the direction of what follows), halves of a pair, and line separators.
NOT_PLAIN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
NUMBERS = {int, float}
MOST = 1 << 63  # and infinity is no number of anything either
WORDS = {
    str: "text",
    int: "a whole number from 0 on",
    float: "a number from 0 on",
    bool: "true or false",
    dict: "an object",
}


class Unreadable(ValueError):
    """The file is no run of this suite; the message begins with the key where it goes wrong."""


def plainly(data: object, key: str = "") -> object:
    """The same data, which is the value of a key, with all its text printable: what is not appears as its escape.

    Line breaks are kept in what is read in lines.
    """
    if isinstance(data, str):
        kept = "\n" if key in IN_LINES else ""
        return "".join(c if c in kept or unicodedata.category(c) not in NOT_PLAIN else _escaped(c) for c in data)
    if isinstance(data, list):
        return [plainly(each, key) for each in data]
    if isinstance(data, dict):
        return {str(plainly(name)): plainly(value, name) for name, value in data.items()}
    return data


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def read(kind: type[Kind] | types.UnionType, table: dict[str, Any], key: str, where: str = "") -> Kind:
    """The value of a key as a `kind`: a plain type, an enumeration, a dataclass, or a list of such, or one or None.

    `where` is the path of the table. Raises `Unreadable`.
    """
    if key not in table:
        msg = f"{where}{key}: this key is missing"
        raise Unreadable(msg)
    value: Kind = _read(kind, table[key], where + key)
    return value


def _read(kind: Any, value: Any, where: str) -> Any:
    if isinstance(kind, types.UnionType):
        (kind,) = (each for each in typing.get_args(kind) if each is not types.NoneType)
        return None if value is None else _read(kind, value, where)
    if typing.get_origin(kind) is list:
        return _read_list(typing.get_args(kind)[0], value, where)
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, value, where)
    if typing.is_typeddict(kind):
        return _fields(typing.get_type_hints(kind), value, where)
    if isinstance(kind, enum.EnumType):
        return _read_enumeration(kind, value, where)
    return _read_plain(typing.get_origin(kind) or kind, value, where)


def _read_plain(kind: type, value: Any, where: str) -> Any:
    fits = isinstance(value, kind) if kind is not float else isinstance(value, int | float)
    if not fits or (isinstance(value, bool) and kind is not bool) or (kind in NUMBERS and not 0 <= value < MOST):
        raise _other_than(WORDS[kind], value, where)
    return float(value) if kind is float else value


def _read_list(kind: Any, value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _other_than("a list", value, where)
    return [_read(kind, each, f"{where}[{place}]") for place, each in enumerate(value)]


def _read_dataclass(kind: Any, value: Any, where: str) -> Any:
    hints = typing.get_type_hints(kind)
    fields = _fields({field.name: hints[field.name] for field in dataclasses.fields(kind)}, value, where)
    try:
        return kind(**fields)
    except ValueError as error:
        msg = f"{where}: {error}"
        raise Unreadable(msg) from None


def _fields(kinds: dict[str, Any], value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _other_than(WORDS[dict], value, where)
    return {name: read(kind, value, name, f"{where}.") for name, kind in kinds.items()}


def _read_enumeration(kind: enum.EnumType, value: Any, where: str) -> Any:
    names = [str(each) for each in kind]  # type: ignore[var-annotated]
    if value not in names:
        raise _other_than(f"one of {', '.join(names)}", value, where)
    return kind(value)


def _other_than(wanted: str, value: object, where: str) -> Unreadable:
    return Unreadable(f"{where}: {wanted} is wanted, and not {shown(value)}")


def shown(value: object) -> str:
    """A value for a message: bounded, and as JSON's readers know it."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = "null" if value is None else repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def difference(found: Any, due: Any, where: str = "") -> str | None:
    """Where data first departs from what is due, in words; None where it does not."""
    if isinstance(found, dict) and isinstance(due, dict):
        return _difference_of_keys(found, due, where)
    if isinstance(found, list) and isinstance(due, list) and len(found) == len(due):
        places = range(len(found))
        return next((told for at in places if (told := difference(found[at], due[at], f"{where}[{at}]"))), None)
    if found == due:
        return None
    return f"{where}: it is {shown(found)}, and from the rest of the file follows {shown(due)}"


def _difference_of_keys(found: dict[str, Any], due: dict[str, Any], where: str) -> str | None:
    inside = f"{where}." if where else ""
    for key, value in found.items():
        if key not in due:
            near = difflib.get_close_matches(key, due, n=1)
            hint = f"; is {near[0]} meant?" if near else ", in this version"
            return f"{inside}{shown(key)[1:-1]}: there is no such key{hint}"
        told = difference(value, due[key], inside + key)
        if told is not None:
            return told
    missing = [key for key in due if key not in found]
    return f"{inside}{missing[0]}: this key is missing" if missing else None
