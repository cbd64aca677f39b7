"""A case as the lines of a program: a call for each step, and a loop where clients do the same one after the other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conformance.report.reproducing.tape import tape

LONGEST_ROUND = 12  # steps of a loop's body
FEWEST_ROUNDS = 3
FEWEST_WORDS = 4
LONGEST_LINE = 118
LONG_RUN = re.compile(rb"(.)\1{19,}", re.DOTALL)  # of one byte in a literal
LOOPED, SPOKEN = "n", "data"

# What each step is called, with what it is given besides its client. `{who}` is the client, `{number}` its number.
CALLS = {
    "connect": "{who}.connect({options})",
    "queue": "join_queue({number}, must_find_room=True)",
    "insist": "insist({number}, {data})",
    "glut": "glut({number}, {size_bytes})",
    "send": "{who}.send({data})",
    "await": "{who}.await_answers()",
    "ping": "{who}.ping({data})",
    "flood": "{who}.flood()",
    "half-close": "{who}.half_close()",
    "await end": "{who}.await_end()",
    "close": "{who}.close()",
    "reset": "{who}.reset()",
    "urgent": "{who}.urgent()",
    "stall": "{who}.stall()",
    "resume": "{who}.resume()",
    "await blocked": "await_blocked({number})",
    "datagram": "sender({number}).say({data})",
    "ask": "sender({number}).ask({data})",
    "await datagrams": "sender({number}).await_datagrams()",
    "vanish": "sender({number}).vanish()",
    "crowd": "crowd({number})",
    "crowd speaks": "crowd_speaks()",
    "crowd leaves": "crowd_leaves()",
    "torrents": "torrents({number})",
    "swell torrents": "swell_torrents()",
    "stem torrents": "stem_torrents()",
    "freeze": "freeze()",
    "thaw": "thaw()",
    "await quiet": "await_quiet()",
    "await released": "await_released()",
    "await few wakeups": "await_few_wakeups()",
    "await reaped": "await_reaped()",
    "await level memory": "await_level_memory({cycles}, {size_bytes})",
    "exhaust": "exhaust({spare})",
    "release": "release()",
    "leave output unread": "leave_output_unread()",
    "await announced": "await_announced()",
    "terminate": "terminate()",
    "start again": "start_again()",
}
# What is done to a frozen server has to arrive there before the next step.
ARRIVING = frozenset({"send", "half-close", "close", "reset"})
NEEDS_PROCESS = frozenset(
    {"glut", "freeze", "await quiet", "await released", "await few wakeups", "await reaped", "await level memory"}
    | {"exhaust", "release", "leave output unread", "await announced", "terminate", "start again"}
)


@dataclass(frozen=True, slots=True)
class Call:
    """One step. `said` is its data: of a tape the name, the number relative to the client's, the size and the start."""

    do: str
    client: int | None
    frozen: bool
    fields: tuple[tuple[str, Any], ...]
    said: tuple[str, int, int, int] | str | None
    here: bool = False

    def code(self, loop: tuple[int, str] | None = None, spoken: bool = False) -> str:
        """The call. In a loop, `loop` is the number of the first client and the variable that stands for it."""
        number = _expression(self.client or 0, loop)
        options = {name: value for name, value in self.fields if isinstance(value, bool)}
        values = dict(self.fields) | {
            "who": f"client({number})",
            "data": SPOKEN if spoken else self._data(loop),
            "options": ", ".join(f"{name}={value}" for name, value in options.items() if name != "if_room"),
        }
        if self.client is not None:
            values["number"] = number
        values.setdefault("spare", 0)
        call = CALLS[self.do]
        if self.do == "connect" and self.frozen:
            call = "join_queue({number}" + (", {options})" if values["options"] else ")")
        elif self.do == "connect" and options.get("if_room"):
            call = "connect_if_room({number}" + (", {options})" if values["options"] else ")")
        elif self.do == "connect" and options.get("promised") is False:
            call = "come_meanwhile({number})"
        elif self.do == "datagram":
            more = ", {options})" if values["options"] else ")"
            call = ("queue_datagram({number}, {data}" if self.frozen else "sender({number}).say({data}") + more
        text = call.format(**values)
        return f"arrived({text})" if self.frozen and self.do in ARRIVING else text

    def _data(self, loop: tuple[int, str] | None) -> str:
        if not isinstance(self.said, tuple):
            return self.said or ""
        name, apart, size, start = self.said
        data = tape(apart + (self.client or 0), size, start)
        if name == "tape" and not start and size < 22 and (loop is None or not loop[1]):
            return repr(data)
        number = _expression(apart + (self.client or 0), loop)
        return f"{name}({number}, {size}, {start})" if start else f"{name}({number}, {size})"


def case_code(steps: Sequence[Mapping[str, Any]], stopped_at: int | None) -> list[str]:
    """The lines of the function that plays these steps, in the form of `conformance.harness.as_data`."""
    calls = list(_calls(steps, stopped_at))
    lines = []
    at = 0
    while at < len(calls):
        period, times = _rounds(calls, at)
        words = _words(calls, at)
        if period * times >= words and times >= FEWEST_ROUNDS:
            lines += _loop(calls[at : at + period], calls[at : at + period * times], times)
            at += period * times
        elif words >= FEWEST_WORDS:
            lines += _speech(calls[at : at + words])
            at += words
        else:
            lines.append(_line(calls[at].code(), calls[at : at + 1]))
            at += 1
    if any(call.do == "await released" for call in calls):
        lines.insert(0, "note_sockets()")
    return lines


