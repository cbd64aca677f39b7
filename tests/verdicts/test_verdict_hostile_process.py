"""Servers whose processes do what no server should: what they leave is cleared up, and what they are is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hostile_runs import Way, assert_survived, python_server, run
from waiting_runs import run_together

if TYPE_CHECKING:
    from pathlib import Path

CONFORMANT = "conformant (3 pass)"
SOME = "reply.prompt or close.eof or readiness.stop-continue"


def process(way: str, *said: str, code: int = 0, bound_s: float = 10, k: str = SOME) -> Way:
    return Way(python_server("bad_process.py", way), code, said or (CONFORMANT,), bound_s, ("-k", k))


AT_ONCE = {
    "forks, and ignores SIGTERM": Way(
        python_server("forks_and_ignores_term.py"), 0, (CONFORMANT,), options=("-k", SOME)
    ),
    "detaches a grandchild": process("detaches"),
    "leaves a child with each client": process("leaves_a_child"),
    "serves from a child": process("serves_from_a_child"),
    "ignores all signals": process("survives_signals"),
    "deletes its folder": process("deletes_its_folder"),
    "renames itself": process("renames_itself"),
    "eats memory": process("eats_memory"),
    "closes its output": process("closes_its_output"),
    "writes a long line": process("writes_a_long_line"),
    "floods its output": Way(python_server("floods_output.py"), 0, (CONFORMANT,), options=("-k", SOME)),
    "dies with last words": process(
        "dies_with_last_words",
        "exited with status 7; its last line was: ",
        r"\x1b]0;title\x07\x1b]52;c;cm0gLXJm\x07",
        r"<script>alert(1)</script>\xff\xfe\xc0\x80 the end",
        code=1,
        k="reply.prompt",
    ),
}

# A first silence is waited for 10 s, on two copies of the server.
SILENT = {
    "stops at a connection": process(
        "stops_at_a_connection",
        "reply.prompt (MUST) does not hold",
        "the server is stopped, as by SIGSTOP",
        code=1,
        bound_s=40,
        k="reply.prompt",
    ),
    "stops later": process(
        "stops_later",
        "close.drains-before-fin (MUST) does not hold",
        "the server is stopped",
        code=1,
        bound_s=60,
        k="drains-before",
    ),
    "stops when continued": process(
        "stops_again",
        "readiness.stop-continue (MUST) does not hold",
        "the server is stopped, as by SIGSTOP",
        code=1,
        bound_s=40,
        k="readiness.stop-continue or close.coalesced",
    ),
    "closes its listener": process(
        "closes_its_listener", "reply.prompt (MUST) does not hold", code=1, bound_s=60, k="reply.prompt"
    ),
}


@pytest.mark.parametrize("way", AT_ONCE.values(), ids=AT_ONCE)
def test_a_process_out_of_the_common(way: Way, tmp_path: Path) -> None:
    assert_survived(way, run(way, tmp_path))


@pytest.mark.long
def test_processes_that_keep_the_suite_waiting(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name, ran in run_together(SILENT, tmp_path):
        with subtests.test(name):
            assert_survived(SILENT[name], ran)
