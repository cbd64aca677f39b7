"""Each malformed answer has one fault, is named after it, and is found at the byte where it is."""

import pytest
from oracle_exchanges import PREFIX, replies, reply

from conformance.oracle import FaultKind, Profile, judge

P = len(PREFIX)
GOOD = reply(b"ok")
G = len(GOOD)


# name: (sent, answered, where the fault is, what the detail says)
CASES: dict[str, tuple[bytes, bytes, int, str]] = {
    "echoed": (b"hello", b"hello", 0, "prefix 'Server received ' is missing: 'hello' came"),
    "prefix-missing": (b"hello", b"b'hello'", 0, "is missing"),
    "prefix-other-case": (b"hello", b"server received b'hello'", 0, "is missing"),
    "prefix-without-space": (b"hello", b"Server receivedb'hello'", 15, "is broken: 'b\\'hello\\'' came"),
    "prefix-two-spaces": (b"hello", b"Server received  b'hello'", 16, "no bytes literal"),
    "prefix-misspelt": (b"hello", b"Server recieved b'hello'", 10, "is broken"),
    "prefix-once-a-connection": (b"okhello", GOOD + b"b'hello'", G, "is missing"),
    "newline-before": (b"ok", b"\n" + GOOD, 0, "is missing: '\\nServer"),
    "newline-after": (b"ok", GOOD + b"\n", G, "'\\n' came"),
    "nul-after": (b"ok", GOOD + b"\0", G, "'\\x00' came"),
    "newline-between": (b"okok", GOOD + b"\n" + GOOD, G, "is missing"),
    "nul-between": (b"okok", GOOD + b"\0" + GOOD, G, "is missing"),
    "space-between": (b"okok", GOOD + b" " + GOOD, G, "is missing"),
    "bare-text": (b"hello", PREFIX + b"hello", P, "no bytes literal"),
    "text-literal": (b"hello", PREFIX + b"'hello'", P, "no bytes literal"),
    "bytes-prefix-upper": (b"hello", PREFIX + b"B'hello'", P, "no bytes literal"),
    "bytes-prefix-raw": (b"hello", PREFIX + b"rb'hello'", P, "no bytes literal"),
    "bytearray": (b"hello", PREFIX + b"bytearray(b'hello')", P + 1, "no bytes literal"),
    "unquoted": (b"hello", PREFIX + b"bhello", P + 1, "no bytes literal"),
    "backquoted": (b"hello", PREFIX + b"b`hello`", P + 1, "no bytes literal"),
    "empty": (b"hello", PREFIX + b"b''", P + 2, "empty"),
    "empty-double": (b"hello", PREFIX + b'b""', P + 2, "empty"),
    "empty-after-all": (b"ok", GOOD + PREFIX + b"b''", G + P + 2, "empty"),
    "triple-quotes": (b"hello", PREFIX + b"b'''hello'''", P + 2, "empty"),
    "double-for-plain": (b"hello", PREFIX + b'b"hello"', P + 1, "the other quote"),
    "double-for-double": (b'"', PREFIX + rb'b"\""', P + 2, "no such escape"),
    "single-for-single": (b"it's", PREFIX + rb"b'it\'s'", P + 1, "the other quote"),
    "single-unescaped": (b"it's", PREFIX + b"b'it's'", P + 5, "is missing"),
    "single-escaped-in-double": (b"it's", PREFIX + rb'''b"it\'s"''', P + 4, "no such escape"),
    "double-for-both": (b"'\"", PREFIX + rb'''b"'\""''', P + 3, "no such escape"),
    "double-escaped-in-single": (b'say "x"', PREFIX + rb"""b'say \"x\"'""", P + 6, "no such escape"),
    "upper-case-hex": (b"\xab", PREFIX + rb"b'\xAB'", P + 2, "upper case"),
    "upper-case-second-digit": (b"\x0b", PREFIX + rb"b'\x0B'", P + 2, "upper case"),
    "upper-case-x": (b"\xab", PREFIX + rb"b'\Xab'", P + 2, "no such escape"),
    "tab-in-hex": (b"\t", PREFIX + rb"b'\x09'", P + 2, "0x09 is spelt in hexadecimal"),
    "newline-in-hex": (b"\n", PREFIX + rb"b'\x0a'", P + 2, "0x0a is spelt in hexadecimal"),
    "return-in-hex": (b"\r", PREFIX + rb"b'\x0d'", P + 2, "0x0d is spelt in hexadecimal"),
    "backslash-in-hex": (b"a\\", PREFIX + rb"b'a\x5c'", P + 3, "0x5c is spelt in hexadecimal"),
    "quote-in-hex": (b"'", PREFIX + rb"b'\x27'", P + 2, "0x27 is spelt in hexadecimal"),
    "letter-in-hex": (b"A", PREFIX + rb"b'\x41'", P + 2, "0x41 is spelt in hexadecimal"),
    "one-hex-digit": (b"\x01", PREFIX + rb"b'\x1'", P + 2, "two hexadecimal digits"),
    "no-hex-digit": (b"\x01", PREFIX + rb"b'\x'", P + 2, "two hexadecimal digits"),
    "escape-a": (b"\x07", PREFIX + rb"b'\a'", P + 2, "no such escape"),
    "escape-b": (b"\x08", PREFIX + rb"b'\b'", P + 2, "no such escape"),
    "escape-e": (b"\x1b", PREFIX + rb"b'\e'", P + 2, "no such escape"),
    "escape-f": (b"\x0c", PREFIX + rb"b'\f'", P + 2, "no such escape"),
    "escape-v": (b"\x0b", PREFIX + rb"b'\v'", P + 2, "no such escape"),
    "escape-nul": (b"\0", PREFIX + rb"b'\0'", P + 2, "no such escape"),
    "escape-octal": (b"\xff", PREFIX + rb"b'\377'", P + 2, "no such escape"),
    "escape-unicode": (b"\x80", PREFIX + rb"b'\u0080'", P + 2, "no such escape"),
    "escape-braces": (b"\x80", PREFIX + rb"b'\x{80}'", P + 2, "two hexadecimal digits"),
    "raw-nul": (b"a\0b", PREFIX + b"b'a\0b'", P + 3, "0x00 stands bare where \\x00"),
    "raw-newline": (b"a\nb", PREFIX + b"b'a\nb'", P + 3, "0x0a stands bare where \\n"),
    "raw-delete": (b"a\x7fb", PREFIX + b"b'a\x7fb'", P + 3, "0x7f stands bare where \\x7f"),
    "raw-high-byte": (b"\xc3", PREFIX + b"b'\xc3'", P + 2, "0xc3 stands bare where \\xc3"),
    "sign-extended": (b"\x80", PREFIX + rb"b'\xffffff80'", P + 2, "sign-extended"),
    "sign-extended-ff": (b"\xff\xff", PREFIX + rb"b'\xffffffff\xffffffff'", P + 6, "sign-extended"),
    "backslash-bare-before-escape-letter": (rb"C:\new", PREFIX + rb"b'C:\new'", P + 4, "a backslash is not escaped"),
    "backslash-bare-before-letter": (rb"C:\dos", PREFIX + rb"b'C:\dos'", P + 4, "a backslash is not escaped"),
    "backslash-bare-before-hex": (rb"\x41", PREFIX + rb"b'\x41'", P + 2, "a backslash is not escaped"),
    "backslash-bare-at-the-end": (b"C:\\", PREFIX + rb"b'C:\'", P + 4, "a backslash is not escaped"),
    "over-limit": (b"a" * 1025, reply(b"a" * 1025), P + 2 + 1024, "more than 1024 bytes"),
    "over-limit-escaped": (b"\n" * 1025, reply(b"\n" * 1025), P + 2 + 2048, "more than 1024 bytes"),
    "second-reply": (b"ok'", GOOD + PREFIX + rb"b'\''", G + P + 1, "the other quote"),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_malformed_answer_is_named_and_placed(case: str) -> None:
    sent, answered, offset, words = CASES[case]
    fault = judge(Profile.RECEIVED, sent, answered)
    assert fault is not None
    assert fault.kind is FaultKind.MALFORMED
    assert fault.answer_offset == offset
    assert words in fault.detail
    assert fault.actual == answered[offset:][:64]
    assert fault.expected != fault.actual


def test_all_high_bytes_sign_extended() -> None:
    body = b"".join(b"\\xffffff%02x" % byte for byte in range(0x80, 0x100))
    fault = judge(Profile.RECEIVED, bytes(range(0x80, 0x100)), PREFIX + b"b'" + body + b"'")
    assert fault is not None
    assert (fault.kind, fault.answer_offset, fault.sent_offset) == (FaultKind.MALFORMED, P + 2, 0)


def test_expected_shows_the_right_spelling() -> None:
    fault = judge(Profile.RECEIVED, b"it's", PREFIX + rb"b'it\'s'")
    assert fault is not None
    assert fault.expected == b'"it\'s"'
    assert fault.actual == rb"'it\'s'"
    assert fault.sent_offset == 0


def test_expected_goes_on_with_the_next_reply() -> None:
    fault = judge(Profile.RECEIVED, b"abcd", reply(b"abc"), limit=2)
    assert fault is not None
    assert fault.answer_offset == P + 4
    assert fault.expected == b"'" + reply(b"cd")


def test_echo_server_is_told_nothing_but_the_missing_prefix() -> None:
    fault = judge(Profile.RECEIVED, b"echoed", b"echoed")
    assert fault is not None
    assert fault.kind is FaultKind.MALFORMED
    assert fault.detail == "the prefix 'Server received ' is missing: 'echoed' came"
    assert (fault.answer_offset, fault.sent_offset) == (0, 0)
    assert fault.expected == replies(b"echoed")
