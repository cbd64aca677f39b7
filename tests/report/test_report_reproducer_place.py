"""Where a reproducer connects: not to who was there before its server, nor wherever that one says."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest
from reproducer_cases import EPOLL, tried, written

from conformance.report.reproducing import life
from conformance.report.reproducing.server import Server, is_here
from conformance.report.reproducing.verdict import CannotTell

if TYPE_CHECKING:
    from pathlib import Path

    from reproducer_cases import Steps

CASE: Steps = [{"do": "connect", "client": 1}, {"do": "ping", "client": 1, "data": "b'x'"}]
ANNOUNCES = "import time; print('Server start at: {}', flush=True); time.sleep(600)"


def test_whoever_serves_at_its_port_already_is_not_taken_for_the_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, said = tried(written(tmp_path, CASE), "127.0.0.1", str(port), "--", *EPOLL)
    assert (code, f"something else accepts connections at 127.0.0.1:{port} already" in said) == (2, True), said


@pytest.mark.parametrize("place", ["192.0.2.1:80", "somewhere.invalid:80"])
def test_whoever_a_server_names_is_not_connected_to(tmp_path: Path, place: str) -> None:
    code, said = tried(written(tmp_path, CASE), "--", sys.executable, "-c", ANNOUNCES.format(place))
    assert (code, f"announced {place.partition(':')[0]!r}, which is not 127.0.0.1" in said) == (2, True), said


def test_the_address_of_the_name_that_was_given_is_here() -> None:
    assert is_here("127.0.0.1", "localhost")


def test_whoever_has_the_port_when_the_server_starts_again_is_no_fault_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        server = Server()
        server.command, server.address = ["never started"], other.getsockname()
        monkeypatch.setattr(life, "SERVER", server)
        with pytest.raises(CannotTell, match="something else accepts connections"):
            life.start_again()


@pytest.mark.parametrize("announced", ["localhost", "127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "10.0.0.7"])
def test_this_machine_and_the_host_that_was_named_are_here(announced: str) -> None:
    assert is_here(announced, "10.0.0.7")
