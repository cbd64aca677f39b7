"""Where bytes that were not due come from: lost, doubled, swapped or foreign.

What came is traced by its beginning, as far as that stands together anywhere in what was sent. A short beginning may
be found by chance, so it counts only if it is all that came, if it is long enough, or if what follows on it is what
a swap or a doubling would have follow. Contents in which each stretch occurs once are told apart exactly; for others
the nearest explanation is given.
"""

from typing import Final, NamedTuple

from conformance.oracle.fault import FaultKind
from conformance.oracle.spans import shared, shown, span

# The needles of all searches are bounded, so that a search takes time in proportion to what was sent.
_NEEDLE_BYTES: Final = 64
# Eight bytes are hardly found by chance, even in text.
_TELLING_BYTES: Final = 8
# What a text decoder puts in the place of what it cannot decode, U+FFFD in UTF-8.
_REPLACEMENT: Final = b"\xef\xbf\xbd"


class Finding(NamedTuple):
    """The kind of a fault, and a sentence that says it."""

    kind: FaultKind
    detail: str


class Origin(NamedTuple):
    """The place in what was sent at which the longest beginning of some bytes stands."""

    start: int
    length: int


def trace(sent: bytearray, due: int, known: int, came: bytes) -> Finding:
    """Say what became of the answer at byte ``due`` of what was sent, where ``came`` was answered instead.

    ``known`` is how many bytes had been sent by then: what came cannot have begun behind them.
    """
    ahead = origin(sent, came, due + 1, known)
    behind = origin(sent, came, 0, due)
    first, second = _from_ahead(sent, due, came, ahead), _from_behind(sent, due, came, behind)
    if behind.length > ahead.length:
        first, second = second, first
    return first or second or foreign(sent, due, known, came)


def origin(sent: bytearray, came: bytes, first: int, stop: int) -> Origin:
    """Find the longest beginning of ``came`` in ``sent``, where it has to start in ``first`` to ``stop - 1``."""
    low, high, start = 0, min(len(came), _NEEDLE_BYTES), first
    while low < high:
        middle = (low + high + 1) // 2
        found = sent.find(came[:middle], first, max(stop, first) + middle - 1)
        if found < 0:
            high = middle - 1
        else:
            low, start = middle, found
    if low == 0:
        return Origin(first, 0)
    return Origin(start, shared(came, bytes(sent[start : start + len(came)])))


def is_telling(came: bytes, found: Origin) -> bool:
    """Tell whether so much of what came was found that it is hardly chance."""
    return found.length >= min(_TELLING_BYTES, max(len(came), 1))


def _from_ahead(sent: bytearray, due: int, came: bytes, ahead: Origin) -> Finding | None:
    start, length = ahead
    skipped, rest = span(due, start), came[length:]
    if length and _follows(came, length, *_core(sent, due, start)):
        detail = f"byte {start} and on of what was sent came ahead of {skipped}: {shown(came)}"
        return Finding(FaultKind.SWAPPED, detail)
    if is_telling(came, ahead) or (length and is_telling(rest, origin(sent, rest, start + length, len(sent)))):
        detail = f"{skipped} of what was sent went unanswered: byte {start} and on came instead, {shown(came)}"
        return Finding(FaultKind.LOST, detail)
    return None


def _from_behind(sent: bytearray, due: int, came: bytes, behind: Origin) -> Finding | None:
    left = len(came) - behind.length
    resumed = _follows(came, behind.length, bytes(sent[due : due + min(left, _TELLING_BYTES)]))
    if behind.length and (resumed or is_telling(came, behind)):
        where = f"byte {due} was due" if due < len(sent) else "nothing was due"
        detail = f"byte {behind.start} and on of what was sent came a second time where {where}: {shown(came)}"
        return Finding(FaultKind.DOUBLED, detail)
    return None


def _core(sent: bytearray, due: int, start: int) -> tuple[bytes, int]:
    """Return what of the bytes from ``due`` to ``start`` was skipped for certain, and how many may be out of place.

    Where two stretches begin alike, the first wrong byte stands behind what they share. What was skipped then began
    as much earlier, and ended as much earlier too.
    """
    before_due, before_start = sent[max(0, due - _NEEDLE_BYTES) : due], sent[max(0, start - _NEEDLE_BYTES) : start]
    alike = shared(bytes(before_due[::-1]), bytes(before_start[::-1]))
    core = bytes(sent[due : start - alike])
    return (core, alike) if core else (bytes(sent[due:start]), 0)


def _follows(came: bytes, length: int, awaited: bytes, slack: int = 0) -> bool:
    """Tell whether ``awaited`` follows on the first ``length`` bytes, which may have run on into it by chance.

    After a beginning that may be chance it has to follow at once, give or take the slack; else it may come any later.
    """
    if length == len(came):
        return False
    needle = awaited[:_NEEDLE_BYTES]
    start = max(1, length - len(awaited) - slack)
    stop = len(came) if length >= _TELLING_BYTES <= len(needle) else length + len(needle) + slack
    return bool(needle) and came.find(needle, start, stop) >= 0


def foreign(sent: bytearray, due: int, known: int, came: bytes) -> Finding:
    """Say that what came was not sent, or not by then."""
    if known == 0:
        detail = f"{shown(came)} came before anything was sent"
    elif due == known:
        detail = f"{shown(came)} came where nothing was due"
    else:
        detail = f"{shown(came)} came where {shown(bytes(sent[due : due + _NEEDLE_BYTES]))} was due"
    if came.startswith(_REPLACEMENT):
        detail += " (U+FFFD: bytes were decoded as text)"
    return Finding(FaultKind.FOREIGN, detail)
