"""What a target that did not come to serve did instead, for the message that says so."""

from __future__ import annotations

import contextlib

import psutil

MOST_NAMED = 4


def listens_on(pid: int) -> list[str]:
    """The addresses at which a process and its descendants accept TCP connections, as HOST:PORT; a few at most."""
    found: list[str] = []
    for process in _family(pid):
        with contextlib.suppress(psutil.Error):
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    host, port = connection.laddr
                    found.append(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    return list(dict.fromkeys(found))[:MOST_NAMED]


def is_stopped(pid: int) -> bool:
    """Whether it was stopped by a signal, its own or another's."""
    with contextlib.suppress(psutil.Error):
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    return False


def _family(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []
