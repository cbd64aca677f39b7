r"""The terminal: its mode, and what may be shown on it.

Facts, from termios(3): in its usual (canonical) mode the terminal itself echoes what is typed and keeps it until the
line is finished. Nobody else knows what stands in a half typed line, so that a reply that comes meanwhile is shown in
the midst of it. The mode belongs to the terminal and outlives the process that has set it.

Decision: keys come one by one and unechoed, and the line is ours to edit (`line_editor`); signals of keys (Ctrl-C,
Ctrl-Z) stay on. The mode is given back on every way out, without waiting for output (TCSANOW): a terminal that is
stopped by Ctrl-S would keep us for ever.
"""

from __future__ import annotations

import os
import termios
from typing import Self

PRINTABLE = range(0x20, 0x7F)
NEWLINE = 0x0A

# Bytes of 8 bits too: some terminals take them for control characters, and what several of them stand for may turn the
# direction of the text.
SHOWN = [chr(b) if b in PRINTABLE or b == NEWLINE else f"\\x{b:02x}" for b in range(256)]

LINE_BYTES = 4096
"""Longer lines of a server are broken."""


def plain(said: bytes) -> bytes:
    r"""What a server says, as lines of printable ASCII of bounded length: every other byte appears as `\xNN`."""
    lines = said.removesuffix(b"\n").split(b"\n")
    pieces = [line[at : at + LINE_BYTES] for line in lines for at in range(0, len(line) or 1, LINE_BYTES)]
    return "".join("".join(map(SHOWN.__getitem__, piece)) + "\n" for piece in pieces).encode()


class Unechoed:
    """While entered, the terminal hands over each key at once and echoes none."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._mode = termios.tcgetattr(fd)

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def take(self) -> None:
        """Have keys one by one and unechoed."""
        mode = termios.tcgetattr(self.fd)
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self.fd, termios.TCSANOW, mode)

    def give_back(self) -> None:
        """Give the terminal the mode that it had."""
        termios.tcsetattr(self.fd, termios.TCSANOW, self._mode)


def columns(fd: int) -> int:
    """How wide the terminal is at the moment; 80 where it does not know."""
    return os.get_terminal_size(fd).columns or 80
