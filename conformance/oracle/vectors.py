r"""Test vectors of the literal, for whoever writes it in another language.

One line each: the chunk in hexadecimal, a tab, its literal. A line that begins with ``#`` is a comment. No literal has
a tab or a line end in it, so the text can be cut at the first tab and at each newline in any language.
"""

from collections.abc import Iterator
from typing import Final

from conformance.oracle.literal import literal

_HEAD: Final = """\
# Chunks and their literals: HEX, a tab, the literal. Written by `make docs` from the suite's own oracle.
# A server answers each chunk with `Server received ` and the literal, and with nothing before, between or behind."""

_QUOTES: Final = (
    b"it's",
    b'say "hi"',
    b'it\'s "quoted"',
    b"''",
    b'""',
    b"'\"",
    b"\"'",
    b"\\'",
    b"'\\",
    b'\\"',
)
_BACKSLASHES: Final = (b"\\\\", b"\\n", b"\\x41", b"a\\b", b"\\\n", b"\\\0")
_NOT_TEXT: Final = (
    "é".encode(),
    "\N{EURO SIGN}".encode(),
    b"\xff\xfb\x01",
    b"\xef\xbb\xbfBOM",
    b"\x80\x7f\x80",
)
_SLIGHT: Final = (
    b"00",
    b"  ",
    b"\0\0",
    b"\r\n",
    b"\n\n",
    b"b''",
    b'b""',
    b"%s %d %%",
    b"quit",
    b"1\x011",
)

SECTIONS: Final = (
    ("Each byte alone", tuple(bytes([byte]) for byte in range(256))),
    ("Quotes: both, one, the other, and beside a backslash", _QUOTES),
    ("Backslashes: one becomes two, whatever follows", _BACKSLASHES),
    ("Bytes are not text: nothing is decoded, whatever they are in UTF-8", _NOT_TEXT),
    ("Chunks that are taken for empty, for an end, for a format or for a command", _SLIGHT),
    ("All bytes in one chunk", (bytes(range(256)),)),
)


def lines() -> Iterator[str]:
    """Each line of the document, comments included, without line ends."""
    yield _HEAD
    for title, chunks in SECTIONS:
        yield f"# {title}"
        for chunk in chunks:
            yield f"{chunk.hex()}\t{literal(chunk).decode('ascii')}"


def vectors() -> str:
    """The whole document."""
    return "\n".join(lines()) + "\n"
