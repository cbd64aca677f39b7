"""The JSON file: as its schema says, and a run again when it is read. What is none is told with the key."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from faces_runs import HOSTILE, clause, every_outcome, failure, hostile, noted

from conformance.report.json_report import from_json, read_json, schema, to_json, write_json
from conformance.report.outcome import MOST_SHARDS, Outcome, Run, Shard, Verdict
from conformance.report.reading import Unreadable, plainly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTHING = Run("0.1.0", "echo", 0)
RUNS = {"every outcome": every_outcome(), "hostile": hostile(), "nothing": NOTHING, "noted": noted()}


def closed(part: Any) -> Any:
    """A schema that knows no key but those it describes."""
    if isinstance(part, list):
        return [closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    inner = {key: closed(value) for key, value in part.items()}
    only = {"additionalProperties": False} if "required" in part and "do" not in part["required"] else {}
    return inner | only


SCHEMA = closed(json.loads(schema()))


def as_written(run: Run) -> Any:
    return json.loads(json.dumps(to_json(run)))


def test_the_runs_here_have_every_outcome_and_verdict() -> None:
    targets = every_outcome().targets.values()
    assert {target.verdict for target in targets} == set(Verdict)
    assert {result.outcome for target in targets for result in target.clauses} == set(Outcome)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_what_is_written_is_as_the_schema_says(run: Run) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(as_written(run))


def test_what_is_noted_is_read_again() -> None:
    run = from_json(as_written(noted()))
    assert run == noted()
    assert from_json(as_written(noted(HOSTILE))).left_out == {f"absent {plainly(HOSTILE)}": plainly(HOSTILE)}


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    run = every_outcome()
    run.interrupted, run.shards = True, [Shard("abc", 4, 2)]
    write_json(run, tmp_path / "run.json")
    assert read_json(tmp_path / "run.json") == run


def test_times_are_kept_to_the_millisecond() -> None:
    run = every_outcome()
    run.seconds = 1.23456
    again = from_json(as_written(run))
    assert again.seconds == 1.235
    assert to_json(from_json(as_written(again))) == to_json(again)


def test_text_that_is_not_printable_is_read_as_its_escape() -> None:
    run = from_json(as_written(hostile()))
    (name,) = run.targets
    assert r"\x00\x1b[2J\ud800\u202e\r\n" in name
    assert plainly("ä€😀") == "ä€😀"


FORGED = "nobody\nepoll: conformant (99 pass)\n::error::no"


def test_a_line_break_is_kept_only_where_there_are_lines_to_read() -> None:
    told = dict.fromkeys(("expected", "actual", "ended", "server", "case", "note", "again", "output"), FORGED)
    run = noted(FORGED)
    run.add("mine", clause("order.whole", Outcome.FAIL, requirement=FORGED, reason=FORGED, failure=failure(**told)))
    run.version = FORGED
    run = from_json(as_written(run))
    (found,) = (each for each in run.targets["mine"].clauses if each.id == "order.whole")
    assert found.failure is not None
    in_lines = (found.requirement, found.message, found.failure.case, found.failure.output, found.failure.note)
    assert set(in_lines) == {FORGED}
    in_a_line = (run.version, *run.stale, *run.left_out, *run.left_out.values(), str(run.targets["mine"].hint))
    in_a_line += (found.failure.expected, found.failure.actual, found.failure.ended, found.failure.again)
    in_a_line += tuple(str(each.known) for each in run.targets["mine"].clauses)
    assert not [text for text in in_a_line if "\n" in text]


def put(data: Any, path: str, value: Any) -> None:
    *way, last = [int(step[:-1]) if step.endswith("]") else step for step in path.replace("[", ".").split(".")]
    for step in way:
        data = data[step]
    data[last] = value


CLAUSE = "targets[2].clauses[0]"
WRONG: dict[str, tuple[str, Any, str]] = {
    "another program's": ("suite", "h2spec", "suite: this is no run of echo-conformance"),
    "text for a number": ("seconds", "4", "seconds: a number from 0 on is wanted, and not '4'"),
    "true for a number": ("expected", True, "expected: a whole number from 0 on is wanted, and not True"),
    "a fraction": ("seed", 1.5, "seed: a whole number from 0 on is wanted, and not 1.5"),
    "less than nothing": (f"{CLAUSE}.examples", -1, f"{CLAUSE}.examples: a whole number from 0 on is wanted"),
    "a number too many": (f"{CLAUSE}.seconds", 10**400, f"{CLAUSE}.seconds: a number from 0 on is wanted"),
    "no number": (f"{CLAUSE}.seconds", float("nan"), f"{CLAUSE}.seconds: a number from 0 on is wanted, and not nan"),
    "null for text": (f"{CLAUSE}.id", None, f"{CLAUSE}.id: text is wanted, and not null"),
    "no such outcome": (f"{CLAUSE}.outcome", "passed", f"{CLAUSE}.outcome: one of pass, fail, not-applicable"),
    "no list": ("targets", {}, "targets: a list is wanted, and not an object"),
    "no object": ("targets[0]", [], "targets[0]: an object is wanted, and not a list"),
    "no clause": ("targets[0].clauses", [3], "targets[0].clauses[0]: an object is wanted, and not 3"),
    "no moment": (f"{CLAUSE}.failure.timeline[0].lane", "1", f"{CLAUSE}.failure.timeline[0].lane: a whole number"),
    "a misspelt key": ("targets[0].verdikt", "", "targets[0].verdikt: there is no such key; is verdict meant?"),
    "an unknown key": ("colour", 1, "colour: there is no such key, in this version"),
    "another verdict": ("targets[0].verdict", "strict", "targets[0].verdict: it is 'strict', and from the rest of"),
    "another sum": ("examples", 1, "examples: it is 1, and from the rest of the file follows 77"),
    "no such shard": ("shards", [{"whole": "a", "splits": 2, "group": 3}], "shards[0]: there is no shard 3 of 2"),
    "no such level": (f"{CLAUSE}.level", "MUSTY", f"{CLAUSE}: there is no level 'MUSTY'"),
    "twice the same": (f"{CLAUSE}.id", "order.whole", "targets[2].clauses: 'order.whole' comes 2 times"),
    "two of a name": ("targets[1].name", "good", "targets[1].name: 'good' comes twice"),
}


@pytest.mark.parametrize(("path", "value", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_with_its_key(path: str, value: Any, said: str) -> None:
    data = copy.deepcopy(as_written(every_outcome()))
    put(data, path, value)
    with pytest.raises(Unreadable) as caught:
        from_json(data)
    assert str(caught.value).startswith(said)


def without_each_key(data: Any) -> Iterator[tuple[str, Any]]:
    """The same data with one key less, for every key that there is, whose name comes along."""
    if isinstance(data, list):
        for at, value in enumerate(data):
            yield from ((key, [*data[:at], less, *data[at + 1 :]]) for key, less in without_each_key(value))
    if isinstance(data, dict):
        for key, value in data.items():
            yield key, {other: data[other] for other in data if other != key}
            if key != "steps":  # what a step holds is the business of who plays it
                yield from ((inner, {**data, key: less}) for inner, less in without_each_key(value))


def test_no_key_may_be_missing() -> None:
    for key, data in without_each_key(as_written(every_outcome())):
        with pytest.raises(Unreadable, match=key if key != "suite" else "no run of"):
            from_json(data)


def test_shards_that_lack_are_counted_and_the_first_named() -> None:
    run = Run("0.1.0", "received", 5, joined=True, shards=[Shard(str(n), MOST_SHARDS, 1) for n in range(MOST_SHARDS)])
    assert run.lacking[0] == "shard 2 of 1000"
    assert run.lacking[-1] == "998,990 more shards"
    assert len(run.lacking) == 11
    data = as_written(run)
    from_json(data)
    data["shards"].append(data["shards"][0])
    with pytest.raises(Unreadable, match=r"shards: at most 1,000 are wanted, and not 1,001"):
        from_json(data)


NO_FILES = {
    "empty": b"",
    "half": b'{"suite": ',
    "no text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "long number": b"1" * 10_000,
    "a list": b"[]",
}


@pytest.mark.parametrize("content", NO_FILES.values(), ids=NO_FILES)
def test_a_file_that_is_no_run(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(Unreadable):
        read_json(tmp_path / "run.json")


def test_there_are_not_endless_shards() -> None:
    with pytest.raises(ValueError, match="there is no shard"):
        Shard("abc", MOST_SHARDS + 1, 1)
