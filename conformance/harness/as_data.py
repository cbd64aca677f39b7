"""A case, and what happened in it, as nothing but dicts, lists, strings and numbers: they cross borders and are kept.

A step is `{"do": "half-close", "client": 1}`, with its other fields beside. Bytes are a Python literal, or, where they
are long and regular, how to make them: `{"tape": [client, size, start]}`, `{"wide-tape": [client, size, start]}` or
`{"repeat": [literal, times]}`.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conformance.harness import script as s
from conformance.harness.tape import TOKEN_BYTES, plain_tape, tape, wide_tape
from conformance.harness.transcript import Transcript

REGULAR_BYTES = 2 * TOKEN_BYTES  # fewer are as easily read as they are
TOKEN = re.compile(rb"(\d{3})\.(\d{6});")
PERIODS = range(1, 9)
# What is read may have been written by anybody: how much it may ask for, many times what any clause draws.
MOST_BYTES = 64 << 20  # in one case
MOST_TAPED_CLIENT = 999  # has three digits on its tape
SHOWN_CHARACTERS = 200


def case_to_data(case: Iterable[s.Step]) -> list[dict[str, Any]]:
    """The steps as data."""
    return [_step_to_data(step) for step in case]


def case_from_data(data: Iterable[Mapping[str, Any]]) -> s.Script:
    """The reverse. Raises ValueError where `data` is no case, or one with more than `MOST_BYTES`."""
    steps, left = [], MOST_BYTES
    for each in data:
        step = _step_from_data(each, left)
        left -= len(getattr(step, "data", b""))
        steps.append(step)
    return s.script(*steps)


def _step_to_data(step: s.Step) -> dict[str, Any]:
    data: dict[str, Any] = {"do": s.words(type(step).__name__)}
    for field in dataclasses.fields(step):
        value = getattr(step, field.name)
        if value != field.default:
            data[field.name] = bytes_to_data(value) if isinstance(value, bytes) else value
    return data


def _step_from_data(data: Any, most_bytes: int) -> s.Step:
    fields = dict(data) if isinstance(data, Mapping) else {}
    kind = _KINDS.get(str(fields.pop("do", None)))
    if kind is None:
        msg = f"{_shown(data)} is no step of a case"
        raise ValueError(msg)
    if "data" in fields:
        fields["data"] = bytes_from_data(fields["data"], most_bytes)
    try:
        return kind(**fields)
    except TypeError as error:
        msg = f"{_shown(data)} is no step of a case: {_cut(str(error))}"
        raise ValueError(msg) from None


def _kinds(of: type[s.Step]) -> dict[str, type[s.Step]]:
    found = {}
    for kind in of.__subclasses__():
        if kind.__module__ == s.__name__:  # a client's case has steps of its own
            found[s.words(kind.__name__)] = kind
            found |= _kinds(kind)
    return found


_KINDS = _kinds(s.Step)


def bytes_to_data(data: bytes) -> str | dict[str, list[Any]]:
    """Bytes as data, as short as their making allows."""
    if len(data) > REGULAR_BYTES:
        for name, make, plainly in (("tape", tape, data), ("wide-tape", wide_tape, plain_tape(data))):
            found = TOKEN.search(plainly)
            if found:
                client, start = int(found[1]), int(found[2]) * TOKEN_BYTES - found.start()
                if start >= 0 and make(client, len(data), start) == data:
                    return {name: [client, len(data), start]}
        for period in PERIODS:
            times, rest = divmod(len(data), period)
            if not rest and data[:period] * times == data:
                return {"repeat": [repr(data[:period]), times]}
    return repr(data)


def bytes_from_data(data: Any, most_bytes: int = MOST_BYTES) -> bytes:
    """The reverse. Raises ValueError where `data` says of no bytes how to make them, or of too many."""
    try:
        if isinstance(data, str):
            value = ast.literal_eval(data)
        else:
            ((how, arguments),) = data.items()
            value = _MAKERS[how](most_bytes, *arguments)
    except (ValueError, SyntaxError, TypeError, AttributeError, KeyError, RecursionError, MemoryError):
        value = None
    if not isinstance(value, bytes) or len(value) > most_bytes:
        msg = f"{_shown(data)} does not stand for bytes, of which a case has {MOST_BYTES:,} at most"
        raise ValueError(msg)
    return value


def _length_of(maker: Callable[[int, int, int], bytes]) -> Callable[[int, int, int, int], bytes]:
    """A length of such a tape, once it is seen that it may be had."""

    def made(most_bytes: int, client: int, size_bytes: int, start: int) -> bytes:
        bounds = ((client, MOST_TAPED_CLIENT), (size_bytes, most_bytes), (start, MOST_BYTES))
        if not all(type(value) is int and 0 <= value <= most for value, most in bounds):
            raise ValueError
        return maker(client, size_bytes, start)

    return made


def _repetition(most_bytes: int, piece: str, times: int) -> bytes:
    value = ast.literal_eval(piece)
    if not isinstance(value, bytes) or type(times) is not int or not 0 <= times <= most_bytes // max(len(value), 1):
        raise ValueError
    return value * times


_MAKERS: dict[str, Callable[..., bytes]] = {
    "tape": _length_of(tape),
    "wide-tape": _length_of(wide_tape),
    "repeat": _repetition,
}


def _shown(data: Any) -> str:
    return _cut(repr(data))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def timeline_to_data(transcript: Transcript) -> list[dict[str, Any]]:
    """What happened, in order of time, in seconds since the first of it.

    `lane` is a client's number, or 0 for the server.
    """
    happened = [(event, 0) for event in transcript.server_events]
    happened += [(event, number) for number, client in transcript.clients.items() for event in client.events]
    happened.sort(key=lambda each: each[0].at_s)
    began = happened[0][0].at_s if happened else 0.0
    return [
        {"at_s": round(event.at_s - began, 6), "lane": lane, "what": event.what, "size_bytes": event.size_bytes}
        for event, lane in happened
    ]
