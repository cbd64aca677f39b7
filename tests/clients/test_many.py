"""Many conversations in one thread: each gets what is its own, and one that breaks off stops no other."""

from __future__ import annotations

import re
import socket
import struct

import pytest
from clients_run import BOUND_S, Server, opened, piped, refusing, run, serving

from clients import many
from clients.conversation import ConversationError


def conversation(said: str, number: int) -> list[str]:
    """What is printed about one of them, in order."""
    name = f"connection {number}: "
    return [line.removeprefix(name) for line in said.splitlines() if line.startswith(name)]


def test_each_gets_what_is_its_own() -> None:
    with serving() as port:
        done = run("many", "--port", port, "--connections", "200", "--messages", "3")
    assert (done.returncode, done.stderr) == (0, b"")
    for number in range(1, 201):
        messages = [f"connection {number}, message {each}".encode() for each in range(1, 4)]
        exchanges = [(f"sending {m!r}", f"received {b'Server received %a' % m!r}") for m in messages]
        assert conversation(done.stdout.decode(), number) == [line for pair in exchanges for line in pair] + ["ended"]


def test_a_refused_connection_is_one_line_on_stderr() -> None:
    with refusing() as port:
        done = run("many", "--port", port)
    assert done.stdout == b""
    assert done.stderr == b"many: cannot connect to 127.0.0.1 port %s: Connection refused\n" % port.encode()
    assert done.returncode == 1


@pytest.mark.parametrize("client", ["interactive", "many"])
def test_a_name_that_cannot_be_one_is_one_line_on_stderr(client: str) -> None:
    done = run(client, "--host", "a..b")
    assert re.fullmatch(rb"%s: cannot connect to a\.\.b port 8001: [^\n]+\n" % client.encode(), done.stderr)
    assert done.returncode == 1


@pytest.mark.parametrize("words", [["--port", "0"], ["--port", "65536"], ["--port", "x"], ["--connections", "0"]])
def test_a_wrong_command_line_is_status_2(words: list[str]) -> None:
    done = run("many", *words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Traceback" not in done.stderr


def test_one_that_breaks_off_stops_no_other() -> None:
    with Server() as server, piped("many", "--port", server.port, "--connections", "3", "--messages", "1") as client:
        by_message = {connection.recv(1024): connection for connection in (server.accept() for _ in range(3))}
        with by_message[b"connection 1, message 1"]:
            pass
        with by_message[b"connection 2, message 1"] as second:
            second.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with by_message[b"connection 3, message 1"] as third:
            third.sendall(b"\x1bhere")
            assert third.recv(1024) == b""
        assert client.wait(BOUND_S) == 1
        said = opened(client.stdout).read().decode()
        assert conversation(said, 3)[1:] == [r"received b'\x1bhere'", "ended"]
        assert b"(2 of 3 conversations broke off)\n" in opened(client.stderr).read()


def test_silence_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with Server() as server, pytest.raises(ConversationError, match="silence of 0 s on the 2 that are left"):
        many.converse("127.0.0.1", int(server.port), 2, 1, patience_s=0)
    assert "received" not in capsys.readouterr().out
