"""Which targets answer datagrams, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.harness.target import BadTarget, Target, address_target, backend_target, command_target
from conformance.targets.described import read, target_of

if TYPE_CHECKING:
    from pathlib import Path

SHARED: dict[str, Any] = {"profile": "received", "chunk_limit_bytes": 1024}


def started(command: str, **told: Any) -> Target:
    return command_target(command, **{"port": None, "host": "127.0.0.1", **SHARED} | told)


def test_a_command_that_takes_the_port_answers_datagrams_there() -> None:
    target = started("./server {port} {udp_port}")
    assert (target.answers_datagrams, target.told_udp_port, target.udp) == (True, True, None)
    assert not started("./server {port}").answers_datagrams


def test_where_it_is_may_be_told() -> None:
    for target in (
        started("./server {port}", udp="[::1]:7"),
        address_target("127.0.0.1:8", pid=None, udp="[::1]:7", **SHARED),
    ):
        assert (target.answers_datagrams, target.udp) == (True, ("::1", 7))
        assert target.options[-2:] == ("--udp", "[::1]:7")


@pytest.mark.parametrize(("command", "udp"), [("./s {port} {udp_port}", "127.0.0.1:7"), ("./s {port}", "seven")])
def test_what_cannot_be_meant_is_told(command: str, udp: str) -> None:
    with pytest.raises(BadTarget):
        started(command, udp=udp)


def test_the_reference_servers_answer_them_at_one_port() -> None:
    target = backend_target("epoll")
    assert (target.answers_datagrams, target.told_udp_port, target.udp) == (True, False, None)


def test_a_table_declares_it(tmp_path: Path) -> None:
    file = tmp_path / "targets.toml"
    file.write_text(
        '[same]\ncommand = "./s {port}"\ncapabilities = ["udp"]\n'
        '[told]\ncommand = "./s {port} {udp_port}"\n'
        '[named]\naddress = "127.0.0.1:8"\nudp = "127.0.0.1:7"\n'
        '[without]\ncommand = "./s {port}"\n'
    )
    found = {name: target_of(one, "targets.toml", **SHARED) for name, one in read(file)[1].items()}
    assert {name for name, target in found.items() if target.answers_datagrams} == {"same", "told", "named"}
    assert found["named"].udp == ("127.0.0.1", 7)
