"""What is kept of a capture: the packets between two marks, bounded, and cut between two of them."""

from __future__ import annotations

import io
import os
import shutil
import struct
from typing import TYPE_CHECKING

import psutil
import pytest

from conformance import capture
from conformance.capture import CannotCapture, Capture, Packets
from conformance.harness.child import Keeper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEGIN, END = b"begin 1", b"end 1"


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    keeper = Keeper()
    yield keeper
    keeper.close()


def header(order: str = "<", magic: int = 0xA1B2C3D4) -> bytes:
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, 1)


def record(data: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "IIII", 1, 2, len(data), len(data)) + data


def read(stream: bytes) -> Packets:
    packets = Packets(io.BytesIO(stream), BEGIN, END)
    packets.run()
    return packets


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D])
def test_what_is_between_the_marks_is_kept(order: str, magic: int) -> None:
    said = (b"early", b"..begin 1", b"first", b"..begin 1", b"", b"last", b"..end 1", b"late", b"..end 1")
    found = read(header(order, magic) + b"".join(record(each, order) for each in said))
    assert found.header == header(order, magic)
    assert found.kept == [record(each, order) for each in (b"first", b"", b"last")]
    assert found.ended.is_set()
    assert not found.cut


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        header()[:10],
        b"no capture at all, but some text of the program's",
        header() + record(BEGIN) + record(b"data")[:10],
        header() + record(BEGIN) + record(b"data")[:-1],
        header() + record(BEGIN) + struct.pack("<IIII", 1, 2, 1 << 31, 1 << 31) + b"data",
    ],
)
def test_what_is_no_packet_ends_it(stream: bytes) -> None:
    found = read(stream)
    assert found.kept == []
    assert not found.ended.is_set()


def test_it_is_bounded_and_cut_between_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "MOST_BYTES", 3 * len(record(b"data")) + 1)
    found = read(header() + record(BEGIN) + 5 * record(b"data") + record(b"") + record(END))
    assert found.kept == 3 * [record(b"data")]
    assert found.cut
    assert found.ended.is_set()


def program(folder: Path, name: str, said: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{said}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("tcpdump", "reason"),
    [
        (None, "dumpcap: No such file or directory; tcpdump: No such file or directory"),
        (
            "echo 'tcpdump: lo: You may not capture on that device' >&2; exit 1",
            "dumpcap: No such file or directory; tcpdump: lo: You may not capture on that device",
        ),
        (r"printf '\033[2J' >&2; exit 1", r"dumpcap: No such file or directory; tcpdump: \x1b[2J"),
    ],
)
def test_that_nothing_captures_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeper: Keeper, tcpdump: str | None, reason: str
) -> None:
    if tcpdump is not None:
        program(tmp_path, "tcpdump", tcpdump)
    monkeypatch.setenv("PATH", str(tmp_path))
    before = psutil.Process().children(recursive=True)
    with pytest.raises(CannotCapture) as told:
        Capture(("127.0.0.1", 1), keeper)
    assert str(told.value) == reason
    assert psutil.Process().children(recursive=True) == before


def test_a_program_that_sees_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeper: Keeper
) -> None:
    monkeypatch.setattr(capture, "SEEN_WITHIN_S", 0.2)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    for name in ("tcpdump", "dumpcap"):
        program(tmp_path, name, "exec sleep 1000")
    with pytest.raises(CannotCapture, match="dumpcap: it saw no packet within 0 s; tcpdump: it saw no packet"):
        Capture(("127.0.0.1", 1), keeper)


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump is not installed")
def test_a_capture_that_is_dropped_leaves_nothing(keeper: Keeper) -> None:
    before = psutil.Process().children(recursive=True)
    try:
        Capture(("127.0.0.1", 1), keeper).drop()
    except CannotCapture as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(reason))
    assert psutil.Process().children(recursive=True) == before
