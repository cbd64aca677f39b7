"""Text that shows as what it is: bounded, with no character that a reader would not see or that would move others."""

from __future__ import annotations

import unicodedata

MOST_CHARACTERS = 4000
# Controls, what changes the direction of text or is not seen, halves of pairs, and what no font has.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def hardened(text: str, most: int = MOST_CHARACTERS) -> str:
    r"""The text with such characters as `\xNN` or `\uNNNN`, newlines and tabs apart, and no longer than `most`."""
    cut = text if len(text) <= most else f"{text[:most]}\u2026 ({len(text):,} characters)"
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in _UNSEEN else _escaped(c) for c in cut)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
