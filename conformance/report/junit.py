"""JUnit XML, which CI systems read: a target's chapter is a suite, a clause a case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from conformance.report.failure_text import failure_text
from conformance.report.outcome import SUITE, ClauseResult, Outcome, Run, TargetResult, Verdict
from conformance.report.sequence import lines, story_of

# XML 1.0 has no way to write these, not even as references.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
TALLIES = {"failures": "failure", "errors": "error", "skipped": "skipped"}
# The tag of a case that is no pass. What nobody could judge is an error: to be skipped reads as to be well.
TAGS = {
    Outcome.FAIL: "failure",
    Outcome.ERROR: "error",
    Outcome.INCONCLUSIVE: "error",
    Outcome.UNOBSERVED: "skipped",
    Outcome.NOT_APPLICABLE: "skipped",
}


def write_junit(run: Run, path: Path, *, strict: bool = False) -> None:
    """Write the run to a file. Raises OSError where that cannot be done."""
    ET.ElementTree(to_junit(run, strict=strict)).write(path, encoding="utf-8", xml_declaration=True)


def to_junit(run: Run, *, strict: bool = False) -> ET.Element:
    """The run as the element `testsuites`. Only a broken MUST is a failure; `strict` has a broken SHOULD be one too."""
    suites = ET.Element("testsuites", name=SUITE)
    verdicts = run.verdicts
    for target in run.targets.values():
        facts = _facts(run, target, verdicts[target.name])
        clauses = sorted(target.clauses, key=lambda clause: clause.id)
        for chapter in dict.fromkeys(clause.chapter for clause in clauses):
            of_chapter = [clause for clause in clauses if clause.chapter == chapter]
            suites.append(_suite(target, chapter, of_chapter, facts, strict=strict))
    if run.remarks or run.stale or run.left_out or not run.targets:
        suites.append(_of_run(run))
    _tally(suites, run.seconds)
    ET.indent(suites)
    return suites


def _facts(run: Run, target: TargetResult, verdict: Verdict) -> dict[str, str]:
    facts = {"target": target.name, "verdict": verdict, "profile": target.profile, "version": run.version}
    facts |= {"seed": str(run.seed)} if run.seed is not None else {}
    return facts | ({"hint": target.hint} if target.hint is not None else {})


def _suite(
    target: TargetResult, chapter: str, clauses: Iterable[ClauseResult], facts: Mapping[str, str], *, strict: bool
) -> ET.Element:
    suite = ET.Element("testsuite", name=plain_xml(f"{target.name}.{chapter}"))
    properties = ET.SubElement(suite, "properties")
    for name, value in facts.items():
        ET.SubElement(properties, "property", name=name, value=plain_xml(value))
    seconds = 0.0
    for clause in clauses:
        suite.append(_case(target, clause, strict=strict))
        seconds += clause.seconds
    _tally(suite, seconds)
    return suite


def _case(target: TargetResult, clause: ClauseResult, *, strict: bool) -> ET.Element:
    name = plain_xml(f"{target.name}.{clause.chapter}")
    case = ET.Element("testcase", classname=name, name=plain_xml(clause.id), time=f"{clause.seconds:.3f}")
    if clause.outcome is Outcome.PASS:
        return case
    binds = clause.known is None and (clause.level == "MUST" or (strict and clause.level == "SHOULD"))
    tag = "skipped" if clause.outcome is Outcome.FAIL and not binds else TAGS[clause.outcome]
    kind = clause.level if clause.outcome is Outcome.FAIL else clause.outcome
    why = f"{kind} does not hold" if clause.outcome is Outcome.FAIL else str(kind)
    why += f", and is known: {clause.known}" if clause.known is not None else f": {clause.message}"
    told = ET.SubElement(case, tag, message=plain_xml(why))
    if tag != "skipped":
        told.set("type", kind)
    told.text = plain_xml("\n".join([failure_text(clause), *_transcript(clause)]))
    return case


def _transcript(clause: ClauseResult) -> list[str]:
    """What happened until the failure showed, and the last that the server wrote."""
    if clause.failure is None:
        return []
    parts = {"What happened": lines(story_of(clause.failure)), "Last output": clause.failure.output.splitlines()}
    return [text for name, told in parts.items() if told for text in (f"  {name}:", *(f"    {each}" for each in told))]


def _of_run(run: Run) -> ET.Element:
    """What is to be said of no clause. Where the run is not whole, an error: all cases of half a run may be well."""
    suite = ET.Element("testsuite", name=f"{SUITE}.run")
    if run.remarks or not run.targets:
        _add(suite, "the run is whole", "error", "; ".join(run.remarks) or "nothing was tried").set(
            "type", "inconclusive"
        )
    for line in run.stale:
        _add(suite, "no known failure is stale", "failure", line).set("type", "stale")
    for name, reason in run.left_out.items():
        _add(suite, name, "skipped", f"left out: {reason}")
    _tally(suite, 0.0)
    return suite


def _add(suite: ET.Element, name: str, tag: str, reason: str) -> ET.Element:
    case = ET.SubElement(suite, "testcase", classname=f"{SUITE}.run", name=plain_xml(name), time="0.000")
    told = ET.SubElement(case, tag, message=plain_xml(reason))
    told.text = plain_xml(reason)
    return told


def _tally(suite: ET.Element, seconds: float) -> None:
    suite.set("tests", str(len(list(suite.iter("testcase")))))
    for name, tag in TALLIES.items():
        suite.set(name, str(len(list(suite.iter(tag)))))
    suite.set("time", f"{seconds:.3f}")


def plain_xml(text: str) -> str:
    """Text without what XML 1.0 forbids: such a character appears as its escape."""
    return FORBIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
