"""Ends what the suite started, when the suite itself was ended without a chance to do so.

Run as a program: `python -I -S keeper.py MARK`, its standard input a pipe whose other end the suite holds open. Every
started server carries MARK in its environment, and so does whatever it forks: that, unlike a process group, cannot be
left by setsid(2). When the pipe reads empty the suite is gone, and all that carries the mark is killed. Where there
is no /proc to find marks in, the process groups named in lines `group PID` (`not group PID`) are. A line `stopped PID`
(`not stopped PID`) names a process that the suite stopped but did not start: it must not stay stopped; and a line
`limited PID SOFT HARD` (`not limited PID`) the limits of descriptors that such a process is to have again.

Standard library only, and little of it: one of these starts with each worker.
"""

import os
import resource
import signal
import sys

MARK_VARIABLE = "ECHO_CONFORMANCE_TARGET"


def marked(mark: str) -> list[int]:
    """The processes whose environment carries this mark (proc(5)), this one apart."""
    wanted = f"{MARK_VARIABLE}={mark}".encode()
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    variables = file.read().split(b"\0")
            except OSError:  # gone, or somebody else's
                continue
            if any(variable.startswith(wanted) for variable in variables):
                found.append(int(name))
    return found


def kill(pids: list[int]) -> None:
    """Kill each process that is still there."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue


def kill_marked(mark: str) -> None:
    """Kill what carries the mark until nothing does: a process may fork between the look and the blow."""
    for _ in range(100):
        pids = marked(mark)
        if not pids:
            return
        kill(pids)


def give_back(limits: dict[int, tuple[int, int]]) -> None:
    """Let each process open as many descriptors again as it could."""
    for pid, limit in limits.items():
        try:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
        except OSError:
            continue


def main() -> None:
    """Wait for the suite's end, then clear up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # only the suite's end may end it
        signal.signal(number, signal.SIG_IGN)
    stopped: set[int] = set()
    groups: set[int] = set()
    limits: dict[int, tuple[int, int]] = {}
    for line in sys.stdin:
        match line.split():
            case ["limited", pid, soft, hard]:
                limits.setdefault(int(pid), (int(soft), int(hard)))
            case ["not", "limited", pid]:
                limits.pop(int(pid), None)
            case [*no, kind, pid]:
                chosen = stopped if kind == "stopped" else groups
                chosen.discard(int(pid)) if no else chosen.add(int(pid))
    give_back(limits)  # before they go on
    for pid in stopped:
        try:
            os.kill(pid, signal.SIGCONT)
        except OSError:
            continue
    for pid in groups:
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            continue
    kill_marked(sys.argv[1])


if __name__ == "__main__":
    main()
