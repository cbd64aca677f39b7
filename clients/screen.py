"""What becomes of what is typed and of what the server says: through pipes, on a terminal, and with a line to edit.

Each has `out`, what is still to be written, and `ended`, whether input has come to its end.
"""

from __future__ import annotations

from clients.line_editor import LineEditor, tail
from clients.terminal import columns, plain

# Go to the beginning of the line and erase to its end (ECMA-48: CR and EL).
FRESH_LINE = b"\r\x1b[K"


class Through:
    """Every byte passes as it is, both ways: at the other end of a pipe is a program."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.ended = False

    def typed(self, data: bytes) -> bytes:
        """Return what is to be sent for what was read; nothing read is the end of input."""
        self.ended = not data
        return data

    def heard(self, said: bytes) -> None:
        """Show what the server said."""
        self.out += said

    def redrawn(self) -> None:
        """Show again what was on the screen before somebody else wrote there."""

    def over(self) -> None:
        """Leave the screen to others."""


class Shown(Through):
    """What the server says goes to a terminal: each piece begins a line, and harms nothing there."""

    def heard(self, said: bytes) -> None:
        """Show what the server said, escaped."""
        self.out += plain(said)


class Edited(Shown):
    """What is typed goes to that terminal too: a half typed line gives way to what the server says, and comes back."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self.fd = fd
        self.editor = LineEditor()

    def typed(self, data: bytes) -> bytes:
        """Return the lines that are finished, and show how the next one stands."""
        lines = self.editor.typed(data)
        self.ended = self.editor.ended or not data
        self.out += FRESH_LINE + b"".join(tail(line.removesuffix(b"\n"), 2 * len(line)) + b"\n" for line in lines)
        self._draw()
        return b"".join(lines)

    def heard(self, said: bytes) -> None:
        """Show what the server said, and below it the half typed line."""
        self.out += FRESH_LINE
        super().heard(said)
        self._draw()

    def redrawn(self) -> None:
        """Show the half typed line again."""
        self.out += FRESH_LINE
        self._draw()

    def over(self) -> None:
        """Leave the half typed line behind."""
        if self.editor.line:
            self.out += b"\n"

    def _draw(self) -> None:
        self.out += tail(self.editor.line, columns(self.fd) - 1)
