"""A reproducer of a case with datagrams: the fault shows where it is, and a correct server has none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from reproducer_cases import broken, tried, written

if TYPE_CHECKING:
    from pathlib import Path

CORRECT = [sys.executable, "-P", "-m", "reference_servers", "poll", "--host", "{host}", "--port", "{port}"]
HERE = [*CORRECT, "--udp-port", "{port}"]
ELSEWHERE = [*CORRECT, "--udp-port", "{udp_port}"]


def datagram(client: int, data: str, **more: Any) -> dict[str, Any]:
    return {"do": "datagram", "client": client, "data": data, **more}


CASES: dict[str, list[dict[str, Any]]] = {
    "strips-datagram": [{"do": "ask", "client": 1, "data": r"b'x\n'"}],
    "keeps-rest-of-long-datagram": [
        datagram(1, "b'x' * 3000", promised=False) | {"data": {"repeat": ["b'x'", 3000]}},
        {"do": "ask", "client": 1, "data": "b'y'"},
    ],
    "answers-last-sender": [
        {"do": "freeze"},
        datagram(1, "b'one'"),
        datagram(2, "b'two'"),
        {"do": "thaw"},
        {"do": "await datagrams", "client": 1},
    ],
    "refused-answer-is-the-end": [
        {"do": "freeze"},
        datagram(1, "b''"),
        {"do": "vanish", "client": 1},
        {"do": "thaw"},
        {"do": "ask", "client": 2, "data": "b'two'"},
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_with_datagrams_shows(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, CASES[name], clause="datagram.answered")
    code, said = tried(file, "--", *broken(name))
    assert code == 1, said
    assert "does not hold" in said
    for command in (HERE, ELSEWHERE):
        code, said = tried(file, "--", *command)
        assert code == 0, said


def test_where_nobody_answers_datagrams_they_are_refused(tmp_path: Path) -> None:
    code, said = tried(written(tmp_path, CASES["strips-datagram"]), "--udp", "127.0.0.1:9", "--", *HERE)
    assert (code, "refused" in said) == (1, True), said
