"""What is said with the verdict of a target and of what became of a clause, in every face of a run."""

from __future__ import annotations

from conformance.report.outcome import GRAVITY, ClauseResult, TargetResult, Verdict

KNOWN = "known"


def but_for(target: TargetResult, verdict: Verdict) -> str:
    """How many known failures a verdict leaves out of account, to be said after it; empty where there are none."""
    known = len(target.known)
    if not known or verdict is not Verdict.CONFORMANT:
        return ""
    return f" but for {known} known failure{'s' if known > 1 else ''}"


def word(result: ClauseResult) -> str:
    """What became of a clause, in a word that fits into a table."""
    return KNOWN if result.known is not None else str(result.outcome)


def counts(target: TargetResult, verdict: Verdict) -> str:
    """How many clauses came out how, to be said after the verdict: `18 pass, 3 fail`."""
    words = [f"{number} {outcome}" for outcome in reversed(GRAVITY) if (number := target.count(outcome))]
    if target.known and not but_for(target, verdict):
        words.append(f"{len(target.known)} of them known")
    return ", ".join(words)
