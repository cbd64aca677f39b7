"""Runs that every face of a report must be able to show: all outcomes, all verdicts, and text that would do harm."""

from __future__ import annotations

from typing import Any

from conformance.report.failure import Difference, Failure
from conformance.report.outcome import ClauseResult, Outcome, Run, Shard

HOSTILE = (
    "</pre></details>]]>&amp; <script>alert(1)</script> `a` | b | *c* _d_ [e](f) @g #1 $h$ "
    "\x00\x1b[2J\ud800\u202e\r\nend"
)


def failure(**fields: Any) -> Failure:
    told: dict[str, Any] = {
        "expected": "an answer to every byte",
        "actual": "nothing more came for 10 s",
        "ended": "client 1: silence for 10 s",
        "server": "still running",
        "case": "connect 1\nping 1 b'a|`<b>'\nawait end 1    <- here",
        "note": "",
        "again": "echo-conformance run --command './server {port}' -k close.eof --examples 20 --seed 5",
        "steps": [{"do": "connect", "client": 1}, {"do": "ping", "client": 1, "data": "b'a'"}],
        "stopped_at": 1,
        "trouble": "silence",
        "difference": Difference(1, 17, "Server received ", "b'a'", "b'b'"),
        "timeline": [{"at_s": 0.25, "lane": 1, "what": "connect", "size_bytes": 0}],
        "output": "started",
    }
    return Failure(**(told | fields))


def clause(
    name: str, outcome: Outcome = Outcome.PASS, *, level: str = "MUST", reason: str = "why", **fields: Any
) -> ClauseResult:
    """A result of that outcome, with all that belongs to it."""
    failed = outcome is Outcome.FAIL
    told: dict[str, Any] = {
        "examples": 7,
        "seconds": 0.125,
        "requirement": "Each is answered,\nwhatever comes.",
        "message": None if outcome is Outcome.PASS else reason,
        "failure": failure() if failed else None,
        "first_failure_examples": 3 if failed else None,
        "first_failure_seconds": 0.25 if failed else None,
    }
    return ClauseResult(id=name, level=level, outcome=outcome, **(told | fields))


def every_outcome() -> Run:
    """Four targets, one of each verdict, and among them each outcome."""
    run = Run("0.1.0", "received", 5, expected=11, seconds=4.5)
    run.add("good", clause("close.eof"))
    run.add("good", clause("reply.prompt", Outcome.UNOBSERVED, level="SHOULD", reason="needs a process"))
    run.add("strict", clause("close.eof"))
    run.add("strict", clause("reply.prompt", level="SHOULD"))
    run.add("bad", clause("close.eof", Outcome.FAIL))
    run.add("bad", clause("order.whole", Outcome.NOT_APPLICABLE, reason="needs a start line"))
    run.add("bad", clause("reply.prompt", Outcome.FAIL, level="SHOULD"))
    run.add("bad", clause("reply.while-open", level="MAY"))
    run.add("unclear", clause("close.eof", Outcome.INCONCLUSIVE, reason="the machine was busy"))
    run.add("unclear", clause("order.whole", Outcome.ERROR, reason="cannot start ./server", misconfigured=True))
    run.add("unclear", clause("reply.prompt"))
    return run


def hostile() -> Run:
    """One target, in all of whose texts there is what would break out of a report."""
    run = Run("0.1.0", "received", None, expected=3, joined=True, shards=[Shard("abc", 2, 1)])
    bad = failure(
        **dict.fromkeys(("expected", "actual", "ended", "server", "case", "note", "again", "output"), HOSTILE)
    )
    run.add(HOSTILE, clause(f"close.{HOSTILE}", Outcome.FAIL, reason=HOSTILE, requirement=HOSTILE, failure=bad))
    run.add(HOSTILE, clause("order.whole", Outcome.INCONCLUSIVE, reason=HOSTILE))
    return run


def noted(text: str = "the library <closes> it") -> Run:
    """A run with all that is said beside the outcomes: a known failure, a stale one, a hint, a target left out."""
    run = Run("0.1.0", "received", 5, expected=3, left_out={f"absent {text}": text}, stale=[f"line 3: {text}"])
    run.add("mine", clause("close.eof", Outcome.FAIL, known=text), hint=f"hint: {text}")
    run.targets["mine"].profile = "echo"
    run.add("mine", clause("reply.prompt"))
    run.add("other", clause("reply.prompt"))
    return run
