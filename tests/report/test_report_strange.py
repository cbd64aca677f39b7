"""Whatever stands in a stranger's file: it is refused with the key, or every face shows it."""

from __future__ import annotations

import copy
import io
import json
from typing import TYPE_CHECKING, Any

from faces_runs import clause, every_outcome, failure, noted
from html_runs import exchange
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from conformance.report.html_report import to_html
from conformance.report.json_report import from_json, to_json
from conformance.report.junit import to_junit
from conformance.report.markdown import to_markdown
from conformance.report.merge import Unmergeable, merge
from conformance.report.outcome import Outcome, Run
from conformance.report.reading import Unreadable
from conformance.report.terminal import show

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Way = tuple[str | int, ...]


def real() -> Run:
    run = every_outcome()
    failed = failure(timeline=exchange(7, 3), reproducer="report/reproducers/a.py", capture="report/reproducers/a.pcap")
    run.add("bad", clause("order.burst", Outcome.FAIL, failure=failed, known="it is the library's"))
    run.left_out, run.stale, run.maybe_stale = noted().left_out, noted().stale, ["line 4: it may be"]
    return run


DATA = json.loads(json.dumps(to_json(real())))


def ways(data: Any, way: Way = ()) -> Iterator[Way]:
    """The way to each value in it."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield (*way, key)
        yield from ways(value, (*way, key))


WAYS = list(ways(DATA))
AT_CASE: Way = ("targets", 2, "clauses", 1, "failure")
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["1", "\ud800", "\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def changed(way: Way, value: Any) -> Any:
    data = copy.deepcopy(DATA)
    place = data
    for key in way[:-1]:
        place = place[key]
    place[way[-1]] = value
    return data


@given(st.sampled_from(WAYS), ANY)
@example((*AT_CASE, "steps", 1, "client"), [1])
@example((*AT_CASE, "steps", 1, "client"), {})
@example((*AT_CASE, "steps", 1), {"client": -1})
@settings(max_examples=80, deadline=None)
def test_every_face_shows_it_or_it_is_refused(tmp_path_factory: Any, way: Way, value: Any) -> None:
    folder: Path = tmp_path_factory.getbasetemp()
    try:
        run = from_json(changed(way, value))
    except Unreadable:
        return
    try:
        merged = [merge([run, from_json(DATA)])[0]]
    except Unmergeable:
        merged = []
    for each in (run, *merged):
        show(each, Console(file=io.StringIO()))
        for text in (to_html(each, folder), to_markdown(each), json.dumps(to_json(each))):
            assert text.encode()
        to_junit(each)
        each.exit_code(strict=True)
