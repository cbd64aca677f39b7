"""The rules of the literal as the quick start tells them: its table, its test vectors, its three programs."""

from __future__ import annotations

import ast
import itertools
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from docs_pages import DOCS, blocks, needed

from conformance.oracle.literal import SINGLE, spell
from conformance.oracle.vectors import SECTIONS, vectors

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "quick-start.md"
FILE = DOCS / "vectors.txt"
VECTORS = [line.split("\t", 1) for line in FILE.read_text().splitlines() if not line.startswith("#")]
HEX_LINES = "".join(f"{chunk}\n" for chunk, _ in VECTORS)
LITERALS = [text for _, text in VECTORS]
WITHIN_S = 300

C_MAIN = """
#include <stdlib.h>

int main(void)
{
    static char line[8192], out[4 * 4096 + 4];
    static unsigned char chunk[4096];
    while (fgets(line, sizeof line, stdin)) {
        size_t n = strcspn(line, "\\n") / 2;
        for (size_t i = 0; i < n; i++)
            chunk[i] = strtoul((char[]){line[2 * i], line[2 * i + 1], 0}, NULL, 16);
        fwrite(out, 1, literal(out, chunk, n), stdout);
        putchar('\\n');
    }
    return 0;
}
"""
JS_MAIN = """
for (const line of require('node:fs').readFileSync(0, 'latin1').trim().split('\\n')) {
  console.log(literal(Buffer.from(line, 'hex')));
}
"""
PYTHON_MAIN = """
import sys
for line in sys.stdin:
    print(literal(bytes.fromhex(line)).decode("ascii"))
"""


def said(*words: str) -> list[str]:
    """What a program answers to the chunks of the vectors."""
    done = subprocess.run(words, input=HEX_LINES, capture_output=True, encoding="latin1", timeout=WITHIN_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def shown(language: str) -> str:
    return next(block.text for block in blocks(PAGE, language) if "literal" in block.text)


def test_the_vectors_are_the_oracle_s() -> None:
    assert FILE.read_text() == vectors(), "docs/vectors.txt is stale: run `make docs`"


def test_the_vectors_are_those_of_repr() -> None:
    for chunk, text in VECTORS:
        assert text == repr(bytes.fromhex(chunk))
        assert text.isascii()
        assert text.isprintable()
        assert ast.literal_eval(text) == bytes.fromhex(chunk)


def test_the_vectors_have_each_byte_and_each_rule() -> None:
    chunks = [bytes.fromhex(chunk) for chunk, _ in VECTORS]
    assert chunks == [chunk for _, section in SECTIONS for chunk in section]
    assert {bytes([byte]) for byte in range(256)} <= set(chunks)
    of_quotes = {(b"'" in chunk, b'"' in chunk, b"\\" in chunk) for chunk in chunks}
    assert of_quotes == set(itertools.product((True, False), repeat=3))
    assert len(set(chunks)) == len(chunks)


def test_the_table_is_the_oracle_s() -> None:
    head, *rows = next(block.text for block in blocks(PAGE, "text")).splitlines()
    assert head.split() == list("0123456789abcdef")
    atoms = [spell(bytes([byte]), SINGLE).decode() for byte in range(0x80)]
    for start, row in zip(range(0, 0x80, 16), rows, strict=True):
        assert row.split() == [f"0x{start:02x}", *(atom.replace(" ", "space") for atom in atoms[start : start + 16])]


def test_the_python_that_is_shown(tmp_path: Path) -> None:
    (tmp_path / "shown.py").write_text(shown("python") + PYTHON_MAIN)
    assert said(sys.executable, str(tmp_path / "shown.py")) == LITERALS


def test_the_javascript_that_is_shown(tmp_path: Path) -> None:
    (tmp_path / "shown.js").write_text(shown("js") + JS_MAIN)
    assert said(needed("node"), str(tmp_path / "shown.js")) == LITERALS


@pytest.mark.parametrize("sign", ["-fsigned-char", "-funsigned-char"])
def test_the_c_that_is_shown(sign: str, tmp_path: Path) -> None:
    source, program = tmp_path / "shown.c", tmp_path / "shown"
    source.write_text(shown("c") + C_MAIN)
    words = [needed("gcc"), sign, "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(source)]
    subprocess.run(words, check=True, timeout=WITHIN_S)
    assert said(str(program)) == LITERALS