def needs_process(steps: Sequence[Mapping[str, Any]]) -> bool:
    """Whether they are done to the server itself, or seen of it."""
    return any(step["do"] in NEEDS_PROCESS for step in steps)


def _calls(steps: Sequence[Mapping[str, Any]], stopped_at: int | None) -> Iterator[Call]:
    frozen = False
    for index, step in enumerate(steps):
        fields = {name: value for name, value in step.items() if name not in {"do", "client", "data"}}
        client = step.get("client")
        said = _said(step["data"], client or 0) if "data" in step else None
        yield Call(step["do"], client, frozen, tuple(fields.items()), said, index == stopped_at)
        frozen = (frozen or step["do"] == "freeze") and step["do"] != "thaw"


def _said(data: str | Mapping[str, Any], client: int) -> tuple[str, int, int, int] | str:
    if isinstance(data, str):
        literal = ast.literal_eval(data)
        if literal and literal == tape(client, len(literal)):
            return "tape", 0, len(literal), 0
        return _literal(literal)
    ((how, told),) = data.items()
    if how == "repeat":
        return f"{ast.literal_eval(told[0])!r} * {int(told[1])}"
    number, size, start = map(int, told)
    return how.replace("-", "_"), number - client, size, start


def _literal(data: bytes) -> str:
    """Bytes as an expression, in which a long run of one byte is told by its length."""
    pieces, at = [], 0
    for run in LONG_RUN.finditer(data):
        pieces += [repr(data[at : run.start()])] if run.start() > at else []
        pieces.append(f"{run[1]!r} * {len(run[0])}")
        at = run.end()
    return " + ".join(pieces + ([repr(data[at:])] if at < len(data) or not data else []))


def _rounds(calls: Sequence[Call], at: int) -> tuple[int, int]:
    """How many calls from there on are a round, and how often it is made, each time by the next client or the same."""
    best = 1, 1
    for period in range(1, LONGEST_ROUND + 1):
        times = 1
        moves = [_move(calls, at + place, period) for place in range(period)]
        while all(
            move is not None and _follows(calls, at + place, at + place + times * period, times * move)
            for place, move in enumerate(moves)
        ):
            times += 1
        if times >= FEWEST_ROUNDS and period * times > best[0] * best[1]:
            best = period, times
    return best


def _move(calls: Sequence[Call], first: int, period: int) -> int | None:
    """By how much the client's number grows from one round to the next: not at all, or by one."""
    if first + period >= len(calls):
        return None
    one, other = calls[first].client, calls[first + period].client
    return next((move for move in (0, 1) if one is not None and other == one + move), 0 if one is other else None)


def _follows(calls: Sequence[Call], first: int, later: int, apart: int) -> bool:
    if later >= len(calls):
        return False
    one, other = calls[first], calls[later]
    client = one.client + apart if one.client is not None else None
    return replace(one, client=client, here=False) == replace(other, here=False)


def _words(calls: Sequence[Call], at: int) -> int:
    """How many calls from there on differ in nothing but what is said."""
    first = calls[at]
    if first.said is None:
        return 0
    alike = replace(first, said=None, here=False)
    words = 0
    while at + words < len(calls):
        call = calls[at + words]
        if call.said is None or replace(call, said=None, here=False) != alike:
            break
        words += 1
    return words


def _loop(body: Sequence[Call], calls: Sequence[Call], times: int) -> list[str]:
    period = len(body)
    moving = [call for call, later in zip(body, calls[period:], strict=False) if call.client != later.client]
    if not moving:
        head, loop = f"for _ in range({times}):", None
    else:
        first = moving[0].client or 0
        head, loop = f"for {LOOPED} in range({first}, {first + times}):", (first, LOOPED)
    lines = [head]
    for place, call in enumerate(body):
        own = loop if call in moving else None
        lines.append("    " + _line(call.code(own), calls[place::period], loop))
    return lines


def _speech(calls: Sequence[Call]) -> list[str]:
    """One call for many things that are said, one after the other."""
    lines, line = (
        [
            f"for {SPOKEN} in (",
        ],
        "   ",
    )
    for call in calls:
        word = f" {call._data(None)},"
        if len(line) + len(word) > LONGEST_LINE - 4 and line.strip():
            lines.append(line)
            line = "   "
        line += word
    return [*lines, line, "):", "    " + _line(calls[0].code(spoken=True), calls)]


def _line(code: str, calls: Sequence[Call], loop: tuple[int, str] | None = None) -> str:
    """The call, marked where it is the one that could not be done."""
    here = next((place for place, call in enumerate(calls) if call.here), None)
    if here is None:
        return code
    which = f", when {loop[1]} is {loop[0] + here}" if loop else f", the {here + 1}. time" if len(calls) > 1 else ""
    return f"{code}  # <- here it went wrong{which}"


def _expression(number: int, loop: tuple[int, str] | None) -> str:
    if loop is None:
        return str(number)
    first, variable = loop
    return variable if number == first else f"{variable} {'+' if number > first else '-'} {abs(number - first)}"
