"""Code that a page quotes stands so in the file that it names."""

from __future__ import annotations

import pytest
from docs_pages import DOCS, ROOT, Block, blocks

WORKED = blocks(DOCS / "adding-a-clause.md", "python")
WALKED = blocks(DOCS / "multiplexing.md", "python")
BACKENDS = {str(path.relative_to(ROOT)) for path in (ROOT / "reference_servers").glob("backend_*.py")}


@pytest.mark.parametrize("block", [*WORKED, *WALKED], ids=lambda block: block.name)
def test_it_is_quoted_as_it_stands(block: Block) -> None:
    assert block.name is not None
    assert block.text in (ROOT / block.name).read_text()


def test_the_worked_example_is_whole() -> None:
    assert [block.name for block in WORKED] == [
        "conformance/specs/test_close.py",
        "conformance/specs/moves.py",
        "conformance/zoo/close.py",
        "conformance/report/case_code.py",
    ]


def test_the_walk_passes_every_backend() -> None:
    assert {block.name for block in WALKED} >= BACKENDS
