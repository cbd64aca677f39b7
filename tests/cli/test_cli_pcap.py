"""The packets of a failure, kept beside its reproducer, as tshark reads them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from cli_program import BOUND_S

from conformance.oracle.literal import literal

if TYPE_CHECKING:
    from pathlib import Path

    from cli_program import Program

MISSING = [name for name in ("tcpdump", "dumpcap", "tshark") if shutil.which(name) is None]
BUG, CLAUSE = "extends-sign", "reply.literal"
IN_ZOO = ("--zoo", BUG)
ANNOUNCING = ("--command", f"{sys.executable} -P -m conformance.zoo {BUG} --port 0")
# What the bug's server is sent until it is found out, and what it answers to that.
SENT = bytes(range(0x81))
ANSWERED = b"".join(b"Server received " + literal(bytes([byte])) for byte in range(0x80))
ANSWERED += rb"Server received b'\xffffff80'"

# It answers streams rightly, and every datagram wrongly.
WRONG_DATAGRAMS = """
import socket, socketserver, sys, threading

class Client(socketserver.BaseRequestHandler):
    def handle(self):
        while chunk := self.request.recv(1024):
            self.request.sendall(b"Server received %a" % chunk)

class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(b"wrong", self.client_address)

datagrams = socketserver.UDPServer(("127.0.0.1", int(sys.argv[2])), Datagram)
streams = socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Client)
threading.Thread(target=streams.serve_forever, daemon=True).start()
datagrams.serve_forever()
"""


@pytest.fixture
def capturing() -> None:
    if not MISSING:
        return
    reason = f"not installed: {', '.join(MISSING)}"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; CI installs them")
    pytest.skip(reason)


def only(folder: Path, *names: str) -> str:
    """A PATH on which of all programs there are these."""
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(str(shutil.which(name)))
    return str(folder)


def streams(capture: Path) -> dict[str, dict[str, bytes]]:
    """What was sent in each TCP stream, by the port that it came from."""
    fields = ["-T", "fields", "-e", "tcp.stream", "-e", "tcp.srcport", "-e", "tcp.payload"]
    done = subprocess.run(
        ["tshark", "-n", "-r", str(capture), "-Y", "tcp.len > 0", *fields],
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=True,
    )
    found: dict[str, dict[str, bytes]] = defaultdict(lambda: defaultdict(bytes))
    for line in done.stdout.splitlines():
        stream, port, payload = line.split("\t")
        found[stream][port] += bytes.fromhex(payload)
    return found


@pytest.mark.usefixtures("capturing")
@pytest.mark.parametrize("tool", ["tcpdump", "dumpcap"])
@pytest.mark.parametrize("target", [IN_ZOO, ANNOUNCING], ids=["told-port", "announced-port"])
def test_the_exchange_is_in_the_capture(program: Program, tool: str, target: tuple[str, ...]) -> None:
    path = only(program.folder / "path", tool)
    ran = program("run", *target, "-k", CLAUSE, "--pcap", "--report", "report", PATH=path)
    assert ran.code == 1, ran.text
    (capture,) = (program.folder / "report" / "reproducers").glob("*.pcap")
    assert f"  Capture:   {capture.relative_to(program.folder)}\n" in ran.stdout
    assert f'href="./reproducers/{capture.name}"' in (program.folder / "report" / "index.html").read_text()
    own = [stream for stream in streams(capture).values() if SENT in stream.values()]
    assert [sorted(stream.values()) for stream in own] == [sorted([SENT, ANSWERED])]


@pytest.mark.usefixtures("capturing")
@pytest.mark.parametrize("elsewhere", [False, True], ids=["same-port", "another-port"])
def test_datagrams_are_in_the_capture(program: Program, elsewhere: bool) -> None:
    server = program.folder / "server.py"
    server.write_text(WRONG_DATAGRAMS)
    command = ("--host", "localhost", "--command", f"{sys.executable} {server} {{port}} {{udp_port}}")
    ran = program("run", *(command if elsewhere else ("--zoo", "strips-datagram")), "-k", "datagram.answered", "--pcap")
    assert ran.code == 1, ran.text
    (capture,) = (program.folder / "report" / "reproducers").glob("*.pcap")
    fields = ["-Y", "udp", "-T", "fields", "-e", "udp.payload"]
    reading = ["tshark", "-n", "-r", str(capture), *fields]
    shown = subprocess.run(reading, capture_output=True, text=True, timeout=BOUND_S, check=True)
    *_, sent, answered = map(bytes.fromhex, shown.stdout.split())
    assert answered != b"Server received " + literal(sent)


def test_where_nothing_captures_the_report_says_so(program: Program) -> None:
    ran, data = program.json(*IN_ZOO, "-k", CLAUSE, "--pcap", PATH=only(program.folder / "path"))
    assert ran.code == 1, ran.text
    reason = "dumpcap: No such file or directory; tcpdump: No such file or directory"
    assert f"  Capture:   none: {reason}\n" in ran.stdout
    failure = data["targets"][0]["clauses"][0]["failure"]
    assert (failure["capture"], failure["capture_remark"]) == (None, reason)


def test_an_earlier_capture_does_not_stay_beside_another_case(program: Program) -> None:
    stale = program.folder / "report" / "reproducers" / f"{CLAUSE}--{BUG}.pcap"
    stale.parent.mkdir(parents=True)
    stale.touch()
    assert program("run", *IN_ZOO, "-k", CLAUSE).code == 1
    assert not stale.exists()
