"""The tutorial's client and every available backend reproduce the tutorial's two transcripts, ports apart."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

ROOT = Path(__file__).parents[2]
BOUND_S = 120.0

CLIENT_TRANSCRIPT = """\
connecting to 127.0.0.1 port 8001
('127.0.0.1', 50442): sending b'This is '
('127.0.0.1', 50442): received b"Server received b'This is '"
('127.0.0.1', 50443): sending b'the message. '
('127.0.0.1', 50443): received b"Server received b'the message. '"
('127.0.0.1', 50442): sending b'It will be sent '
('127.0.0.1', 50442): received b"Server received b'It will be sent '"
('127.0.0.1', 50443): sending b'in parts.'
('127.0.0.1', 50443): received b"Server received b'in parts.'"
"""
SERVER_TRANSCRIPT = """\
Server start at: 127.0.0.1:8001
Connected by ('127.0.0.1', 50442)
Connected by ('127.0.0.1', 50443)
received "b'This is '" from ('127.0.0.1', 50442)
received "b'the message. '" from ('127.0.0.1', 50443)
received "b'It will be sent '" from ('127.0.0.1', 50442)
received "b'in parts.'" from ('127.0.0.1', 50443)
"""


def available_backends() -> list[str]:
    command = [sys.executable, "-m", "reference_servers", "--list", "--json"]
    listing = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=BOUND_S).stdout
    return sorted(backend["name"] for backend in json.loads(listing) if backend["available"])


def with_the_tutorials_ports(text: str, server_port: int) -> str:
    """Rename the server's port, and the clients' in the order in which they appear, as the tutorial has them."""
    text = text.replace(f"port {server_port}\n", "port 8001\n").replace(f":{server_port}\n", ":8001\n")
    seen: dict[str, int] = {}
    client_port = r"(?<=\('127\.0\.0\.1', )\d+(?=\))"
    return re.sub(client_port, lambda port: str(seen.setdefault(port[0], 50442 + len(seen))), text)


def run_client(port: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(client_command(port), cwd=ROOT, capture_output=True, text=True, check=False, timeout=BOUND_S)


def client_command(port: int) -> list[str]:
    return [sys.executable, "-u", "-m", "clients", "tutorial", "--port", str(port)]


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[tuple["subprocess.Popen[str]", IO[str]]]:
    """Run a program and its output. At the bound it is killed, and whoever reads its output comes to the end."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(BOUND_S, process.kill)
        watchdog.start()
        try:
            yield process, process.stdout
        finally:
            watchdog.cancel()
            process.kill()


@contextlib.contextmanager
def frozen(server: "subprocess.Popen[str]") -> Iterator[None]:
    server.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, server.pid, os.WSTOPPED)
    try:
        yield
    finally:
        server.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def ending_early(answer: bytes) -> Iterator[int]:
    """Serve two clients: read the first's message, send `answer` and close. Yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(BOUND_S)

        def serve() -> None:
            first, _ = listener.accept()
            second, _ = listener.accept()
            with first, second:
                first.recv(1024)
                first.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("backend", available_backends())
def test_both_transcripts_are_the_tutorials(backend: str) -> None:
    serve = [sys.executable, "-m", "reference_servers", backend, "--port", "0", "--log"]
    with contextlib.ExitStack() as stack:
        server, server_output = stack.enter_context(running(serve))
        log = server_output.readline()
        port = int(log.rpartition(":")[2])
        # Thawed when both clients are in its backlog: else the first may be read before the second is accepted.
        with frozen(server):
            client, client_output = stack.enter_context(running(client_command(port)))
            talk = client_output.readline() + client_output.readline()
        talk += client_output.read()
        assert with_the_tutorials_ports(talk, port) == CLIENT_TRANSCRIPT
        assert client.wait(BOUND_S) == 0
        log += "".join(server_output.readline() for _ in SERVER_TRANSCRIPT.splitlines()[1:])
    assert with_the_tutorials_ports(log, port) == SERVER_TRANSCRIPT


def test_a_refused_connection_is_one_line_on_stderr() -> None:
    with socket.socket() as bound:  # bound and not listening: the port refuses, and stays ours
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        client = run_client(port)
    assert client.stdout == f"connecting to 127.0.0.1 port {port}\n"
    assert client.stderr == f"tutorial: cannot connect to 127.0.0.1 port {port}: Connection refused\n"
    assert client.returncode == 1


@pytest.mark.parametrize("answer", [b"", b"Server rec"], ids=["before-the-reply", "within-the-reply"])
def test_a_server_that_ends_early_is_one_line_on_stderr(answer: bytes) -> None:
    with ending_early(answer) as port:
        client = run_client(port)
    assert client.stdout.endswith(": sending b'This is '\n")
    assert client.stderr == f"tutorial: the server closed the connection after {answer!r}, in reply to b'This is '\n"
    assert client.returncode == 1
