"""What comes back.

Source: the tutorial's servers, `bytes(f'Server received {data}', 'utf-8')`; for profile echo, RFC 862.
"""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from conformance.clauses import MUST, clause
from conformance.harness.script import Connect, Ping, script
from conformance.harness.tape import tape
from conformance.harness.trial import Trial
from conformance.specs.moves import arrive, at_limit, exchange, hello, leave, send, sizes, small_chunks

RECEIVED, ECHO = ("received",), ("echo",)

ALL_BYTES = [bytes([value]) for value in range(256)]
QUOTES = [b"'", b'"', b"'\"", b"\"'", b"\\", b"\\'", b'\\"', b"\\x41", b"it's", b'"it"', b"'\\\"\n"]
NOT_TEXT = [b"\xc3", b"\xa9", b"\xff" * 40, b"\0", b"a\0b", b"\xf0\x9f", b"\x98\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf"]
FALSY = [b"0", b" ", b"\n", b"\0", b"\r\n", b"False", b"None", b"\x04", b"\x1a", b"quit", b"exit\n"]
EDGES = [b"  led by spaces", b"followed by spaces  ", b"\t\r\nboth\r\n\t", b"a\r\nb\rc\nd", b"\xff\xf4\xff\xfd\x06"]
LONG = [b"'" * 1024, b'"' * 1024, b"'" * 600 + b'"' * 424, b"a" * 1023 + b"'", b"\\" * 1024, b"\xff" * 1024]


def pings(client: int, messages: list[bytes]) -> list[Ping]:
    """One round trip after the other."""
    return [Ping(client, message) for message in messages]


@clause(MUST, profiles=RECEIVED)
@given(chunks=small_chunks)
def test_prefix(subject: Trial, chunks: list[int]) -> None:
    """Every reply is `Server received ` and one bytes literal, back to back; nothing else is on the wire."""
    subject.hold(Connect(1), send(1, chunks), leave(1))


@clause(MUST, profiles=RECEIVED)
@given(messages=st.lists(st.binary(min_size=1, max_size=30) | st.sampled_from(QUOTES), min_size=1, max_size=5))
@example(messages=ALL_BYTES)
@example(messages=[b"".join(ALL_BYTES)])
@example(messages=QUOTES)
@example(messages=EDGES)
@example(messages=LONG)
def test_literal(subject: Trial, messages: list[bytes]) -> None:
    r"""The literal is what Python's repr gives for that chunk.

    It stands in `'`, or in `"` when the chunk has a `'` and no `"`. `\t`, `\n`, `\r`, `\\` and the quote it stands in
    are escaped so; every other byte outside 0x20..0x7e is `\x` and two lower-case hexadecimal digits.
    """
    subject.hold(Connect(1), *pings(1, messages), leave(1))


@clause(MUST)
@given(messages=st.lists(st.sampled_from(NOT_TEXT), min_size=1, max_size=6))
@example(messages=[b"a" * 1023 + "é".encode()])
@example(messages=NOT_TEXT)
def test_bytes_not_text(subject: Trial, messages: list[bytes]) -> None:
    """Bytes are not decoded: lone halves of UTF-8 characters, NUL and 0xff are answered as they came."""
    subject.hold(Connect(1), *pings(1, messages), leave(1))


@clause(MUST, profiles=RECEIVED)
@given(size=st.integers(1, 8000))
@example(size=1025)
@example(size=2049)
@example(size=5000)
def test_chunk_limit(subject: Trial, size: int) -> None:
    """Each literal holds at least one byte and at most the chunk limit, 1024 unless the target says otherwise."""
    subject.hold(Connect(1), send(1, [at_limit(subject, size)]), leave(1))


@clause(MUST, profiles=ECHO)
@given(pieces=st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=5))
@example(pieces=ALL_BYTES)
@example(pieces=[b"Server received b'x'"])
def test_identity(subject: Trial, pieces: list[bytes]) -> None:
    """The bytes come back unchanged, and nothing else does (RFC 862)."""
    subject.hold(exchange(1, pieces))


@clause(MUST)
@given(multiple=st.integers(1, 8), of_limit=st.booleans())
@example(multiple=1, of_limit=False)
@example(multiple=1, of_limit=True)
@example(multiple=2, of_limit=False)
@example(multiple=2, of_limit=True)
def test_exact_multiples(subject: Trial, multiple: int, of_limit: bool) -> None:
    """Exactly 1024 bytes, and multiples of it, are answered with no further byte sent; so is the chunk limit."""
    size = at_limit(subject, min(multiple, 2) * 1024) if of_limit else multiple * 1024
    subject.hold(Connect(1), Ping(1, tape(1, size)), leave(1))


@clause(MUST)
@given(size=sizes)
def test_prompt(subject: Trial, size: int) -> None:
    """One lone message is answered without any other traffic."""
    subject.hold(Connect(1), Ping(1, tape(1, at_limit(subject, size))), leave(1))


@clause(MUST)
@given(lengths=st.lists(sizes, min_size=2, max_size=6))
@example(lengths=[1000, 3])
def test_sequence(subject: Trial, lengths: list[int]) -> None:
    """Message, answer, message, answer: each answer stands for its own message, with no tail of a longer one before."""
    lengths = [at_limit(subject, length) for length in lengths]
    stream = tape(1, sum(lengths))
    starts = [sum(lengths[:index]) for index in range(len(lengths))]
    messages = [stream[start : start + length] for start, length in zip(starts, lengths, strict=True)]
    subject.hold(Connect(1), *pings(1, messages), leave(1))


@clause(MUST)
@given(messages=st.lists(st.sampled_from(FALSY), min_size=1, max_size=5))
@example(messages=FALSY)
def test_falsy_payloads(subject: Trial, messages: list[bytes]) -> None:
    """`0`, a space, a line end and NUL are data like any other, and not the end."""
    subject.hold(Connect(1), *pings(1, messages), leave(1))


@clause(MUST, share=0.2)
@given(silent=st.integers(1, 4))
def test_unsolicited(subject: Trial, silent: int) -> None:
    """The server says nothing before it is spoken to."""
    quiet = range(1, silent + 1)
    # A later client's round trip shows that the server had its turn at the earlier ones.
    subject.hold(*map(Connect, quiet), arrive(9), *(leave(client) for client in quiet), hello(9), leave(9))


@clause(MUST, profiles=RECEIVED)
def test_tutorial_transcript(subject: Trial) -> None:
    """The tutorial's four messages over two sockets are answered as it prints them."""
    subject.hold(
        Connect(1),
        Connect(2),
        script(Ping(1, b"This is "), Ping(2, b"the message. "), Ping(1, b"It will be sent "), Ping(2, b"in parts.")),
        leave(1, 2),
    )
