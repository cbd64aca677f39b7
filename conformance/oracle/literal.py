r"""The canonical bytes literal: the text, and the only text, that Python's ``repr`` gives for a bytes object.

The rules, from CPython's ``PyBytes_Repr``:

1. The literal is ``b'...'``; it is ``b"..."`` when the content has a ``'`` and no ``"``.
2. Tab, newline, carriage return, the backslash, and a ``'`` between single quotes, take a backslash:
   ``\t \n \r \\ \'``.
3. Every other byte outside 0x20..0x7e is ``\xNN``, two hexadecimal digits in lower case.
4. All else stands for itself. A ``"`` is therefore never escaped.

A *body* is the text between the quotes. It is made of *atoms*, each of which spells one byte, so a body can be judged
in pieces that are cut between atoms. Rule 1 alone needs the whole content.
"""

import re
from typing import Final

SINGLE: Final = b"'"
DOUBLE: Final = b'"'

_SHORT_ESCAPES: Final = {0x09: rb"\t", 0x0A: rb"\n", 0x0D: rb"\r", 0x5C: rb"\\"}
_PRINTABLE: Final = range(0x20, 0x7F)


def _spelling(byte: int) -> bytes:
    if byte in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[byte]
    return bytes([byte]) if byte in _PRINTABLE else b"\\x%02x" % byte


_IN_DOUBLE: Final = tuple(_spelling(byte) for byte in range(256))
_IN_SINGLE: Final = tuple(rb"\'" if byte == ord(SINGLE) else atom for byte, atom in enumerate(_IN_DOUBLE))
_ATOMS: Final = {SINGLE: _IN_SINGLE, DOUBLE: _IN_DOUBLE}
_BYTES: Final = {atom: bytes([byte]) for atoms in _ATOMS.values() for byte, atom in enumerate(atoms)}
_BARE: Final = bytes(byte for byte, atom in enumerate(_IN_SINGLE) if len(atom) == 1)
_HEXED: Final = bytes(byte for byte, atom in enumerate(_IN_SINGLE) if atom.startswith(rb"\x"))

_ESCAPED_HEX: Final = rb"\\x(?:0[0-8bcef]|[189a-f][0-9a-f]|7f)"
# Possessive, so that a body is walked once and never backtracked over. Like stands beside like most of the time.
_BODY: Final = {
    SINGLE: re.compile(rb"(?:[ -&(-\[\]-~]++|(?:%s)++|\\[tnr\\'])*+" % _ESCAPED_HEX),
    DOUBLE: re.compile(rb"(?:[ !#-\[\]-~]++|(?:%s)++|\\[tnr\\])*+" % _ESCAPED_HEX),
}
_ATOM: Final = re.compile(rb"\\x..|\\.|[^\\]")
_BEGUN_ESCAPE: Final = re.compile(rb"\\(?:x[0-9a-f]?)?")
_LOWER_HEX: Final = re.compile(rb"\\x([0-9a-f]{2})")
_UPPER_HEX: Final = re.compile(rb"\\x[0-9a-f]?[A-F]")


def quote_for(content: bytes | bytearray) -> bytes:
    """Return the quote that the literal of this content stands between."""
    return DOUBLE if SINGLE in content and DOUBLE not in content else SINGLE


def spell(content: bytes, quote: bytes) -> bytes:
    """Return the body that spells this content between these quotes."""
    if not content.translate(None, _BARE):
        return content
    if not content.translate(None, _HEXED):  # as most of what comes back is: no step for each byte
        return ("x" + content.hex("x")).replace("x", r"\x").encode("ascii")
    return b"".join(map(_ATOMS[quote].__getitem__, content))


def literal(content: bytes) -> bytes:
    """Return the canonical literal of this content, its ``b`` and its quotes included."""
    quote = quote_for(content)
    return b"b" + quote + spell(content, quote) + quote


def body_end(text: bytes, start: int, quote: bytes) -> int:
    """Return where the canonical atoms that begin at ``start`` come to an end, at the latest at the end of the text."""
    found = _BODY[quote].match(text, start)
    return found.end() if found else start


def size(body: bytes) -> int:
    """Return how many bytes a canonical body spells, without decoding it."""
    if b"\\" not in body:
        return len(body)
    # With the escaped backslashes out of the way, every backslash that is left begins an escape.
    rest = body.replace(b"\\\\", b"/")
    return len(rest) - rest.count(b"\\") - 2 * rest.count(b"\\x")


def decode(body: bytes) -> bytes:
    """Return the bytes that a canonical body spells."""
    return b"".join(map(_BYTES.__getitem__, _ATOM.findall(body)))


def is_begun_escape(text: bytes, start: int) -> bool:
    """Tell whether the text from ``start`` to its end is an escape of which the rest may still come."""
    return _BEGUN_ESCAPE.fullmatch(text, start) is not None


def misspelling(text: bytes, start: int) -> str:
    """Say what is wrong with the text at ``start``, which no canonical atom matches.

    The sentence depends on nothing behind the first impossible byte, so it is the same however the text was cut.
    """
    if text[start] != ord("\\"):
        return f"byte 0x{text[start]:02x} stands bare where {_IN_SINGLE[text[start]].decode('ascii')} is canonical"
    if (found := _LOWER_HEX.match(text, start)) is not None:
        byte = int(found[1], 16)
        return f"byte 0x{byte:02x} is spelt in hexadecimal, which is not canonical"
    if _UPPER_HEX.match(text, start) is not None:
        return "hexadecimal digits are upper case"
    if text[start + 1 : start + 2] == b"x":
        return "two hexadecimal digits do not follow a \\x"
    return "no such escape is canonical here"
