"""Code that a page quotes stands so in the file that it names."""

from __future__ import annotations

import pytest
from docs_pages import DOCS, ROOT, Block, blocks

QUOTED = blocks(DOCS / "adding-a-clause.md", "python")


@pytest.mark.parametrize("block", QUOTED, ids=lambda block: block.name)
def test_it_is_quoted_as_it_stands(block: Block) -> None:
    assert block.name is not None
    assert block.text in (ROOT / block.name).read_text()


def test_the_worked_example_is_whole() -> None:
    assert [block.name for block in QUOTED] == [
        "conformance/specs/test_close.py",
        "conformance/specs/moves.py",
        "conformance/zoo/close.py",
        "conformance/report/case_code.py",
    ]
