"""The JUnit XML that CI systems read."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from faces_runs import HOSTILE, every_outcome, hostile, noted

from conformance.report.junit import to_junit, write_junit
from conformance.report.outcome import Run

SCHEMA = xmlschema.XMLSchema10(Path(__file__).with_name("junit.xsd"))
NOTHING = Run("0.1.0", "echo", 0)


def interrupted() -> Run:
    run = every_outcome()
    run.interrupted, run.expected = True, 20
    return run


RUNS = {"every outcome": every_outcome(), "hostile": hostile(), "nothing": NOTHING, "interrupted": interrupted()}
RUNS |= {"noted": noted(), "hostile notes": noted(HOSTILE)}


def case(suites: ET.Element, target: str, clause: str) -> ET.Element:
    name = f"{target}.{clause.partition('.')[0]}"
    (found,) = (each for each in suites.iter("testcase") if (each.get("classname"), each.get("name")) == (name, clause))
    return found


def became(suites: ET.Element, target: str, clause: str) -> list[str]:
    return [each.tag for each in case(suites, target, clause)]


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize("strict", [False, True])
def test_the_file_is_as_the_schema_says(run: Run, strict: bool, tmp_path: Path) -> None:
    write_junit(run, tmp_path / "junit.xml", strict=strict)
    SCHEMA.validate(tmp_path / "junit.xml")


def test_a_chapter_of_a_target_is_a_suite_and_a_clause_a_case() -> None:
    suites = to_junit(every_outcome())
    bad = [suite for suite in suites if str(suite.get("name")).startswith("bad.")]
    assert [suite.get("name") for suite in bad] == ["bad.close", "bad.order", "bad.reply"]
    assert [each.get("name") for each in bad[2].iter("testcase")] == ["reply.prompt", "reply.while-open"]
    facts = {each.get("name"): each.get("value") for each in bad[0].iter("property")}
    assert facts == {
        "target": "bad",
        "verdict": "nonconformant",
        "profile": "received",
        "version": "0.1.0",
        "seed": "5",
    }


def test_each_outcome_is_what_a_ci_system_has_for_it() -> None:
    suites = to_junit(every_outcome())
    assert became(suites, "good", "close.eof") == []
    assert became(suites, "bad", "close.eof") == ["failure"]
    assert became(suites, "bad", "reply.prompt") == ["skipped"]
    assert became(suites, "good", "reply.prompt") == became(suites, "bad", "order.whole") == ["skipped"]
    assert became(suites, "unclear", "close.eof") == became(suites, "unclear", "order.whole") == ["error"]
    assert became(to_junit(every_outcome(), strict=True), "bad", "reply.prompt") == ["failure"]


def test_a_failure_can_be_read_alone() -> None:
    failure = case(to_junit(every_outcome()), "bad", "close.eof").find("failure")
    assert failure is not None
    assert failure.get("message") == "MUST does not hold: why"
    assert failure.get("type") == "MUST"
    told = str(failure.text)
    for part in (
        "What happened:\n",
        "client 1: connect\n",
        "Requirement: Each is answered",
        "Expected:",
        "Actual:",
        "ping 1 b'a|`<b>'",
        "Run again:",
    ):
        assert part in told


def test_the_tallies_are_those_of_the_cases() -> None:
    suites = to_junit(every_outcome())
    assert {name: suites.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "11",
        "failures": "1",
        "errors": "2",
        "skipped": "3",
    }
    assert sum(int(str(suite.get("tests"))) for suite in suites) == 11


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (NOTHING, "nothing was tried"),
        (interrupted(), "interrupted after 11 of 20 clauses: no verdict"),
        (hostile(), "1 of 3 clauses came to no result; not in this report: shard 2 of 2"),
    ],
    ids=["nothing", "interrupted", "lacking"],
)
def test_what_is_not_whole_is_an_error(run: Run, reason: str) -> None:
    (error,) = (each.find("error") for each in to_junit(run).iter("testcase") if each.get("name") == "the run is whole")
    assert error is not None
    assert error.get("message") == reason


def test_what_xml_forbids_appears_as_its_escape(tmp_path: Path) -> None:
    write_junit(hostile(), tmp_path / "junit.xml")
    read = ET.parse(tmp_path / "junit.xml").getroot()
    (failure,) = read.iter("failure")
    assert r"\x00\x1b[2J\ud800" in str(failure.get("message"))
    assert "]]>&amp; <script>alert(1)</script>" in str(failure.text)


def test_a_known_failure_is_skipped_with_its_reason_and_a_stale_one_fails() -> None:
    suites = to_junit(noted(), strict=True)
    skipped = case(suites, "mine", "close.eof").find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "MUST does not hold, and is known: the library <closes> it"
    said = {told.tag: told.get("message") for told in suites.iterfind("testsuite[@name='echo-conformance.run']/*/*")}
    assert said == {"failure": "line 3: the library <closes> it", "skipped": "left out: the library <closes> it"}
    facts = {each.get("name"): each.get("value") for each in suites.iter("property")}
    assert facts["hint"] == "hint: the library <closes> it"
