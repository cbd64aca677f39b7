"""Servers that treat their clients badly: a verdict that names what they did, whatever they send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hostile_runs import Way, assert_survived, python_server, run
from waiting_runs import run_together

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = "reply.prompt (MUST) does not hold"


def answers(way: str, *said: str, code: int = 1, bound_s: float = 10, k: str = "reply.prompt") -> Way:
    return Way(python_server("bad_answers.py", way), code, said, bound_s, ("-k", k))


AT_ONCE = {
    # The reset may be there before the client has looked at its handshake: then nothing was sent yet.
    "resets": answers("resets", PROMPT, "reset, after 0 bytes"),
    "half-closes": answers("half_closes", PROMPT, "byte 0 of what was sent went unanswered", "FIN, after 0 bytes"),
    "speaks first": answers("speaks_first", PROMPT, r"'220 welcome\r'... came"),
    "pours a gigabyte": answers("pours_a_gigabyte", PROMPT, "xxxxxxxx", bound_s=20),
    "answers for ever": Way(
        python_server("endless.py"),
        1,
        ("reply.unsolicited (MUST) does not hold", "came where", "due"),
        20,
        ("-k", "reply.unsolicited or reply.prompt"),
    ),
    "answers controls": answers("answers_controls", PROMPT, r"\x00\x01"),
    "quotes controls": answers("quotes_controls", PROMPT, r"'\x1b]52;c;cm0gL'... came"),
    "answers HTML": answers("answers_html", PROMPT, "'<script>aler'... came"),
    "answers no text": answers("answers_no_text", PROMPT, r"\xff\xfe\xc0\x80"),
    "answers another": answers("answers_another", PROMPT, "'nobody' came where '0' was due"),
    "dies later": answers("dies_later", "(MUST) does not hold", "was ended by SIGSEGV", k="close.eof or reply.prompt"),
    "exits at each connection": Way(
        python_server("exits_at_first_connection.py"),
        1,
        ("reply.prompt (MUST) does not hold", "exited with status 3", "its last line was: fatal: a client connected"),
        10,
    ),
}

# A first silence is waited for 10 s, on two copies of the server.
SILENT = {
    "says nothing": Way(
        python_server("silent.py"),
        1,
        (PROMPT, "nothing more came for", "0 of the 1 bytes it sent were answered", "Server: still running"),
        bound_s=40,
        options=("-k", "reply.prompt or close.eof"),
    ),
    "answers who is gone": answers("answers_when_gone", PROMPT, "nothing more came for", bound_s=40),
    "never ends": answers(
        "never_ends", "close.eof (MUST) does not hold", "and then FIN", bound_s=40, k="eof or prompt"
    ),
    "stops reading": answers(
        "stops_reading", "close.eof (MUST) does not hold", "then FIN", bound_s=40, k="eof or prompt"
    ),
    "answers once": answers("answers_once", "reply.sequence (MUST) does not hold", bound_s=40, k="reply.sequence"),
    "drips": answers(
        "drips", "with one lone message after", "it may be right, and is too slow to be judged", code=3, bound_s=40
    ),
    "dawdles": answers("dawdles", "conformant (1 pass)", code=0, bound_s=40),
}


@pytest.mark.parametrize("way", AT_ONCE.values(), ids=AT_ONCE)
def test_a_server_that_answers_badly(way: Way, tmp_path: Path) -> None:
    assert_survived(way, run(way, tmp_path))


@pytest.mark.long
def test_servers_that_keep_the_suite_waiting(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name, ran in run_together(SILENT, tmp_path):
        with subtests.test(name):
            assert_survived(SILENT[name], ran)
