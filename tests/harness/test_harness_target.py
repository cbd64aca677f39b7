"""Descriptions of targets, and those that cannot be meant."""

from __future__ import annotations

import sys
from functools import partial

import pytest

from conformance.harness.target import BadTarget, Target, address_target, backend_target, command_target

command = partial(command_target, port=None, host="127.0.0.1", profile="received", chunk_limit_bytes=1024)
address = partial(address_target, pid=None, profile="received", chunk_limit_bytes=1024)

BAD_COMMANDS = {
    "unknown placeholder": (
        "./server {prot}",
        None,
        "{prot}, which is no placeholder: {host}, {port} and ",
    ),
    "empty": ("", None, "empty"),
    "blank": ("  ", None, "empty"),
    "unbalanced quote": ("./server 'a {port}", None, "cannot be split into words"),
    "port given twice": ("./server {port}", 8001, "--port must not name one"),
}
BAD_ADDRESSES = ["", "127.0.0.1", ":8001", "h:", "h:http", "h:0", "h:65536", "h:-1", "h:²"]


@pytest.mark.parametrize(("words", "port", "said"), BAD_COMMANDS.values(), ids=BAD_COMMANDS)
def test_a_command_that_cannot_be_meant(words: str, port: int | None, said: str) -> None:
    with pytest.raises(BadTarget) as bad:
        command(words, port=port)
    assert said in str(bad.value)


@pytest.mark.parametrize("text", BAD_ADDRESSES)
def test_an_address_that_cannot_be_meant(text: str) -> None:
    with pytest.raises(BadTarget, match="write HOST:PORT, such as") as bad:
        address(text)
    assert repr(text) in str(bad.value)


def test_a_command_with_a_placeholder_can_be_copied() -> None:
    target = command("python3 'my server.py' --bind {host}:{port}")
    assert target.command == ("python3", "my server.py", "--bind", "{host}:{port}")
    assert target.copies
    assert target.options == ("--command", "python3 'my server.py' --bind {host}:{port}")


def test_a_command_with_a_port_of_its_own_runs_one_copy() -> None:
    target = command("./server", port=8001)
    assert (target.fixed_port, target.copies) == (8001, False)
    assert target.options == ("--command", "./server", "--port", "8001")


def test_other_braces_are_the_command_s_own_business() -> None:
    words = "sh -c 'x=1; exec ./server ${x} {port}'"
    assert command(words).command == ("sh", "-c", "x=1; exec ./server ${x} {port}")


@pytest.mark.parametrize(("text", "where"), [("127.0.0.1:8001", ("127.0.0.1", 8001)), ("[::1]:80", ("::1", 80))])
def test_an_address(text: str, where: tuple[str, int]) -> None:
    target = address(text, pid=7)
    assert (target.address, target.pid, target.copies) == (where, 7, False)
    assert target.options == ("--address", text, "--pid", "7")


def test_what_differs_from_the_defaults_is_said_again() -> None:
    target = command_target("./s {port}", port=None, host="::1", profile="echo", chunk_limit_bytes=99)
    assert target.options[2:] == ("--host", "::1", "--profile", "echo", "--chunk-limit", "99")


def test_a_backend_is_a_program_of_its_own() -> None:
    target = backend_target("epoll")
    assert isinstance(target, Target)
    assert target.command is not None
    assert target.command[0] == sys.executable
    assert target.options == ("--backend", "epoll")
