"""The page about the clients shows a terminal as it really looks."""

from __future__ import annotations

import re

from clients_run import ROOT, AtTerminal, serving

from clients.screen import FRESH_LINE

PAGE = (ROOT / "docs" / "clients.md").read_text()


def test_the_terminal_that_is_shown() -> None:
    shown = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    with serving() as port, AtTerminal("interactive", "--port", port) as terminal:
        terminal.await_unechoed()
        terminal.type(b"hello\n")
        terminal.see(rb"hello\n'" + b"\r\n")
        terminal.type(b"no newline\x04")
        terminal.see(b"no newline'\r\n")
        terminal.type(b"\x04")
        assert terminal.end() == 0
    lines = terminal.all_said.split(b"\r\n")
    screen = [line.rpartition(FRESH_LINE)[2].decode() for line in lines]
    assert "\n".join(screen) == shown[0]
