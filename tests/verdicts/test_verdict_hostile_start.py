"""Targets that do not come to serve: it is said what they did instead, and nothing is held against a server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hostile_runs import Way, assert_survived, python_server, run
from waiting_runs import run_together

if TYPE_CHECKING:
    from pathlib import Path


def start(way: str, *said: str, code: int = 2, bound_s: float = 10) -> Way:
    return Way(python_server("bad_start.py", way), code, said, bound_s)


def announce(way: str, *said: str, code: int = 2, bound_s: float = 10) -> Way:
    """One that chooses its own port, or says so."""
    return Way(python_server("bad_start.py", way, port=""), code, said, bound_s)


def command(text: str, *said: str) -> Way:
    return Way(text, 2, said)


NEVER_OPENS = "the target opened no port within 20 s: nothing accepts on 127.0.0.1:"
NEVER_ANNOUNCES = "the target announced no port within 20 s: give its command a {port}"
BACKGROUND = "one that puts itself into the background cannot be watched: let it stay in the foreground"

AT_ONCE = {
    "no such command": command("./no-such-server {port}", "cannot start ./no-such-server: No such file or directory"),
    "no permission": command("'{folder}'/not_executable {port}", "not_executable: Permission denied"),
    "a folder": command("'{folder}' {port}", "cannot start", "Permission denied"),
    "no program": command("'{folder}'/no_program {port}", "cannot start", "no_program: Exec format error"),
    "no placeholder": command("./server {prot}", "the command has {prot}, which is no placeholder"),
    "empty": command("", "the command is empty"),
    "unbalanced quotes": command("./server 'port {port}", "cannot be split into words: No closing quotation"),
    "exits": start("exits", "before it served anyone the target exited with status 3; its last line was: fatal: no"),
    "exits content": start("exits_content", "the target exited with status 0, without a word", BACKGROUND),
    "dies of SIGSEGV": start("dies_of_sigsegv", "before it served anyone the target was ended by SIGSEGV"),
    "dies of SIGABRT": start("dies_of_sigabrt", "before it served anyone the target was ended by SIGABRT"),
    "daemonises": start("daemonises", "the target exited with status 0", BACKGROUND),
    "announces elsewhere": announce("announces_elsewhere", "announced 192.0.2.1:80, which is not 127.0.0.1: let it"),
    "announces nonsense": announce("announces_nonsense", r"announced \x1b]52;c;cm0gLXJm\x07", "<b>:8001, which is not"),
    "announces twice": announce("announces_twice", "conformant (1 pass)", code=0),
    "binds ::1, as it was told": Way(
        python_server("bad_start.py", "binds_only_ipv6"),
        0,
        ("conformant (1 pass)",),
        options=("-k", "reply.prompt", "--host", "::1"),
    ),
}

# The suite waits 20 s for a port.
IN_VAIN = {
    "opens another": start("opens_another", NEVER_OPENS, "it listens on 127.0.0.1:", "instead", bound_s=30),
    "binds only ::1": start("binds_only_ipv6", NEVER_OPENS, "it listens on [::1]:", "instead", bound_s=30),
    "stops itself": start("stops_itself", NEVER_OPENS, "it is stopped, as by SIGSTOP", bound_s=30),
    "never opens": Way(python_server("never_opens.py"), 2, (NEVER_OPENS,), bound_s=30),
    "announces in other words": announce(
        "announces_in_other_words", NEVER_ANNOUNCES, "it listens on 127.0.0.1:", "instead", bound_s=30
    ),
    "announces no port": announce(
        "announces_no_port", NEVER_ANNOUNCES, "its last line was: Server start at: 127.0.0.1:65536", bound_s=30
    ),
    "announces what it does not open": announce(
        "announces_what_it_does_not_open", "it announced 127.0.0.1:1, and nothing accepts there", bound_s=30
    ),
    "opens late": start("opens_late", "conformant (1 pass)", code=0, bound_s=30),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with commands that cannot be run."""
    (tmp_path / "not_executable").write_text("#!/bin/sh\n")
    (tmp_path / "no_program").write_text("neither a script nor a binary\n")
    os.chmod(tmp_path / "no_program", 0o755)
    return tmp_path


@pytest.mark.parametrize("way", AT_ONCE.values(), ids=AT_ONCE)
def test_a_target_that_does_not_start(way: Way, folder: Path) -> None:
    assert_survived(way, run(way, folder))


@pytest.mark.long
def test_targets_that_keep_the_suite_waiting(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name, ran in run_together(IN_VAIN, tmp_path):
        with subtests.test(name):
            assert_survived(IN_VAIN[name], ran)
