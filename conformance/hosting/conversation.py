"""How a client is talked to, and how its standard output tells what was delivered.

A client that sends what it reads, and writes what it hears, delivers the bytes themselves. One that prints in words of
its own tells them by a pattern: group `text` has bytes as they are, or group `literal` a bytes literal; group `who`,
where there is one, keeps connections apart. What is not matched says nothing of delivery.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

LITERAL = rb"""b'(?:[^'\\\n]|\\.)*'|b"(?:[^"\\\n]|\\.)*\""""
WORDS = re.compile(rb"^(?P<who>[^\n]*): received (?P<literal>" + LITERAL + rb")$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a client does by itself.

    `typed` says that it sends what is on its standard input, over one connection, and nothing else; `whole` that it
    tells of whole replies alone, and not of one that was cut short.
    """

    name: str
    typed: bool = False
    whole: bool = False
    pattern: re.Pattern[bytes] | None = None

    def delivered(self, output: bytes) -> list[bytes]:
        """What an output says was delivered, on each connection."""
        if self.pattern is None:
            return [output] if output else []
        by_who: dict[bytes, bytearray] = {}
        for match in self.pattern.finditer(output):
            groups = match.groupdict()
            by_who.setdefault(groups.get("who") or b"", bytearray()).extend(_told(groups))
        return [bytes(told) for told in by_who.values()]


def _told(groups: dict[str, bytes | None]) -> bytes:
    literal = groups.get("literal")
    if literal is None:
        return groups.get("text") or b""
    try:
        value = ast.literal_eval(literal.decode("ascii"))
    except (ValueError, SyntaxError):  # it was matched by the user's pattern, and is what it is
        return literal
    return value if isinstance(value, bytes) else literal


LINES = "lines"
CONVERSATIONS = {
    each.name: each
    for each in (
        Conversation(LINES, typed=True),
        Conversation("tutorial", whole=True, pattern=WORDS),
        Conversation("many", pattern=WORDS),
    )
}


def with_pattern(conversation: Conversation, pattern: str) -> Conversation:
    """The same, of a client whose output is read by the user's pattern. Raises ValueError where it tells nothing."""
    try:
        compiled = re.compile(pattern.encode(), re.MULTILINE | re.DOTALL)
    except re.error as error:
        msg = f"{pattern!r} is no regular expression: {error}"
        raise ValueError(msg) from None
    if not {"text", "literal"} & set(compiled.groupindex):
        msg = f"{pattern!r} has no group (?P<text>...) or (?P<literal>...): one of them is what was delivered"
        raise ValueError(msg)
    return Conversation(conversation.name, conversation.typed, conversation.whole, compiled)
