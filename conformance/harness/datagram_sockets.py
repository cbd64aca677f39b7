"""What the kernel knows of UDP sockets: what waits in their queues, and what was dropped.

Datagrams may be lost, and that is nobody's fault: on one machine they are where a buffer is full. Linux tells of each
socket what it holds unread and how many it has dropped (proc(5), /proc/net/udp), and counts what went missing on the
way (/proc/net/snmp, /proc/net/softnet_stat). A silence is the server's only where none of these has grown.

Reading the table costs some milliseconds, however few sockets there are: it is read where something is to be decided.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

NETWORK = Path("/proc/net")
TABLES = ("udp", "udp6")
# What is counted of all sockets together: what goes missing on the way; and what sockets drop, whosoever they are.
ON_THE_WAY = {"Ip": ("InDiscards", "OutDiscards")}
AT_SOCKETS = {"Udp": ("RcvbufErrors", "MemErrors")}


@dataclass(frozen=True, slots=True)
class DatagramSocket:
    """A UDP socket of this machine: the memory of what waits in its queue, and how many it had no room for."""

    inode: int
    port: int
    queued_bytes: int
    dropped: int


def sockets_at(*ports: int) -> list[DatagramSocket]:
    """The sockets bound to these ports, of this network; none where the kernel does not tell.

    The table comes in pieces, and names a socket twice where another one is opened between two of them.
    """
    rows = (line.split() for table in TABLES for line in _lines(table)[1:])
    found = (DatagramSocket(int(r[9]), int(r[1].rpartition(":")[2], 16), int(r[4][9:], 16), int(r[12])) for r in rows)
    return list({each.inode: each for each in found if each.port in ports}.values())


def queued_bytes(port: int) -> int:
    """The memory of all that waits to be read at this port. It grows with each datagram, an empty one as well."""
    return sum(each.queued_bytes for each in sockets_at(port))


class Losses:
    """Whether datagrams to and from the server at `port` have gone missing since this was last asked."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._dropped: dict[int, int] = {}
        self._on_the_way = self._at_sockets = 0
        self.any_since()

    def any_since(self, *own_ports: int) -> str | None:
        """Why nothing can be concluded from a silence: something was dropped, or nobody can tell. None where not."""
        sockets = sockets_at(self._port, *own_ports)
        before = self._dropped
        self._dropped = {each.inode: each.dropped for each in sockets if each.port == self._port}
        way_before, self._on_the_way = self._on_the_way, _counted(ON_THE_WAY) + _dropped_before_ip()
        all_before, self._at_sockets = self._at_sockets, _counted(AT_SOCKETS)
        if not before and not self._dropped:
            return "whether the datagrams arrived at the server's socket cannot be seen from here"
        if any(each.dropped > before.get(each.inode, 0) for each in sockets):
            return "the kernel dropped datagrams for which a socket had no room"
        if way_before != self._on_the_way:
            return "the kernel dropped packets on the way"
        if before.keys() - self._dropped.keys() and all_before != self._at_sockets:
            return "a socket has gone, and the kernel dropped datagrams that may have been for it"
        return None


def _counted(wanted: Mapping[str, Sequence[str]]) -> int:
    lines, count = _lines("snmp"), 0
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        name, _, heads = names.partition(":")
        told = dict(zip(heads.split(), values.partition(":")[2].split(), strict=False))
        count += sum(int(told.get(each, 0)) for each in wanted.get(name, ()))
    return count


def _dropped_before_ip() -> int:
    return sum(int(line.split()[1], 16) for line in _lines("softnet_stat"))


def _lines(name: str) -> list[str]:
    with contextlib.suppress(OSError):
        return (NETWORK / name).read_text().splitlines()
    return []
