import ast
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.oracle import literal

EVERY_BYTE = [bytes([byte]) for byte in range(256)]
CONTEXTS = [(b"", b""), (b"a", b"f0"), (b"\\", b"\\"), (b"'", b""), (b'"', b""), (b"'", b'"'), (b"\xff", b"\n")]


@pytest.mark.parametrize(("before", "after"), CONTEXTS)
def test_every_byte_is_spelt_as_repr_spells_it(before: bytes, after: bytes) -> None:
    for byte in EVERY_BYTE:
        content = before + byte + after
        assert literal.literal(content) == repr(content).encode("ascii")


def test_every_pair_of_bytes_is_read_as_repr_wrote_it() -> None:
    for content in map(bytes, itertools.product(range(256), repeat=2)):
        body = literal.spell(content, literal.SINGLE)
        assert literal.size(body) == 2
        assert literal.decode(body) == content
        assert literal.body_end(body, 0, literal.SINGLE) == len(body)


@pytest.mark.parametrize(
    "content", [b"".join(mix) for size in range(5) for mix in itertools.product([b"'", b'"', b"\\", b"x"], repeat=size)]
)
def test_quotes_and_backslashes_combine_as_in_repr(content: bytes) -> None:
    assert literal.literal(content) == repr(content).encode("ascii")


@given(st.binary(max_size=200))
def test_literal_evaluates_to_its_content(content: bytes) -> None:
    text = literal.literal(content)
    assert text == repr(content).encode("ascii")
    assert ast.literal_eval(text.decode("ascii")) == content


@given(st.binary(max_size=200), st.sampled_from([literal.SINGLE, literal.DOUBLE]))
def test_body_is_read_back_whole(content: bytes, quote: bytes) -> None:
    if quote == literal.DOUBLE:
        content = content.replace(literal.DOUBLE, b"")
    body = literal.spell(content, quote)
    assert literal.body_end(body + quote, 0, quote) == len(body)
    assert literal.size(body) == len(content)
    assert literal.decode(body) == content


@given(st.lists(st.sampled_from([rb"\x", rb"\\", b"\\", b"x", b"0a", b"ff", b"A", b"'", b'"', b"\n", b"\x80"])))
def test_atoms_are_canonical_or_no_atoms(pieces: list[bytes]) -> None:
    text = b"".join(pieces)
    body = text[: literal.body_end(text, 0, literal.SINGLE)]
    assert literal.spell(literal.decode(body), literal.SINGLE) == body
