"""What is seen of a server while it runs."""

from __future__ import annotations

import signal
import socket
import sys
from typing import TYPE_CHECKING

import pytest
from harness_means import HERE, HOSTILE, faulty, python, states, wait_until

from conformance.harness import launch
from conformance.harness import server as server_module
from conformance.harness.child import CannotStart, Child, PortTaken
from conformance.harness.launch import PortReservation
from conformance.harness.server import Server
from conformance.harness.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.peer import Address
    from conformance.harness.child import Keeper
    from conformance.harness.kernel import KernelView


def test_a_server_that_waits_for_clients_rests(keeper: Keeper, kernel: KernelView) -> None:
    with Server(faulty("honest"), keeper, kernel) as server:
        assert not server.rests(), "nothing runs yet that could be seen"
        server.start()
        wait_until(server.rests, "it waits for clients")
        waited_s = server.in_line_s()
        assert waited_s > 0.0


def test_one_that_does_not_end_is_said_so_once(
    keeper: Keeper, kernel: KernelView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is closed with it is closed; those numbers may be another's by the next time."""
    end_family = Child.end_family

    def in_vain(child: Child) -> bool:
        end_family(child)
        return False

    monkeypatch.setattr(Child, "end_family", in_vain)
    server = Server(faulty("honest"), keeper, kernel)
    server.start()
    with pytest.raises(CannotStart, match="does not end"):
        server.end()
    server.end()


def test_a_death_that_takes_its_time_is_seen(keeper: Keeper, kernel: KernelView) -> None:
    """It ends the connection first; on a busy machine it may be a while until it has run to its own end."""
    source = (
        "import socket, sys, time\n"
        "listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "listener.accept()[0].close()\n"  # the probe
        "listener.accept()[0].close()\n"
        "until = time.monotonic() + 0.4\n"
        "while time.monotonic() < until: pass\n"
        "sys.exit(3)"
    )
    target = Target("slowly", (), command=(sys.executable, "-c", source, "{port}"))
    with Server(target, keeper, kernel) as server:
        server.start()
        with socket.create_connection(server.address) as client:
            assert client.recv(1) == b""
        assert str(server.epitaph(0.3)).startswith("exited with status 3")


def test_a_death_between_two_looks_is_told(keeper: Keeper, kernel: KernelView, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was there when its status was asked for, and a zombie when its state was."""
    with Server(faulty("honest"), keeper, kernel) as server:
        server.start()
        tree = server.tree
        assert tree is not None

        def dies_first() -> bool:
            tree.signal(signal.SIGKILL)
            wait_until(lambda: states(tree.pid) <= {"Z"}, "it is dead")
            return type(tree).runnable(tree)

        monkeypatch.setattr(tree, "runnable", dies_first)
        assert str(server.epitaph(0.01)).startswith("was ended by SIGKILL")


def test_a_server_that_waits_for_its_output_to_be_read_does_not_rest(keeper: Keeper, kernel: KernelView) -> None:
    target = Target("floods", (), command=python(HOSTILE / "floods_output.py", "{port}"))
    with Server(target, keeper, kernel) as server:
        server.start()
        server.leave_output_unread()
        tree = server.tree
        assert tree is not None
        wait_until(lambda: tree.sleeps() and not tree.runnable(), "both pipes are full")
        assert not server.rests()


# Who listens at its port

SLOWLY = "import os, sys, time; time.sleep(0.8); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
CALMLY = """import runpy, sys
del sys.argv[0]
try: runpy.run_path(sys.argv[0], run_name="__main__")
except OSError: print("in use")
"""


class Others:
    """Strangers, each of whom takes a port before who is started on it; so many of them."""

    def __init__(self) -> None:
        self.to_come = 1
        self.listening: list[socket.socket] = []

    def take(self, address: Address) -> None:
        if self.to_come:
            self.to_come -= 1
            self.listening.append(socket.create_server(address))

    def leave(self) -> None:
        while self.listening:
            self.listening.pop().close()


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Iterator[Others]:
    others = Others()

    class Overtaken(PortReservation):
        def __init__(self, host: str) -> None:
            super().__init__(host)
            others.take((host, self.port))

    monkeypatch.setattr(launch, "PortReservation", Overtaken)
    yield others
    others.leave()


def is_its_own(server: Server, kernel: KernelView) -> bool:
    assert server.tree is not None
    return kernel.listening_inode(server.address) in (server.tree.sockets() or ())


@pytest.mark.parametrize("before", [(), ("-c", SLOWLY), ("-c", CALMLY)], ids=["at once", "slowly", "calmly"])
def test_a_port_that_somebody_else_takes_is_left_to_them(
    keeper: Keeper, kernel: KernelView, others: Others, before: tuple[str, ...]
) -> None:
    interpreter, *words = python(HERE / "faulty_server.py", "honest", "{port}")
    target = Target("overtaken", (), command=(interpreter, *before, *words))
    with Server(target, keeper, kernel) as server:
        server.start()
        assert is_its_own(server, kernel)
        assert server.address not in [each.getsockname() for each in others.listening]


def test_who_leaves_before_the_server_comes_was_a_stranger(
    keeper: Keeper, kernel: KernelView, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = kernel.listening_inode

    def leaves(address: Address) -> int | None:
        seen = look(address)
        others.leave()
        return seen

    monkeypatch.setattr(kernel, "listening_inode", leaves)
    interpreter, *words = python(HERE / "faulty_server.py", "honest", "{port}")
    with Server(Target("late", (), command=(interpreter, "-c", SLOWLY, *words)), keeper, kernel) as server:
        server.start()
        assert is_its_own(server, kernel)


@pytest.mark.parametrize("before", [(), ("-c", SLOWLY), ("-c", CALMLY)], ids=["at once", "slowly", "calmly"])
def test_a_port_that_is_taken_meanwhile_is_no_fault_of_who_is_started_again(
    keeper: Keeper, kernel: KernelView, before: tuple[str, ...]
) -> None:
    interpreter, *words = python(HERE / "faulty_server.py", "honest", "{port}")
    with Server(Target("again", (), command=(interpreter, *before, *words)), keeper, kernel) as server:
        server.start()
        assert server.terminate(within_s=300)
        with socket.create_server(server.address), pytest.raises(PortTaken, match="somebody else listens on 127"):
            server.start_again()


@pytest.mark.parametrize("how", [("import signal; signal.pause()", 300.0), ("while True: pass", 0.2)])
def test_who_leaves_listening_to_another_is_waited_for_once(
    keeper: Keeper,
    kernel: KernelView,
    others: Others,
    monkeypatch: pytest.MonkeyPatch,
    how: tuple[str, float],
) -> None:
    """As the client of a container engine does: what it started is no process of its."""
    does, ready_within_s = how
    looks: list[Address] = []
    look = kernel.listening_inode

    def noted(address: Address) -> int | None:
        looks.append(address)
        return look(address)

    monkeypatch.setattr(kernel, "listening_inode", noted)
    monkeypatch.setattr(server_module, "READY_WITHIN_S", ready_within_s)
    others.to_come = 3
    target = Target("container", (), command=(sys.executable, "-c", does, "{port}"))
    with Server(target, keeper, kernel) as server:
        server.start()
        first, second = (each.getsockname() for each in others.listening)
        assert set(looks) == {first, second}, "a stranger would not be at both"
        assert server.address == second
        looks.clear()
        server.start()
        assert (looks, server.address) == ([], others.listening[-1].getsockname())
