"""Messages and their replies, and what is a legal answer to several of them at once.

1. A reply is computed once for each distinct message. Most answers are then one comparison.
2. A server answers chunks, and where they end is its choice, up to its chunk limit: messages that wait together may
   come back as one reply, and a long one as several. Only what could not be is wrong.
3. A literal ends at the first closing quote that is not escaped, so where a reply ends is never in doubt.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache

PREFIX = b"Server received b"
# What a literal may hold between its quotes; the reply that is computed from it then has to be the same.
REPLY = re.compile(rb"Server received (b'(?:[^'\\]|\\[^\n])*'|b\"(?:[^\"\\]|\\[^\n])*\")")
ESCAPED_BYTES = 4
DISTINCT = 16


class WrongAnswer(Exception):
    """The server answered what no correct server could have."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent, and the reply where it is taken as one chunk; None where it is too long for one."""

    data: bytes
    reply: bytes | None


def messages_of(size_bytes: int, profile: str, chunk_limit_bytes: int) -> list[Message]:
    """Several messages of a size, so that an answer to another one is not taken for the right one."""
    alphabet = bytes(range(ord("a"), ord("z") + 1))
    made = []
    for number in range(DISTINCT):
        turned = alphabet[number:] + alphabet[:number]
        data = (turned * (size_bytes // len(turned) + 1))[:size_bytes]
        reply = data if profile == "echo" else reply_to(data) if size_bytes <= chunk_limit_bytes else None
        made.append(Message(data, reply))
    return made


def reply_to(chunk: bytes) -> bytes:
    """The reply to one chunk, in the profile `received`."""
    return b"Server received %a" % chunk


@lru_cache(maxsize=4096)
def chunk_of(literal: bytes) -> bytes:
    """The chunk that a literal stands for. Raises `WrongAnswer` where it is not as Python writes it."""
    try:
        chunk = ast.literal_eval(literal.decode("ascii"))
    except (ValueError, SyntaxError):
        chunk = b""
    if not isinstance(chunk, bytes) or b"%a" % chunk != literal:
        msg = "the literal is not as Python writes it"
        raise WrongAnswer(msg)
    return chunk


def next_chunk(heard: bytes, at: int, profile: str, chunk_limit_bytes: int) -> tuple[bytes, int]:
    """The chunk that is answered at `at`, and where its reply ends; an empty one where the reply is not complete.

    Raises `WrongAnswer` where no more bytes could make it a reply.
    """
    if profile == "echo":
        return heard[at:], len(heard)
    match = REPLY.match(heard, at)
    if match is None:
        whole_bytes = len(PREFIX) + 2 + ESCAPED_BYTES * chunk_limit_bytes
        begun = heard[at : at + len(PREFIX)]
        if not PREFIX.startswith(begun) or len(heard) - at >= whole_bytes:
            msg = "what came is no reply"
            raise WrongAnswer(msg)
        return b"", at
    chunk = chunk_of(match[1])
    if not 0 < len(chunk) <= chunk_limit_bytes:
        msg = f"a chunk of {len(chunk)} bytes was answered"
        raise WrongAnswer(msg)
    return chunk, match.end()
