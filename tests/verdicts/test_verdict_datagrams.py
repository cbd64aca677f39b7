"""Datagrams are judged where a target answers them, and a further service like any other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from verdict_runs import judged

if TYPE_CHECKING:
    from pathlib import Path

SERVER = [sys.executable, "-m", "reference_servers", "selectors-queue"]
FEW = ("--examples", "3", "--jobs", "1")


def test_a_server_is_told_the_port_of_its_datagrams(tmp_path: Path) -> None:
    run = judged(tmp_path, [*SERVER, "--port", "{port}", "--udp-port", "{udp_port}"], *FEW, "-k", "datagram.")
    assert (run.code, run.verdict) == (0, "strict"), run.said
    assert len(run.outcomes) > 8
    assert set(run.outcomes.values()) == {"pass"}, run.said


def test_a_server_without_datagrams_is_not_asked(tmp_path: Path) -> None:
    clauses = "datagram.answered or datagram.batch or reply.prompt"
    run = judged(tmp_path, [*SERVER, "--port", "{port}"], *FEW, "-k", clauses)
    assert run.code == 0, run.said
    assert run.outcomes == {
        "datagram.answered": "not-applicable",
        "datagram.batch": "not-applicable",
        "reply.prompt": "pass",
    }


def test_the_echo_beside_is_an_echo_server(tmp_path: Path) -> None:
    command = [*SERVER, "--port", "0", "--echo-port", "{port}"]
    run = judged(tmp_path, command, *FEW, "--profile", "echo", "-k", "close. or order. or accepts-all")
    assert (run.code, run.verdict) == (0, "conformant"), run.said
