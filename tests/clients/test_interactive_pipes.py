"""The interactive client between pipes and files: nothing is lost, and nothing is held without bound."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from clients_run import (
    BOUND_S,
    ROOT,
    Server,
    asleep,
    chunks,
    command,
    flood,
    opened,
    piped,
    refusing,
    run,
    serving,
    wait_until,
)

from clients.interactive import HELD_BYTES, RECEIVE_BYTES

LINES = "".join(f"{number}\n" for number in range(1, 100_001)).encode()
SERVER_BUFFER_BYTES = 8192
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def test_a_refused_connection_is_one_line_on_stderr() -> None:
    with refusing() as port:
        done = run("interactive", "--port", port, said=b"hello\n")
    assert done.stdout == b""
    assert done.stderr == b"interactive: cannot connect to 127.0.0.1 port %s: Connection refused\n" % port.encode()
    assert done.returncode == 1


def test_all_of_a_long_input_is_answered() -> None:
    with serving() as port:
        done = run("interactive", "--port", port, said=LINES)
    assert b"".join(chunks(done.stdout)) == LINES
    assert (done.returncode, done.stderr) == (0, b"")


@LINUX
def test_full_in_both_directions_it_holds_no_more_and_loses_nothing(tmp_path: Path) -> None:
    most = RECEIVE_BYTES + HELD_BYTES + send_buffer_bytes() + SERVER_BUFFER_BYTES
    data = bytes(range(256)) * (2 * most // 256)
    file = tmp_path / "input"
    file.write_bytes(data)
    with (
        Server(receive_buffer_bytes=SERVER_BUFFER_BYTES) as server,
        file.open("rb") as given,
        piped("interactive", "--port", server.port, stdin=given) as client,
        server.accept() as connection,
    ):
        wait_until(lambda: has_read(client.pid) > 0 and asleep(client.pid), "it waits for the server to read")
        assert has_read(client.pid) <= most
        unread = flood(connection, client.pid)
        echoing = threading.Thread(target=echo, args=(connection,))
        echoing.start()
        heard = opened(client.stdout).read()
        echoing.join()
        assert client.wait(BOUND_S) == 0
    assert heard == bytes(unread) + data


def has_read(pid: int) -> int:
    """How far the process has read its standard input, a file."""
    position = re.search(r"^pos:\s*(\d+)", Path(f"/proc/{pid}/fdinfo/0").read_text(), re.MULTILINE)
    assert position is not None
    return int(position[1])


def send_buffer_bytes() -> int:
    """How large a client's send buffer may grow by itself."""
    return int(Path("/proc/sys/net/ipv4/tcp_wmem").read_text().split()[2])


def echo(connection: socket.socket) -> None:
    """Echo with one buffer and blocking calls, as a server that cannot do both directions at once."""
    while data := connection.recv(1024):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("kind", ["pipe", "file", "null"])
def test_the_end_of_input_is_a_half_close(kind: str, tmp_path: Path) -> None:
    said = b"" if kind == "null" else b"one\ntwo"
    (tmp_path / "file").write_bytes(said)
    with (
        Path(os.devnull if kind == "null" else tmp_path / "file").open("rb") as file,
        Server() as server,
        piped("interactive", "--port", server.port, stdin=subprocess.PIPE if kind == "pipe" else file) as client,
    ):
        if client.stdin is not None:
            client.stdin.write(said)
            client.stdin.close()
        with server.accept() as connection:
            assert b"".join(iter(partial(connection.recv, 1024), b"")) == said
            connection.sendall(b"late")
        assert opened(client.stdout).read() == b"late"
        assert client.wait(BOUND_S) == 0


def test_what_the_server_says_passes_a_pipe_as_it_is() -> None:
    hostile = bytes(range(256)) + b"\x1b]0;title\x07"
    with Server() as server, piped("interactive", "--port", server.port) as client:
        opened(client.stdin).close()
        with server.accept() as connection:
            connection.sendall(hostile)
        assert opened(client.stdout).read() == hostile


