"""A case as the lines of a program."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from conformance.harness import script as s
from conformance.harness.as_data import case_to_data
from conformance.harness.tape import tape, wide_tape
from conformance.report.case_code import CALLS, NEEDS_PROCESS, case_code, needs_process

if TYPE_CHECKING:
    from collections.abc import Iterator


def lines(*steps: s.Step | s.Script, stopped_at: int | None = None) -> list[str]:
    return case_code(case_to_data(s.script(*steps)), stopped_at)


def kinds(of: type[s.Step] = s.Step) -> Iterator[str]:
    for kind in of.__subclasses__():
        if kind.__module__ == s.__name__:  # a client's case has steps of its own
            if kind.__name__ != s.ClientStep.__name__:
                yield s.words(kind.__name__)
            yield from kinds(kind)


def test_every_kind_of_step_has_a_call() -> None:
    assert set(kinds()) == set(CALLS)
    assert set(CALLS) >= NEEDS_PROCESS


def test_a_short_case_reads_step_by_step() -> None:
    assert lines(
        s.Connect(1, narrow=True),
        s.Ping(1, tape(1, 16)),
        s.Stall(1),
        s.Send(1, wide_tape(1, 8192)),
        s.AwaitBlocked(1),
        s.HalfClose(1),
        s.Resume(1),
        s.AwaitEnd(1),
        stopped_at=7,
    ) == [
        "client(1).connect(narrow=True)",
        "client(1).ping(b'001.000000;001.0')",
        "client(1).stall()",
        "client(1).send(wide_tape(1, 8192))",
        "await_blocked(1)",
        "client(1).half_close()",
        "client(1).resume()",
        "client(1).await_end()  # <- here it went wrong",
    ]


def test_what_is_done_to_a_frozen_server_is_seen_to_arrive() -> None:
    batch = s.script(s.Freeze(), s.Connect(1), s.Queue(2), s.Send(1, b"x"), s.Reset(1), s.Thaw())
    assert lines(batch, s.Send(2, b"y")) == [
        "freeze()",
        "join_queue(1)",
        "join_queue(2, must_find_room=True)",
        "arrived(client(1).send(b'x'))",
        "arrived(client(1).reset())",
        "thaw()",
        "client(2).send(b'y')",
    ]


def test_the_same_steps_of_one_client_after_the_other_are_a_loop() -> None:
    one = (s.script(s.Connect(n), s.Ping(n, tape(n, 9)), s.Send(n + 100, b"x"), s.Ping(800, b"y")) for n in range(1, 9))
    assert lines(*one, stopped_at=6) == [
        "for n in range(1, 9):",
        "    client(n).connect()",
        "    client(n).ping(tape(n, 9))",
        "    client(n + 100).send(b'x')  # <- here it went wrong, when n is 2",
        "    client(800).ping(b'y')",
    ]


def test_the_same_step_over_and_over_is_a_loop() -> None:
    assert lines(*[s.Ping(1, b"hello")] * 150) == ["for _ in range(150):", "    client(1).ping(b'hello')"]


def test_many_words_of_one_client_are_said_in_a_loop() -> None:
    said = [bytes([value]) for value in range(256)]
    code = lines(s.Connect(1), *(s.Ping(1, word) for word in said))
    assert code[0] == "client(1).connect()"
    assert code[-1] == "    client(1).ping(data)"
    assert all(len(line) < 120 for line in code)
    (loop,) = ast.parse("\n".join(code[1:])).body
    assert isinstance(loop, ast.For)
    assert ast.literal_eval(loop.iter) == tuple(said)


def test_who_may_find_no_room_and_who_is_promised_nothing() -> None:
    assert lines(s.Connect(1, if_room=True), s.Connect(2, promised=False)) == [
        "connect_if_room(1)",
        "come_meanwhile(2)",
    ]


def test_sockets_are_counted_before_they_are_asked_for() -> None:
    assert lines(s.Connect(1), s.AwaitReleased())[0] == "note_sockets()"


def test_a_long_literal_is_told_by_its_runs() -> None:
    assert lines(s.Send(1, b"'" + b"a" * 1023 + b"\xc3" + b"b" * 19)) == [
        """client(1).send(b"'" + b'a' * 1023 + b'\\xc3bbbbbbbbbbbbbbbbbbb')"""
    ]
    assert lines(s.Send(1, b"")) == ["client(1).send(b'')"]


def test_a_repetition_is_told_by_its_making() -> None:
    assert lines(s.Send(1, b"more" * 100)) == ["client(1).send(b'more' * 100)"]


def test_what_is_done_to_the_server_needs_its_process() -> None:
    assert needs_process(case_to_data(s.script(s.Connect(1), s.Freeze(), s.Thaw())))
    assert not needs_process(case_to_data(s.script(s.Connect(1), s.Stall(1), s.AwaitBlocked(1))))
