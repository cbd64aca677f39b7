"""The Markdown of a run, as GitHub would take it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from faces_runs import HOSTILE, clause, every_outcome, failure, hostile, noted
from markdown_it import MarkdownIt

from conformance.report.markdown import MOST_BYTES, RESERVED_BYTES, escaped, to_markdown, write_markdown
from conformance.report.outcome import Outcome, Run

if TYPE_CHECKING:
    from pathlib import Path

TEXT = {"h2", "p", "ul", "li", "strong", "code", "pre", "details", "summary"}
TABLE = {"table", "thead", "tbody", "tr", "th", "td"}


class Page(HTMLParser):
    """The tags of a page, what stands in each, and how it is folded."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.cells: list[str] = []
        self.folded = ""
        self.feed(MarkdownIt("commonmark").enable("table").render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name != "style"]
        self.tags.add(tag)
        self.open.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "details" in self.open:
            self.folded += data
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data


def test_a_verdict_for_each_target() -> None:
    page = Page(to_markdown(every_outcome()))
    assert "good: conformant (1 pass, 1 unobserved)" in page.text
    assert "bad: nonconformant (1 pass, 1 not-applicable, 2 fail)" in page.text
    assert "77 cases in 4.5 s, profile received, seed 5, version 0.1.0" in page.text


def test_the_matrix_has_only_what_is_no_pass() -> None:
    page = Page(to_markdown(every_outcome()))
    assert "strict" not in page.cells
    assert page.cells[:5] == ["clause", "level", "good", "bad", "unclear"]
    assert page.cells[5:10] == ["close.eof", "MUST", "✅ pass", "❌ fail", "❔ inconclusive"]
    assert "reply.while-open" not in page.cells


def test_where_all_is_well_there_is_no_matrix() -> None:
    run = Run("0.1.0", "received", 5, expected=1)
    run.add("epoll", clause("close.eof"))
    assert "table" not in Page(to_markdown(run)).tags


def test_each_failure_is_folded_and_can_be_read_alone() -> None:
    page = Page(to_markdown(every_outcome()))
    assert "close.eof (MUST) does not hold on bad" in page.folded
    for part in ("Requirement: Each is answered", "Expected:", "Actual:", "ping 1 b'a|`<b>'", "Run again:"):
        assert part in page.folded


def test_reasons_are_told_once() -> None:
    page = Page(to_markdown(every_outcome()))
    assert "unclear: error, 1 clause: cannot start ./server" in page.text
    assert "good: unobserved, 1 clause: needs a process" in page.text


def test_what_is_not_whole_is_told_first() -> None:
    page = Page(to_markdown(hostile()))
    assert page.text.index("not in this report: shard 2 of 2") < page.text.index("nonconformant")
    interrupted = every_outcome()
    interrupted.interrupted, interrupted.expected = True, 20
    page = Page(to_markdown(interrupted))
    assert "interrupted after 11 of 20 clauses: no verdict" in page.text
    assert "nonconformant" not in page.text


def test_nothing_breaks_out() -> None:
    page = Page(to_markdown(hostile()))
    assert page.tags <= TEXT | TABLE
    assert page.open == []
    assert "<script>alert(1)</script> `a` | b | *c* _d_ [e](f)" in page.text
    assert r"\x00\x1b[2J\ud800\u202e\r" in page.folded
    assert len(page.cells) == 3 * 3


@pytest.mark.parametrize("text", ["@name", "www.example.org", "a@b.org"])
def test_nobody_is_mentioned_and_nothing_is_linked(text: str) -> None:
    assert text not in Page(escaped(text)).text
    assert Page(escaped(text)).text.replace("\u200b", "").strip() == text


def test_a_summary_is_bounded_and_says_so(tmp_path: Path) -> None:
    run = Run("0.1.0", "received", 5, expected=40)
    for number in range(40):
        long = failure(case="send 1 b'x'\n" * 3 + "x" * 50_000)
        run.add("bad", clause(f"close.n{number:02}", Outcome.FAIL, failure=long))
    text = to_markdown(run)
    assert MOST_BYTES - RESERVED_BYTES - 60_000 < len(text.encode()) <= MOST_BYTES
    assert Page(text).open == []
    assert "Left out: 20 parts of this report." in text
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    for _ in range(2):
        write_markdown(run, file)
        assert file.stat().st_size <= MOST_BYTES
    assert file.read_text().startswith("before\n\n## echo-conformance\n")


def test_a_summary_is_added_to_what_is_there(tmp_path: Path) -> None:
    for _ in range(2):
        write_markdown(every_outcome(), tmp_path / "summary.md")
    assert (tmp_path / "summary.md").read_text() == to_markdown(every_outcome()) + "\n" + to_markdown(every_outcome())


def test_what_is_known_stale_left_out_or_hinted_is_told() -> None:
    text = Page(to_markdown(noted())).text
    for said in ("🟡 known", "does not hold on mine, and is known: the library <closes> it", "line 3: the library"):
        assert said in text
    assert "was left out: the library <closes> it" in text
    assert "conformant but for 1 known failure (1 pass, 1 fail)" in text
    assert "hint: the library <closes> it" in text
    assert "profiles echo, received" in text
    assert "<script" not in to_markdown(noted(HOSTILE))
