"""The interactive client in a terminal: it hears while a line is half typed, and gives the terminal back."""

from __future__ import annotations

import os
import signal
import socket
import sys
import termios
import time
from functools import partial
from pathlib import Path

import pytest
from clients_run import AtTerminal, Server, flood, serving, until_full, wait_until

from clients.screen import FRESH_LINE
from clients.terminal import Unechoed

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
AT_ONCE_S = 1.0
ATTEMPTS = 20


def at_terminal(server: Server, *, term: str = "xterm") -> AtTerminal:
    return AtTerminal("interactive", "--port", server.port, term=term)


def test_a_line_is_sent_and_its_reply_shown() -> None:
    with serving() as port, AtTerminal("interactive", "--port", port) as terminal:
        terminal.await_unechoed()
        terminal.type(b"hello\n")
        terminal.see(b"hello\r\n")
        terminal.see(rb"Server received b'hello\n'" + b"\r\n")
        terminal.type(b"\x04")
        assert terminal.end() == 0
        assert terminal.complaint() == b""
        assert terminal.echoes


def test_a_half_typed_line_gives_way_to_a_reply_and_comes_back() -> None:
    with Server() as server, at_terminal(server) as terminal, server.accept() as connection:
        terminal.await_unechoed()
        terminal.type(b"half a l")
        terminal.see(b"half a l")
        connection.sendall(b"unasked")
        terminal.see(FRESH_LINE + b"unasked\r\nhalf a l")
        terminal.type(b"ine\n")
        assert connection.recv(1024) == b"half a line\n"


def test_the_server_s_end_is_noticed_at_once_while_a_key_is_awaited() -> None:
    """The machine may keep anybody from running for a second, but not each time."""
    for _ in range(ATTEMPTS):
        with Server() as server, at_terminal(server) as terminal:
            with server.accept():
                terminal.await_unechoed()
                terminal.type(b"half a l")
                terminal.see(b"half a l")
            began = time.monotonic()
            assert terminal.end() == 1
            within_s = time.monotonic() - began
            assert terminal.complaint() == b"interactive: the server ended the connection\n"
            assert terminal.echoes
            if within_s < AT_ONCE_S:
                return
    pytest.fail(f"never within {AT_ONCE_S} s in {ATTEMPTS} attempts")


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "SIGINT"])
def test_a_signal_gives_the_terminal_back(how: str) -> None:
    with Server() as server, at_terminal(server) as terminal, server.accept():
        terminal.await_unechoed()
        if how == "Ctrl-C":
            terminal.type(b"half a l\x03")
        else:
            terminal.process.send_signal(getattr(signal, how))
        assert terminal.end() == -(signal.SIGTERM if how == "SIGTERM" else signal.SIGINT)
        assert termios.tcgetattr(terminal.its) == terminal.mode
        assert terminal.complaint() == b""


def test_it_lends_the_terminal_to_others_while_it_is_stopped() -> None:
    with Server() as server, at_terminal(server) as terminal, server.accept() as connection:
        terminal.await_unechoed()
        terminal.type(b"half")
        terminal.see(b"half")
        terminal.type(b"\x1a")
        os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED)
        assert termios.tcgetattr(terminal.its) == terminal.mode
        terminal.process.send_signal(signal.SIGCONT)
        terminal.see(FRESH_LINE + b"half")
        terminal.await_unechoed()
        terminal.type(b" way\n")
        assert connection.recv(1024) == b"half way\n"


def test_an_exception_gives_the_terminal_back() -> None:
    ours, its = os.openpty()
    mode = termios.tcgetattr(its)
    with pytest.raises(ZeroDivisionError), Unechoed(its):
        _ = termios.tcgetattr(its) != mode and 1 // 0
    assert termios.tcgetattr(its) == mode
    os.close(ours)
    os.close(its)


def test_what_a_server_says_cannot_command_the_terminal() -> None:
    with Server() as server, at_terminal(server) as terminal, server.accept() as connection:
        terminal.await_unechoed()
        connection.sendall(b"\x1b]0;title\x07\x9b2J\xe2\x80\xae\r\nb'\\x1b'")
        terminal.see(FRESH_LINE + rb"\x1b]0;title\x07\x9b2J\xe2\x80\xae\x0d" + b"\r\n" + rb"b'\x1b'" + b"\r\n")


@LINUX
def test_a_terminal_that_shows_nothing_takes_no_more_from_either_side() -> None:
    """Ctrl-S stops it; what the server says then stays with the server, and what is typed with the terminal."""
    with Server() as server, at_terminal(server) as terminal, server.accept() as connection:
        terminal.await_unechoed()
        termios.tcflow(terminal.its, termios.TCOOFF)
        flood(connection, terminal.process.pid)
        os.set_blocking(terminal.ours, False)
        until_full(partial(os.write, terminal.ours), b"typed" * 100, terminal.process.pid, 1 << 20)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == -signal.SIGTERM
        assert termios.tcgetattr(terminal.its) == terminal.mode


def test_a_terminal_that_can_do_little_edits_its_line_itself() -> None:
    with Server() as server, at_terminal(server, term="dumb") as terminal, server.accept() as connection:
        connection.sendall(b"\x1bhere")
        terminal.see(rb"\x1bhere" + b"\r\n")
        assert terminal.echoes
        terminal.type(b"hello\n")
        assert connection.recv(1024) == b"hello\n"
        terminal.type(b"\x04")
        assert connection.recv(1024) == b""
        connection.shutdown(socket.SHUT_WR)
        assert terminal.end() == 0


@LINUX
def test_ctrl_c_while_it_connects_is_no_traceback() -> None:
    with Server() as server:
        server.listener.listen(0)
        filling = socket.create_connection(("127.0.0.1", int(server.port)))  # the queue is full: nobody else is let in
        with filling, at_terminal(server) as terminal:
            wait_until(lambda: connecting(int(server.port)), "it connects")
            terminal.type(b"\x03")
            assert terminal.end() == -signal.SIGINT
            assert terminal.complaint() == b""


def connecting(port: int) -> bool:
    """Whether somebody's handshake with this port is under way (proc_net(5): state 2)."""
    rows = map(str.split, Path("/proc/net/tcp").read_text().splitlines())
    return any(row[2].endswith(f":{port:04X}") and row[3] == "02" for row in rows)
