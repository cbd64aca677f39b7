"""What went wrong in a reply, told from the text that came from the first wrong byte on."""

import re
from typing import Final

from conformance.oracle import literal
from conformance.oracle.fault import FaultKind
from conformance.oracle.reply import ReplyReader
from conformance.oracle.spans import shown
from conformance.oracle.stream import Departure
from conformance.oracle.trace import Finding, foreign, is_telling, origin, trace

# Where a reply breaks off, perhaps inside an escape, and the next one begins: the mark of a short send.
_NEXT_REPLY: Final = re.compile(rb"(?:\\(?:x[0-9a-f]?)?)?(?=Server received b['\"])")
_BROKEN_OFF: Final = "a reply breaks off and another begins"
# What `printf("\\x%02x", c)` makes of a signed char.
_SIGN_EXTENDED: Final = re.compile(rb"\\xffffff([89a-f][0-9a-f])")
_REST_OF_EXTENDED_FF: Final = b"ffffff"


def explain(sent: bytearray, departure: Departure) -> Finding:
    """Say what is wrong with the reply that departs there."""
    due, known, kept = departure.sent_offset, departure.known, bytes(departure.kept)
    if known == 0:
        return foreign(sent, due, known, kept)
    if departure.breach is not None:
        finding = Finding(FaultKind.MALFORMED, f"{departure.breach}: {shown(kept)} came")
    else:
        finding = trace(sent, due, known, _contents(kept, departure.quote))
    if finding.kind not in (FaultKind.FOREIGN, FaultKind.MALFORMED):
        return finding
    return _broken_off(sent, due, known, kept) or _misspelt(sent, due, kept) or finding


def _contents(text: bytes, quote: bytes) -> bytes:
    """Return the bytes that the replies in a text spell, as far as it is well-formed.

    The text may begin inside a literal, which ``quote`` then closes.
    """
    start, contents = 0, b""
    if quote:
        end = literal.body_end(text, 0, quote)
        contents = literal.decode(text[:end])
        if not text.startswith(quote, end):
            return contents
        start = end + 1
    bodies = ReplyReader(limit=len(text)).bodies(text[start:])
    return contents + b"".join(literal.decode(body) for body, _ in bodies)


def _broken_off(sent: bytearray, due: int, known: int, kept: bytes) -> Finding | None:
    """Recognise a reply of which the rest never came, by the next one."""
    if (found := _NEXT_REPLY.match(kept)) is None:
        return None
    came = _contents(kept[found.end() :], b"")
    ahead, behind = origin(sent, came, due, known), origin(sent, came, 0, due)
    if not is_telling(came, max(ahead, behind, key=lambda place: place.length)):
        return None
    if ahead.length >= behind.length:
        return Finding(FaultKind.LOST, f"{_BROKEN_OFF}, with byte {ahead.start} of what was sent")
    return Finding(FaultKind.DOUBLED, f"{_BROKEN_OFF}, with byte {behind.start} of what was sent, answered already")


def _misspelt(sent: bytearray, due: int, kept: bytes) -> Finding | None:
    """Recognise a wrong spelling of the byte that was due, though each piece of it may be a canonical atom."""
    byte = sent[due] if due < len(sent) else None
    extended = _SIGN_EXTENDED.match(kept)
    is_extended = extended is not None and int(extended[1], 16) == byte
    if is_extended or (due > 0 and sent[due - 1] == 0xFF and kept.startswith(_REST_OF_EXTENDED_FF)):
        return Finding(FaultKind.MALFORMED, f"a byte is sign-extended in its escape: {shown(kept)} came")
    following = sent[due + 1 : due + 2] or literal.SINGLE
    if byte == ord("\\") and kept.startswith(b"\\" + following) and not kept.startswith(rb"\\"):
        return Finding(FaultKind.MALFORMED, f"a backslash is not escaped: {shown(kept)} came")
    return None
