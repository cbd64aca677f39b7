"""A server whose chunk limit is not 1024: the clauses look where its own chunks end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from verdict_runs import judged

if TYPE_CHECKING:
    from pathlib import Path

# It reads LIMIT bytes at a time; or MORE than it says, or on until a chunk is shorter than LIMIT.
SERVER = """
import socketserver, sys

LIMIT, WAY = int(sys.argv[2]), sys.argv[3]

class Client(socketserver.BaseRequestHandler):
    def handle(self):
        while chunk := self.request.recv(LIMIT + (WAY == "more")):
            answer = b"Server received %a" % chunk
            while WAY == "short" and len(chunk) == LIMIT:
                chunk = self.request.recv(LIMIT)
                answer += b"Server received %a" % chunk if chunk else b""
            self.request.sendall(answer)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

Server(("127.0.0.1", int(sys.argv[1])), Client).serve_forever()
"""


@pytest.mark.parametrize("limit", [100, 1000, 20_000])
@pytest.mark.parametrize(
    ("way", "broken"), [("right", set()), ("more", {"reply.chunk-limit"}), ("short", {"reply.exact-multiples"})]
)
def test_chunks_end_where_the_server_says(tmp_path: Path, limit: int, way: str, broken: set[str]) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    command = [sys.executable, "server.py", "{port}", str(limit), way]
    wanted = ["-k", "reply.chunk-limit or reply.exact-multiples", "--examples", "10"]
    if broken:  # it is silent where it is wrong; one that is right is given all the time that it takes
        wanted += ["--patience", "0.3"]
    run = judged(tmp_path, command, "--chunk-limit", str(limit), *wanted)
    assert broken <= run.broken, run.said
    assert way != "right" or run.code == 0, run.said
