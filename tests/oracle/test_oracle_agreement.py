"""The judge agrees with Python: an answer is accepted if and only if repr of some legal chunking gives it."""

import ast
import re
from collections.abc import Callable

from hypothesis import example, given
from hypothesis import strategies as st
from oracle_exchanges import PREFIX, replies, reply

from conformance.oracle import Profile, judge

RECEIVED, ECHO = Profile.RECEIVED, Profile.ECHO
LIMIT = 6

Mutation = Callable[[bytes], bytes]

telling_bytes = st.sampled_from([b"'", b'"', b"\\", b"x", b"a", b"0", b"\n", b"\0", b"\x7f", b"\xff", b"S", b"b"])
chunk = st.lists(telling_bytes, min_size=1, max_size=LIMIT).map(b"".join) | st.binary(min_size=1, max_size=LIMIT)
chunkings = st.lists(chunk, min_size=1, max_size=4)
snippets = st.sampled_from(
    [b"'", b'"', b"\\", b"\\\\", b"\\'", b"\\x", b"\n", b"\0", b"x", b"ff", b"F", PREFIX, b"b''"]
)


@st.composite
def mutations(draw: st.DrawFn) -> Mutation:
    """Draw a change to an answer: a cut, an insertion, a replacement, a repetition, a rotation or another quoting."""
    start, length, snippet = draw(st.integers(0, 90)), draw(st.integers(1, 30)), draw(snippets)
    changes: list[Mutation] = [
        lambda text: text[:start] + text[start + length :],
        lambda text: text[:start] + snippet + text[start:],
        lambda text: text[:start] + snippet + text[start + len(snippet) :],
        lambda text: text[: start + length] + text[start:],
        lambda text: text[start:] + text[:start],
        lambda text: text.replace(b"'", b"\x00").replace(b'"', b"'").replace(b"\x00", b'"'),
        lambda text: re.sub(rb"\\x([0-9a-f]{2})", lambda found: found[0].upper(), text),
        lambda text: text.replace(rb"\n", rb"\x0a"),
        lambda text: text,
    ]
    return draw(st.sampled_from(changes))


def is_legal(sent: bytes, answered: bytes) -> bool:
    """Decide by repr: literals close themselves, so at most one chunk can follow at each place."""
    while sent:
        for size in range(1, min(LIMIT, len(sent)) + 1):
            if answered.startswith(reply(sent[:size])):
                sent, answered = sent[size:], answered[len(reply(sent[:size])) :]
                break
        else:
            return False
    return not answered


@given(chunkings)
def test_legal_chunkings_are_accepted(chunks: list[bytes]) -> None:
    assert judge(RECEIVED, b"".join(chunks), replies(*chunks), LIMIT) is None


@given(chunkings, st.lists(mutations(), min_size=1, max_size=2))
@example([b"a'b"], [lambda text: text.replace(b'"', b"'")])
@example([b"a"], [lambda text: text[:-1]])
def test_mutated_answers_are_accepted_only_if_legal(chunks: list[bytes], changes: list[Mutation]) -> None:
    sent, answered = b"".join(chunks), replies(*chunks)
    for change in changes:
        answered = change(answered)
    fault = judge(RECEIVED, sent, answered, LIMIT)
    assert (fault is None) == is_legal(sent, answered)
    if fault is not None:
        assert 0 <= fault.sent_offset <= len(sent)
        assert fault.actual == answered[fault.answer_offset :][:64]
        assert fault.expected != fault.actual
        assert len(fault.detail) <= 200


@given(st.binary(max_size=40), st.binary(max_size=40) | st.just(b""))
def test_echo_accepts_only_what_was_sent(sent: bytes, answered: bytes) -> None:
    fault = judge(ECHO, sent, answered)
    assert (fault is None) == (sent == answered)
    if fault is not None:
        at = fault.answer_offset
        assert sent[:at] == answered[:at]
        assert (fault.expected, fault.actual) == (sent[at:][:64], answered[at:][:64])
        assert fault.expected[:1] != fault.actual[:1]


@given(chunkings, mutations())
def test_accepted_literals_evaluate_to_what_was_sent(chunks: list[bytes], change: Mutation) -> None:
    sent, answered = b"".join(chunks), change(replies(*chunks))
    if judge(RECEIVED, sent, answered, LIMIT) is None:
        literals = re.findall(rb"Server received (b'(?:[^'\\]|\\.)*'|b\"(?:[^\"\\]|\\.)*\")", answered)
        assert b"".join(ast.literal_eval(text.decode("ascii")) for text in literals) == sent


@given(st.text("ab\n", min_size=1, max_size=30).map(str.encode), mutations())
def test_answer_completed_as_expected_is_accepted(sent: bytes, change: Mutation) -> None:
    answered = change(reply(sent))
    fault = judge(RECEIVED, sent, answered)
    # Where no quotes are sent, the text before the fault is the beginning of a right answer; wrong quotes are not.
    if fault is not None and len(fault.expected) < 64 and b'"' not in answered:
        assert judge(RECEIVED, sent, answered[: fault.answer_offset] + fault.expected) is None
