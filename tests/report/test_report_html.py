"""The HTML report: whole, small, and deaf to what a server says in it."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from typing import TYPE_CHECKING, Any

import pytest
from html_runs import Page, failure, large_run, page_of, result, run_of, script_of

from conformance.report.failure import Difference, Failure
from conformance.report.failure_text import failure_text
from conformance.report.html_report import to_html, write_html
from conformance.report.outcome import Outcome, Run, Shard
from conformance.report.plain_text import hardened

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 2_000_000
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "]]></style></svg></title><b onmouseover='x'>",
    "\x1b[31mred\x1b]0;title\x07\x00\x9b",
    "</pre></details></code><a href='https://example.org/'>",
    "\u202egnp.exe \ud800 \u2028",
    "{{ 7 * 7 }}{% raw %}&lt;&amp;#x3c;",
    "y" * 200_000,
)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Page:
    run = run_of(
        {
            "epoll": [result("close.eof"), result("reply.prompt"), result("reply.rare", Outcome.UNOBSERVED)],
            "mine": [result("close.eof", Outcome.FAIL), result("reply.prompt", Outcome.INCONCLUSIVE)],
        }
    )
    return page_of(run, tmp_path_factory.mktemp("report"))


def test_every_element_is_closed(usual: Page) -> None:
    assert (usual.open, usual.unmatched) == ([], [])


def test_no_id_is_there_twice_and_each_link_leads_somewhere(usual: Page) -> None:
    ids = usual.values("id")
    assert len(ids) == len(set(ids))
    links = usual.values("href")
    assert links
    assert {link[1:] for link in links} <= set(ids)
    for name in ("aria-labelledby", "data-copy"):
        assert {one for value in usual.values(name) for one in value.split()} <= set(ids)


def test_what_was_asked_for_is_told(usual: Page) -> None:
    text = usual.text()
    for part in (
        "2 targets: 1 nonconformant, 1 conformant",
        "received",
        "12.5 s",
        "490",
        "0.1.0",
        "reason of unobserved",
    ):
        assert part in text
    assert "not tried" in text  # the clause that only one target has


def test_the_first_byte_that_differs_is_marked(usual: Page) -> None:
    assert usual.texts["mark"] == ["0", "S"]
    assert "part at byte 11,954 of the answer" in usual.text()


def test_bytes_are_compared_and_not_their_escapes(tmp_path: Path) -> None:
    difference = Difference(1, 10, "", r"\x41\x42c", r"\x41\x43c")
    page = page_of(run_of({"t": [result("a.b", Outcome.FAIL, failure=failure(difference=difference))]}), tmp_path)
    assert page.texts["mark"] == [r"\x42", r"\x43"]
    assert "part at byte 11 of the answer" in page.text()


def test_an_answer_that_ends_early_has_nothing_where_it_differs(tmp_path: Path) -> None:
    difference = Difference(1, 0, "", "abc", "ab")
    page = page_of(run_of({"t": [result("a.b", Outcome.FAIL, failure=failure(difference=difference))]}), tmp_path)
    assert page.texts["mark"] == ["c", "nothing"]


def test_nothing_is_fetched_and_nothing_runs_but_its_own(usual: Page, tmp_path: Path) -> None:
    text = to_html(run_of({}), tmp_path)
    assert not re.search(r"(?:https?:|//)[a-z]", text.replace("http-equiv", ""))
    assert not {"link", "img", "iframe", "object", "base", "form-action"} & {tag for tag, _ in usual.elements}
    assert not usual.values("src")
    assert not usual.values("style")
    policy = next(attrs["content"] for tag, attrs in usual.elements if tag == "meta" and "http-equiv" in attrs)
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (source,) = ("".join(usual.texts[tag]),)
        named = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{named}'" in policy


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_said_stays_text(tmp_path: Path, text: str) -> None:
    source = to_html(hostile_run(text), tmp_path)
    page, harmless = Page(source), page_of(hostile_run("harmless"), tmp_path)
    assert (page.open, page.unmatched) == ([], [])
    assert shape_of(page) == shape_of(harmless)
    assert all(link.startswith(("#", "./")) for link in page.values("href"))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\ud800-\udfff]", source)
    assert len(source.encode()) < 400_000


def shape_of(page: Page) -> list[tuple[str, list[str]]]:
    """Return its elements, each with the names of its attributes."""
    return sorted((tag, sorted(attrs)) for tag, attrs in page.elements)


def hostile_run(text: str) -> Run:
    """Return a run with `text` wherever there is any."""
    strings = {f.name: text for f in dataclasses.fields(Failure) if str(f.type) in {"str", "str | None"}}
    timeline: list[dict[str, Any]] = [
        {"at_s": 0.0, "lane": lane, "what": f"{before}{text}", "size_bytes": 0}
        for lane in (0, 1)
        for before in ("", "reset: ", "not sent: ")
    ]
    failed = failure(**strings | {"difference": Difference(1, 5, text, f"a{text}", f"b{text}"), "timeline": timeline})
    fields: dict[str, Any] = {"requirement": text, "message": text}
    results = [result(f"{text}.{text}", Outcome.FAIL, failure=failed, **fields)]
    results += [result(f"other.{o}", o, **fields) for o in Outcome if o not in {Outcome.PASS, Outcome.FAIL}]
    run = run_of({text: results}, interrupted=True, expected=100)
    run.version = run.profile = text
    return run


def test_a_large_run_stays_small(tmp_path: Path) -> None:
    run = large_run(targets=24, clauses=69, failures=100)
    assert sum(target.count(Outcome.FAIL) for target in run.targets.values()) >= 100
    for target in run.targets.values():
        target.clauses = [with_script(clause, tmp_path) if clause.failure else clause for clause in target.clauses]
    file = write_html(run, tmp_path)
    assert file.stat().st_size < MOST_BYTES
    page = Page(file.read_text())
    assert (
        sum(link.startswith("./reproducers/") for link in page.values("href")) >= 100
    )  # all have the link, those that fit the text
    assert 10 < sum(name.endswith("-script") for name in page.values("id")) < 100


def with_script(clause: Any, folder: Path) -> Any:
    file = script_of(clause.id, folder, "print('line')\n" * 1500, f"{clause.id}.py")
    failed = dataclasses.replace(clause.failure, reproducer=file, shows="it shows the fault")
    return dataclasses.replace(clause, failure=failed)


def test_a_reproducer_is_there_to_copy(tmp_path: Path) -> None:
    file = script_of("a.b", tmp_path, "if 1 < 2:\n    print('<>')\n", "a b#.py")
    failed = failure(reproducer=file, shows="exit 1", capture="reproducers/gone.pcap")
    page = page_of(run_of({"t": [result("a.b", Outcome.FAIL, failure=failed)]}), tmp_path)
    assert "if 1 < 2:\n    print('<>')\n" in page.text("pre")
    assert "./reproducers/a%20b%23.py" in page.values("href")
    assert "When it was tried: exit 1" in page.text("p")
    assert "Its packets" not in page.text()


def test_where_the_run_put_it_from_where_the_user_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report").mkdir()
    monkeypatch.chdir(tmp_path)
    file = script_of("a.b", tmp_path / "report", "print('here')\n")
    failed = failure(reproducer=f"report/{file}")
    for folder in ("report", "other"):
        page = page_of(run_of({"t": [result("a.b", Outcome.FAIL, failure=failed)]}), tmp_path / folder)
        assert "print('here')" in page.text("pre")
    assert "./../report/reproducers/one.py" in page.values("href")


@pytest.mark.parametrize(
    "named", ["/proc/self/environ", "secret.py", "reproducers/../secret.py", "reproducers/link.py", "reproducers/a.txt"]
)
def test_no_other_file_is_linked_or_embedded_whatever_a_stranger_names(tmp_path: Path, named: str) -> None:
    script_of("a.b", tmp_path, "token = 'sesame'\n", "../secret.py")
    script_of("a.b", tmp_path, "token = 'sesame'\n", "a.txt")
    (tmp_path / "reproducers" / "link.py").symlink_to(tmp_path / "secret.py")
    for name in (named, str(tmp_path / named)):
        failed = failure(reproducer=name, capture=name)
        page = page_of(run_of({"t": [result("a.b", Outcome.FAIL, failure=failed)]}), tmp_path)
        assert not [link for link in page.values("href") if not link.startswith("#")]
        assert "sesame" not in page.text()
        assert not [name for name in page.values("id") if name.endswith("-script")]


def test_what_was_not_tried_is_called_so(tmp_path: Path) -> None:
    file = script_of("a.b", tmp_path, "")
    for shows, told, folded in ((None, "It was not tried", " (not tried)"), ("shows the fault", "When it was", "")):
        failed = result("a.b", Outcome.FAIL, failure=failure(reproducer=file, reproduce="HOST 1", shows=shows))
        assert told in page_of(run_of({"t": [failed]}), tmp_path).text("p")
        (line,) = (line for line in failure_text(failed).split("\n") if "Reproducer" in line)
        assert line.partition("HOST 1")[2].replace("    ", " ") == folded


def test_a_file_of_another_clause_is_linked_and_not_embedded(tmp_path: Path) -> None:
    failed = failure(reproducer=script_of("c.d", tmp_path, "print('other')\n"))
    page = page_of(run_of({"t": [result("a.b", Outcome.FAIL, failure=failed)]}), tmp_path)
    assert "./reproducers/one.py" in page.values("href")
    assert "other" not in page.text("pre")


def test_a_long_case_is_told_by_its_first_and_last_steps(tmp_path: Path) -> None:
    case = "\n".join([*(f"ping {i}" for i in range(1, 100)), "await 1    <- here"])
    page = page_of(run_of({"t": [result("a.b", Outcome.FAIL, failure=failure(case=case))]}), tmp_path)
    assert page.values("value")[-2:] == ["99", "100"]
    assert "\u2026 60 more steps \u2026" in page.text("li")
    assert "fails here" in page.text("em")
    assert "<- here" not in page.text()


def test_a_requirement_has_its_words_of_code(tmp_path: Path) -> None:
    page = page_of(run_of({"t": [result("a.b", requirement="The line `Server <start> at` comes.")]}), tmp_path)
    assert "Server <start> at" in page.texts["code"]


def test_a_failure_that_is_told_by_its_message_alone(tmp_path: Path) -> None:
    page = page_of(run_of({"t": [result("a.b", Outcome.FAIL, failure=None, message="so it is")]}), tmp_path)
    assert "so it is" in page.text()
    assert "f1" in page.values("id")


def test_a_run_of_nothing(tmp_path: Path) -> None:
    page = page_of(run_of({}, interrupted=True, expected=5), tmp_path)
    assert "interrupted: no verdict" in page.text("h1")
    assert "interrupted after 0 of 5 clauses: no verdict" in page.text()
    assert "nothing was judged" in page_of(run_of({}), tmp_path).text("h1")


def test_the_folder_is_made_and_an_older_report_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "some" / "where"
    first = write_html(run_of({"one": [result("a.b")]}), folder)
    again = write_html(run_of({"two": [result("a.b")]}), folder)
    assert first == again == folder / "index.html"
    assert "two is conformant" in again.read_text()
    assert list(folder.iterdir()) == [again]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        write_html(run_of({}), tmp_path / "file" / "report")


def test_text_is_hardened() -> None:
    assert hardened("caf\u00e9 \u2713\n\t<") == "caf\u00e9 \u2713\n\t<"
    assert hardened("\x00\x1b\u200b\ud800\U000e0001") == r"\x00\x1b\u200b\ud800\U000e0001"
    assert hardened("a" * 10, 4) == "aaaa\u2026 (10 characters)"


def test_a_joined_run_says_what_it_lacks(tmp_path: Path) -> None:
    run = run_of({"mine": [result("close.eof")]}, joined=True, shards=[Shard("w", 2, 1)])
    run.seed = None
    page = page_of(run, tmp_path)
    assert "not in this report: shard 2 of 2" in page.text()
    assert "several" in page.text("dd")


def test_what_is_known_stale_left_out_or_hinted_is_told(tmp_path: Path) -> None:
    run = run_of({"mine": [result("close.eof", Outcome.FAIL), result("reply.prompt")]})
    (eof, *_) = run.targets["mine"].clauses
    run.targets["mine"].clauses[0] = dataclasses.replace(eof, known="the library <closes> it")
    run.targets["mine"].hint = "try --profile echo"
    assert page_of(run, tmp_path).texts["b"].count("known") == 1
    assert "fail" not in page_of(run, tmp_path).texts["b"]
    assert "mine is conformant but for 1 known failure" in page_of(run, tmp_path).text("h1")
    run.left_out, run.stale = {"theirs": "no compiler"}, ["known.toml, line 3: it passes"]
    text = page_of(run, tmp_path).text()
    for said in (
        "the library <closes> it",
        "mine: try --profile echo",
        "theirs was left out: no compiler",
        "line 3: it",
    ):
        assert said in text
