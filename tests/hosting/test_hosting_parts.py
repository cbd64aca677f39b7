"""What is read off a client's output, what a failure says, and what is no client at all."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from clients_judged import run_of

from conformance.clauses import CLIENT_SPECS, all_clauses
from conformance.client_plugin import again
from conformance.harness.as_data import case_from_data
from conformance.harness.target import BadTarget
from conformance.hosting.connection import reply
from conformance.hosting.conversation import CONVERSATIONS, LINES, with_pattern
from conformance.hosting.record import first_difference
from conformance.hosting.target import client_target
from conformance.report.failure_text import failure_text
from conformance.report.outcome import ExitCode, Outcome

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_are_delivered_as_they_are() -> None:
    assert CONVERSATIONS[LINES].delivered(b"Server received b'a'") == [b"Server received b'a'"]
    assert CONVERSATIONS[LINES].delivered(b"") == []


def test_what_a_client_prints_in_words_of_its_own() -> None:
    output = (
        b"connection 1: sending b'x'\nconnection 1: received b'one '\n"
        b"connection 2: received b\"it's\"\nconnection 1: received b'\\xff'\n"
    )
    assert CONVERSATIONS["many"].delivered(output) == [b"one \xff", b"it's"]


def test_a_pattern_of_the_user_s() -> None:
    conversation = with_pattern(CONVERSATIONS[LINES], r"^<(?P<text>.*?)>$")
    assert conversation.delivered(b"hello\n<one>\n<two>\nbye\n") == [b"onetwo"]


@pytest.mark.parametrize("pattern", ["(", "got (.*)"])
def test_a_pattern_that_tells_nothing(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"regular expression|has no group"):
        with_pattern(CONVERSATIONS[LINES], pattern)


def test_a_command_that_is_not_told_the_port() -> None:
    with pytest.raises(BadTarget, match=r"has no \{port\}"):
        client_target("nc localhost", conversation=LINES, output=None, folder=None, patience=1.0)


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 10000])
def test_where_two_begin_to_differ(size: int) -> None:
    assert first_difference(b"a" * size, b"a" * size) == size
    assert first_difference(b"a" * size + b"b", b"a" * size + b"c" * 9) == size


def test_a_reply_is_the_reference_servers_one() -> None:
    assert reply(b"it's \x00\n") == b"""Server received b"it's \\x00\\n\""""


def test_what_is_no_client_is_no_verdict(tmp_path: Path) -> None:
    run = run_of(tmp_path, f"{sys.executable} -c pass {{port}}", "-k", "coalesced", "--examples", "1")
    (target,) = run.targets.values()
    assert {clause.outcome for clause in target.clauses} == {Outcome.ERROR}
    assert run.exit_code() is ExitCode.USAGE


def test_a_failure_can_be_read_alone(tmp_path: Path) -> None:
    run = run_of(tmp_path, "--zoo", "calls-a-reset-an-end", "-k", "tells-reset", "--examples", "3")
    (target,) = run.targets.values()
    (result,) = target.clauses
    told = failure_text(result)
    assert "Client:      exited with status 0" in told
    assert "break off (RST)" in told
    assert result.failure is not None
    assert [step["do"] for step in result.failure.steps][-1] == "await exit"
    with pytest.raises(ValueError, match="is no step of a case"):
        case_from_data(result.failure.steps)  # which a server's case has none of


def test_the_command_that_tries_it_again() -> None:
    target = client_target("nc -N {host} {port}", conversation=LINES, output=None, folder=None, patience=2.0)
    (clause,) = [each for each in all_clauses(CLIENT_SPECS) if each.id == "client.reset"]
    words = ["echo-conformance", "client", "nc -N {host} {port}", "--patience", "2", "-k", "client.reset"]
    assert list(again(target, clause, 20, 5)) == [*words, "--examples", "20", "--seed", "5"]
