"""Runs that were never run, and what stands in the page that is made of them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from conformance.report.failure import Difference, Failure
from conformance.report.html_report import to_html
from conformance.report.outcome import ClauseResult, Outcome, Run

if TYPE_CHECKING:
    from pathlib import Path

CHAPTERS = ("backpressure", "close", "error", "isolation", "lifecycle", "limits", "order", "readiness", "reply")
REQUIREMENT = "After a half-close every reply owed arrives, then FIN; what was owed is neither cut nor told twice."
VOID = {"meta", "br", "input", "col", "link", "img"}


def event(at_s: float, lane: int, what: str, size_bytes: int = 0) -> dict[str, Any]:
    return {"at_s": at_s, "lane": lane, "what": what, "size_bytes": size_bytes}


def exchange(clients: int = 1, replies: int = 12) -> list[dict[str, Any]]:
    """Return the timeline of a case in which each client sends, gets pieces of an answer, and half-closes."""
    events = []
    for client in range(1, clients + 1):
        events += [event(client * 1e-3, client, what) for what in ("connect", "connected")]
        events.append(event(client * 1e-3 + 1e-5, client, "send", 8192))
        events += [event(client * 1e-3 + (i + 1) * 2e-5, client, "receive", 834 + i % 3) for i in range(replies)]
        events.append(event(client * 1e-3 + 9e-4, client, "half-close"))
    return sorted(events, key=lambda each: each["at_s"])


def failure(**fields: Any) -> Failure:
    told: dict[str, Any] = {
        "expected": r"at byte 11,952 of the answer: \\x01\\x01",
        "actual": "client 1: a reply breaks off and another begins, with byte 6144 of what was sent",
        "ended": "client 1: FIN, after 19,182 bytes of answer",
        "server": "still running",
        "case": "connect 1 with a narrow window\nsend 1 b'...' (8,192 bytes)\nhalf-close 1\nawait end 1    <- here",
        "note": "",
        "again": "echo-conformance run --command './server {port}' -k close.drains-before-fin --seed 1",
        "steps": [{"do": "connect", "client": 1}, {"do": "await end", "client": 1}],
        "stopped_at": 1,
        "trouble": "a wrong answer",
        "difference": Difference(1, 11952, "b'", r"\\x01\\x01", r"\\xServer received"),
        "timeline": exchange(),
        "output": "stdout: Server start at: 127.0.0.1:1\nstderr: Traceback",
    }
    return Failure(**told | fields)


def result(clause: str, outcome: Outcome = Outcome.PASS, **fields: Any) -> ClauseResult:
    level = fields.pop("level", "MUST")
    told: dict[str, Any] = {"examples": 98, "seconds": 0.125, "requirement": REQUIREMENT}
    if outcome is Outcome.FAIL:
        told |= {"message": "expected this; got that", "failure": failure()}
    elif outcome is not Outcome.PASS:
        told |= {"message": f"reason of {outcome}"}
    return ClauseResult(clause, level, outcome, **told | fields)


def run_of(targets: dict[str, list[ClauseResult]], **fields: Any) -> Run:
    run = Run("0.1.0", "received", 7, **{"seconds": 12.5} | fields)
    for name, results in targets.items():
        for each in results:
            run.add(name, each)
    run.expected = run.expected or sum(map(len, targets.values()))
    return run


def large_run(targets: int, clauses: int, failures: int) -> Run:
    """Return a run in which every so many clauses fail, with long cases of many clients."""
    every = targets * clauses // failures
    failed = failure(timeline=exchange(8, 30), case="\n".join(f"send {i} {'x' * 120}" for i in range(12)))
    run = Run("0.1.0", "received", 7)
    for number in range(targets * clauses):
        target, clause = divmod(number, clauses)
        name = f"{CHAPTERS[clause % len(CHAPTERS)]}.clause-with-a-name-{clause}"
        one = result(name) if number % every else result(name, Outcome.FAIL, failure=failed)
        run.add(f"target-number-{target}", one)
    return run


def script_of(clause: str, folder: Path, text: str, name: str = "one.py") -> str:
    """Write a file that carries a case of that clause; its name, from the folder of the report."""
    case = {"clause": clause, "level": "MUST", "profile": "received", "chunk_limit": 1, "target": [], "steps": []}
    (folder / "reproducers").mkdir(exist_ok=True)
    (folder / "reproducers" / name).write_text(f"{text}CASE = {case}\n")
    return f"reproducers/{name}"


class Page(HTMLParser):
    """What a parser finds in a page: its elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unmatched: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unmatched.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.elements if attribute in attrs]

    def text(self, *tags: str) -> str:
        return "".join(part for tag in tags or self.texts for part in self.texts.get(tag, []))


def page_of(run: Run, folder: Path) -> Page:
    return Page(to_html(run, folder))
