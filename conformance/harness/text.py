"""What a server says is hostile: before it is shown it is made short and plain."""

from __future__ import annotations

SHOWN_CHARACTERS = 200


def plain(said: bytes | str, most: int = SHOWN_CHARACTERS) -> str:
    r"""Printable ASCII of bounded length: everything else, escape sequences above all, appears as `\xNN`."""
    data = said.encode("utf-8", "backslashreplace") if isinstance(said, str) else said
    cut = data[:most]
    text = "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x5C else "\\\\" if b == 0x5C else f"\\x{b:02x}" for b in cut)
    return text if len(cut) == len(data) else f"{text}... ({len(data):,} bytes)"


def seconds(value_s: float) -> str:
    """A duration as people say it."""
    return f"{value_s * 1000:.0f} ms" if value_s < 1 else f"{value_s:.3g} s"
