"""A suite that is killed: `dying_suite.py MARKED|FROZEN SCRIPT`, or `dying_suite.py ATTACHED|LIMITED PID HOST PORT`.

It starts the server, or attaches to one that runs, stops or limits it where that is asked for, prints its mark, and
waits.
"""

from __future__ import annotations

import signal
import sys

from conformance.harness.child import Keeper
from conformance.harness.kernel import KernelView
from conformance.harness.server import Server
from conformance.harness.target import Target


def target_of(manner: str, *words: str) -> Target:
    if manner in {"ATTACHED", "LIMITED"}:
        pid, host, port = words
        return Target("attached", (), address=(host, int(port)), pid=int(pid))
    return Target("started", (), command=(sys.executable, words[0], "{port}"))


def main() -> None:
    manner = sys.argv[1]
    keeper = Keeper()
    server = Server(target_of(*sys.argv[1:]), keeper, KernelView())
    server.start()
    if manner == "LIMITED":
        server.allow(2000)
        assert server.exhaust(0)
    elif manner != "MARKED":
        assert server.freeze()
    print(keeper.mark, flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
