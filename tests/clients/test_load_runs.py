"""`python -m clients load`, against servers that are right and servers that are not."""

from __future__ import annotations

import dataclasses
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from load_servers import (
    BOUND_S,
    ROOT,
    EndsTheFirst,
    Turning,
    answering,
    backend,
    byte_by_byte,
    echo,
    late,
    nothing,
    one_byte_off,
    the_end,
)

from clients.load.generator import Generator, Unreachable
from clients.load.plan import Plan
from clients.load.processor import processor_s
from clients.load.tally import PROCESS_ENDED, SATURATED, Figures, Tally

SHORT = ["--warm-up", "0.02", "--duration", "0.1"]


# Of a run that is to have something answered: on a crowded machine a short one may see the server get no turn at all.
DURATIONS_S = (0.1, 2.0, 30.0)


def run(port: int, *options: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "clients", "load", "--port", str(port), *SHORT, *options]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=BOUND_S, check=False)


def answered(plan: Plan) -> Figures:
    """The figures of a run in which something was answered."""
    came = Figures()
    for duration_s in DURATIONS_S:
        came = figures(dataclasses.replace(plan, duration_s=duration_s))
        if came.messages:
            break
    assert came.messages
    return came


def figures(plan: Plan) -> Figures:
    tally = Tally(plan.pid)
    Generator(plan, tally).run()
    return tally.figures()


def short(port: int, **options: Any) -> Plan:
    return Plan(("127.0.0.1", port), **({"warm_up_s": 0.02, "duration_s": 0.1} | options))


def test_the_figures_of_a_run(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    with backend("epoll") as (port, pid):
        for duration_s in DURATIONS_S:
            options = ["--connections", "4", "--idle", "70", "--pid", str(pid), "--json", str(file)]
            done = run(port, *options, "--duration", str(duration_s))
            assert done.returncode == 0, done.stderr
            assert "messages in" in done.stdout
            data = json.loads(file.read_text())
            if data["messages"]:
                break
    assert data["plan"]["connections"] == 4
    assert data["messages"] > 0
    assert data["errors"] == {}
    assert data["unanswered"] == 0
    assert 0 < data["latency_us"]["p50"] <= data["latency_us"]["p99.9"] <= data["latency_us"]["p100"]
    assert data["server_cpu_us_per_message"] > 0


@pytest.mark.parametrize(
    "options",
    [
        {"connections": 3, "depth": 8},
        {"depth": 2, "sizes_bytes": (1, 32, 5000)},
        {"connections": 2, "rate": 500.0},
        {"rate": 100_000.0, "duration_s": 0.05},
    ],
    ids=["pipelined", "several-sizes", "open-loop", "open-loop-too-fast"],
)
def test_right_answers_however_they_are_asked_for(options: dict[str, Any]) -> None:
    with backend("epoll") as (port, _):
        came = answered(short(port, **options))
    assert came.errors == {}


def test_profile_echo() -> None:
    with answering(echo) as port:
        came = answered(short(port, profile="echo", depth=4, sizes_bytes=(7, 3000)))
    assert came.errors == {}


def test_answers_in_the_smallest_pieces() -> None:
    with answering(byte_by_byte) as port:
        came = answered(short(port, sizes_bytes=(5,)))
    assert came.errors == {}


@pytest.mark.parametrize(("wrong", "kind"), [(one_byte_off, "wrong answer"), (the_end, "closed by the server")])
def test_what_is_wrong_is_an_error_and_no_message(wrong: Any, kind: str) -> None:
    with answering(Turning(1, wrong)) as port:  # the right one is for the connection
        came = figures(short(port, warm_up_s=0.0))
    assert came.messages == 0
    assert came.errors[kind] >= 1


def test_a_wrong_answer_fails_the_command() -> None:
    with answering(Turning(1, one_byte_off)) as port:
        done = run(port)
    assert done.returncode == 1
    assert "error: wrong answer: " in done.stdout


def test_what_never_comes_counts_with_its_waiting() -> None:
    with answering(Turning(1, nothing)) as port:
        came = figures(short(port, rate=1000.0, warm_up_s=0.0, silence_s=0.2))
    assert came.messages == 0
    assert came.unanswered == sum(came.counts_us.values()) > 50
    assert came.latency_us["p50"] > 40_000


def test_what_is_lost_with_its_connection_counts_with_its_waiting() -> None:
    with answering(Turning(1, late(0.1, the_end))) as port:
        came = figures(short(port, rate=1000.0, depth=1000, warm_up_s=0.0, silence_s=0.2))
    assert came.messages == 0
    assert came.unanswered == sum(came.counts_us.values()) > 0
    assert came.latency_us["p100"] > 50_000


def test_what_opens_late_is_waited_for_however_soon_the_rest_is_given_up() -> None:
    with answering(late(0.5)) as port:
        came = figures(short(port, silence_s=0.1))
    assert came.errors == {}


def test_what_was_due_before_the_end_is_still_sent() -> None:
    with answering(Turning(1, late(0.3))) as port:  # within the window nothing is answered, and so but one can be sent
        came = figures(short(port, rate=100.0, warm_up_s=0.0))
    assert came.errors == {}
    assert came.unanswered == 0
    assert sum(came.counts_us.values()) >= 9


def test_a_server_process_that_ends_meanwhile() -> None:
    with (
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other,
        backend("epoll") as (port, _),
    ):

        def end_it(phase: str, _share: float, _tally: Tally) -> None:
            if phase == "load":
                other.communicate()

        tally = Tally(other.pid)
        Generator(short(port, pid=other.pid), tally, end_it).run()
    came = tally.figures()
    assert came.errors == {PROCESS_ENDED: 1}
    assert came.seconds > 0
    assert came.server_cpu_us is None


def test_idle_connections_that_the_server_ends() -> None:
    with answering(EndsTheFirst()) as port:
        came = figures(short(port, idle=1, warm_up_s=0.0))
    assert came.errors == {"idle connection ended": 1}


def test_connections_that_end_before_anything_is_measured() -> None:
    turning = Turning(1, the_end)  # the last of each lot that is opened is asked something, and that goes well once
    with answering(turning) as port, pytest.raises(Unreachable, match="closed by the server, after 1 connections"):
        Generator(short(port, idle=1), Tally(None)).run()


def test_nobody_there() -> None:
    with socket.socket() as bound:  # bound and not listening: the port refuses, and stays ours
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        done = run(port)
    assert (done.returncode, done.stderr) == (1, f"load: 127.0.0.1 port {port}: refused, after 0 connections\n")


def test_the_library_is_missing() -> None:
    code = "import sys; sys.modules['hdrh'] = None; from clients.__main__ import main; sys.exit(main())"
    words = [sys.executable, "-c", code, "load", "--port", "1"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=BOUND_S, check=False)
    assert done.returncode == 2
    assert "pip install 'echo-conformance[load]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_process_that_is_not_there_is_a_matter_of_usage() -> None:
    assert run(1, "--pid", "999999").returncode == 2


@pytest.mark.parametrize("options", [["--size", "0"], ["--rate", "0"], ["--connections", "x"], ["--warm-up", "-1"]])
def test_what_cannot_be_meant(options: list[str]) -> None:
    done = run(1, *options)
    assert done.returncode == 2
    assert options[0] in done.stderr


def test_interrupted_it_tells_what_it_has() -> None:
    with backend("epoll") as (port, pid):
        words = [sys.executable, "-m", "clients", "load", "--port", str(port), "--warm-up", "0", "--duration", "600"]
        with subprocess.Popen([*words, "--pid", str(pid)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as load:
            started_s = processor_s(pid)
            while processor_s(pid) < started_s + 0.05:  # until the server is at work
                assert load.poll() is None
            load.send_signal(signal.SIGINT)
            said = load.communicate(timeout=BOUND_S)[0]
    assert load.returncode == 130
    assert "messages in" in said


def test_interrupted_it_counts_what_has_no_answer() -> None:
    with answering(Turning(1, nothing)) as port:
        tally = Tally(None)

        def interrupt(_phase: str, _share: float, _tally: Tally) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            Generator(short(port, rate=1000.0, warm_up_s=0.0, duration_s=600.0), tally, interrupt).run()
    came = tally.figures()
    assert came.unanswered == sum(came.counts_us.values()) > 0
    assert came.latency_us["p100"] > 90_000


@pytest.mark.parametrize(
    ("busy", "server", "said"),
    [
        (0.99, 0.5, "the generator is the bottleneck"),
        (0.99, None, "--pid would tell"),
        (0.99, 0.98, "neither generator nor server had time left"),
        (SATURATED - 0.1, 0.5, None),
    ],
)
def test_whose_limit_it_is(busy: float, server: float | None, said: str | None) -> None:
    told = Figures(busy_share=busy, server_share=server).bottleneck
    assert (told is None) == (said is None)
    assert said is None or said in (told or "")


def test_a_generator_that_waits_is_not_at_work() -> None:
    with answering(Turning(1, nothing)) as port:
        came = figures(short(port, warm_up_s=0.0, duration_s=1.0, silence_s=0.1))
    assert came.busy_share < SATURATED