@pytest.mark.parametrize("how", ["end", "reset"])
def test_the_server_s_end_is_told_while_input_is_awaited(how: str) -> None:
    with Server() as server, piped("interactive", "--port", server.port) as client:
        with server.accept() as connection:
            connection.sendall(b"last words")
            if how == "reset":
                assert opened(client.stdout).read(10) == b"last words"
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert client.wait(BOUND_S) == 1
        told = {"end": b"the server ended the connection", "reset": b"the connection is lost: Connection reset by peer"}
        assert opened(client.stderr).read() == b"interactive: " + told[how] + b"\n"
        assert opened(client.stdout).read() == (b"" if how == "reset" else b"last words")


def test_a_server_that_takes_no_more_is_heard_to_its_end() -> None:
    """It closes with input unread, which the kernel makes a reset."""
    with Server() as server, piped("interactive", "--port", server.port) as client:
        with server.accept() as connection:
            opened(client.stdin).write(b"unheard\n")
            opened(client.stdin).flush()
            connection.recv(1, socket.MSG_PEEK)
        assert client.wait(BOUND_S) == 1
        complaint = opened(client.stderr).read()
    assert re.fullmatch(rb"interactive: (the connection is lost|the server takes no more): [^\n]+\n", complaint)


def test_output_that_nobody_reads_ends_it_quietly() -> None:
    with Server() as server, piped("interactive", "--port", server.port) as client, server.accept() as connection:
        opened(client.stdout).close()
        connection.sendall(b"for nobody")
        assert client.wait(BOUND_S) == -signal.SIGPIPE
        assert opened(client.stderr).read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_cannot_be_written_is_one_line_on_stderr() -> None:
    with (
        Path("/dev/full").open("wb") as full,
        Server() as server,
        piped("interactive", "--port", server.port, stdout=full) as client,
        server.accept() as connection,
    ):
        connection.sendall(b"for a full disk")
        assert client.wait(BOUND_S) == 1
        told = b"interactive: cannot write standard output: No space left on device\n"
        assert opened(client.stderr).read() == told


def test_input_that_cannot_be_read_is_one_line_on_stderr(tmp_path: Path) -> None:
    with (
        Server() as server,
        (tmp_path / "output").open("wb") as unreadable,
        piped("interactive", "--port", server.port, stdin=unreadable) as client,
    ):
        assert client.wait(BOUND_S) == 1
        assert opened(client.stderr).read() == b"interactive: cannot read standard input: Bad file descriptor\n"


@pytest.mark.parametrize(("number", "name"), [(0, "input"), (1, "output")])
def test_a_closed_stream_is_one_line_on_stderr(number: int, name: str) -> None:
    shell = ["sh", "-c", f'exec "$@" {number}<&-', "sh", *command("interactive")]
    done = subprocess.run(shell, cwd=ROOT, capture_output=True, check=False, timeout=BOUND_S)
    assert (done.returncode, done.stderr) == (1, f"interactive: standard {name} is closed\n".encode())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(number: signal.Signals) -> None:
    with Server() as server, piped("interactive", "--port", server.port) as client, server.accept() as connection:
        connection.sendall(b"here")
        assert opened(client.stdout).read(4) == b"here"  # it is in its loop
        client.send_signal(number)
        assert client.wait(BOUND_S) == -number
        assert opened(client.stderr).read() == b""


@LINUX
def test_while_nobody_reads_its_output_it_sends_and_heeds_signals() -> None:
    with Server() as server, piped("interactive", "--port", server.port) as client, server.accept() as connection:
        connection.sendall(b"first")  # from now on the pipe has room for less than is received at once
        wait_until(lambda: bool(select.select([opened(client.stdout)], [], [], 0)[0]), "it has shown that")
        flood(connection, client.pid)
        opened(client.stdin).write(b"still typed")
        opened(client.stdin).flush()
        assert connection.recv(1024) == b"still typed"
        client.send_signal(signal.SIGTERM)
        assert client.wait(BOUND_S) == -signal.SIGTERM
