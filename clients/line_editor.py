r"""A line that is being typed: keys in, finished lines out. It knows no terminal.

Keys: Backspace, Ctrl-W (a word), Ctrl-U (the line), Enter. Ctrl-D sends what is typed as it stands, and is the end of
input in an empty line, as in a terminal's usual mode. Sequences that begin with Escape, as of arrow keys, are passed
over, and so are the other control characters.
"""

from __future__ import annotations

import re

LONGEST_BYTES = 4095
"""As in a terminal's usual mode (termios(3)): what is typed beyond it is dropped."""

ENTER, END, ERASE, ERASE_WORD, ERASE_LINE = b"\r\n", b"\x04", b"\x7f\x08", b"\x17", b"\x15"

# A whole sequence (ECMA-48, or Alt and a key), or the beginning of one at the end: the next read may bring the rest.
SEQUENCE = rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[ -NP-Z\\-~])"
BEGUN = rb"(?P<begun>\x1b(?:\[[0-?]*[ -/]*|O)?\Z)"
BEGUN_BYTES = 16
ESCAPED = re.compile(SEQUENCE + b"|" + BEGUN)
# Of UTF-8, in which continuation bytes go with the first one.
LAST_CHARACTER = re.compile(rb"(?:[\xc0-\xff][\x80-\xbf]*|.)\Z", re.DOTALL)


class LineEditor:
    """`line` is what has been typed of the next one; `ended` whether input has come to its end."""

    def __init__(self) -> None:
        self.line = b""
        self.ended = False
        self._begun = b""

    def typed(self, keys: bytes) -> list[bytes]:
        """Take keys as they came, and return what is to be sent, each finished line with its newline."""
        keys, self._begun = self._begun + keys, b""
        sent: list[bytes] = []
        for value in ESCAPED.sub(self._passed_over, keys):
            if self.ended:
                break
            key = bytes([value])
            if key in ENTER or key == END:
                sent += self._finished(key)
            else:
                self._edit(key)
        return sent

    def _passed_over(self, sequence: re.Match[bytes]) -> bytes:
        self._begun = (sequence["begun"] or b"")[:BEGUN_BYTES]
        return b""

    def _finished(self, key: bytes) -> list[bytes]:
        line, self.line = self.line, b""
        if key == END:
            self.ended = not line
            return [line] if line else []
        return [line + b"\n"]

    def _edit(self, key: bytes) -> None:
        if key in ERASE:
            self.line = LAST_CHARACTER.sub(b"", self.line)
        elif key == ERASE_WORD:
            self.line = re.sub(rb"\S*\s*\Z", b"", self.line)
        elif key == ERASE_LINE:
            self.line = b""
        elif key >= b" " and len(self.line) < LONGEST_BYTES:
            self.line += key


def tail(line: bytes, columns: int) -> bytes:
    """As much of the end of the line as fits into so many columns; a control or half a character shows as `?`."""
    shown: list[str] = []
    for character in reversed(line.decode(errors="replace")):
        columns -= 1 if character.isascii() else 2  # no character is wider
        if columns < 0:
            break
        shown.append(character if character.isprintable() and character != "\N{REPLACEMENT CHARACTER}" else "?")
    return "".join(reversed(shown)).encode()
