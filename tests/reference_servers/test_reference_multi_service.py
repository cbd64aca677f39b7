"""Three services in one loop: whatever the backend, each is served, and none has the loop for itself."""

from __future__ import annotations

import errno
import re
import socket
from typing import TYPE_CHECKING

import pytest
from reference_process import AVAILABLE, BOUND_S, Client, ServerProcess, answer_to

from reference_servers.datagrams import DatagramSocket
from reference_servers.multi_service import EchoConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reference_servers.listener import Address

BATCH = 3 * DatagramSocket.BUDGET + 1
LINE = re.compile(r"Server start at: 127\.0\.0\.1:(\d+) \((\w+)\)\n")


class Services(ServerProcess):
    """A server of all three services, with the address of each."""

    def __init__(self, backend: str) -> None:
        super().__init__(backend, "--udp-port", "0", "--echo-port", "0")
        assert self.process.stdout is not None
        found = [LINE.fullmatch(self.process.stdout.readline().decode()) for _ in range(2)]
        places = {match[2]: ("127.0.0.1", int(match[1])) for match in found if match}
        self.udp, self.echo = places["udp"], places["echo"]


class Sender(socket.socket):
    """A datagram socket whose calls are bounded, for one receiver."""

    def __init__(self, receiver: tuple[str, int]) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.settimeout(BOUND_S)
        self.connect(receiver)

    def ask(self, data: bytes) -> bytes:
        self.send(data)
        return self.recv(1 << 16)


@pytest.fixture(params=AVAILABLE)
def services(request: pytest.FixtureRequest) -> Iterator[Services]:
    with Services(request.param) as running:
        yield running


def test_each_service_has_its_own_answers(services: Services) -> None:
    with services.connect() as client, Client(services.echo) as echoed, Sender(services.udp) as sender:
        for message in (b"one", bytes(range(256)), b"x" * 1024):
            client.ping(message)
            echoed.sendall(message)
            assert echoed.read_exactly(len(message)) == message
            assert sender.ask(message) == answer_to(message)
        assert sender.ask(b"") == answer_to(b"")
        assert sender.ask(b"x" * 5000) == answer_to(b"x" * 1024)
        echoed.half_close()
        assert echoed.read_to_end() == b""
    services.await_sockets(3)
    services.await_quiet()


def test_a_batch_for_all_of_them_is_done_without_a_further_event(services: Services) -> None:
    with services.connect() as client, Sender(services.udp) as sender, Sender(services.udp) as gone:
        client.ping()
        services.freeze()
        newcomers = [Client(services.echo) for _ in range(70)]  # more than one accept takes
        for number in range(BATCH):
            sender.send(b"%d" % number)
        gone.send(b"farewell")
        gone.close()
        client.sendall(b"x" * 3000)
        for newcomer in newcomers:
            newcomer.sendall(b"here")
        services.thaw()
        assert [sender.recv(1 << 16) for _ in range(BATCH)] == [answer_to(b"%d" % number) for number in range(BATCH)]
        assert b"".join(client.read_chunks(3000)) == b"x" * 3000
        for newcomer in newcomers:
            assert newcomer.read_exactly(4) == b"here"
            newcomer.close()
        assert sender.ask(b"still there") == answer_to(b"still there")


def test_the_udp_port_is_bound_before_anybody_can_connect() -> None:
    """Who sees the first service accept can use the others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        with pytest.raises(AssertionError, match=f"port 0 or {port}: .*in use"):
            ServerProcess("select", "--udp-port", port)


class Failing(DatagramSocket):
    """Its first calls fail."""

    def __init__(self, *errors: int) -> None:
        super().__init__("127.0.0.1", 0)
        self.errors = list(errors)

    def receive(self) -> tuple[bytes, Address]:
        if self.errors:
            raise OSError(self.errors.pop(), "as it happens")
        return super().receive()


def test_an_error_ends_the_call_and_nothing_else() -> None:
    failing = Failing(errno.ECONNREFUSED, errno.EHOSTUNREACH)
    with Sender(("127.0.0.1", int(str(failing.address[1])))) as sender:
        sender.send(b"x")
        assert not failing.serve()
        assert sender.recv(100) == answer_to(b"x")
        sender.send(b"too large an answer")
        failing.send(bytes(1 << 17), sender.getsockname())  # EMSGSIZE
        assert not failing.serve()
        assert sender.recv(100) == answer_to(b"too large an answer")
    failing.close()


def test_what_is_left_of_a_flood_waits_for_the_next_turn() -> None:
    service = DatagramSocket("127.0.0.1", 0)
    with Sender(("127.0.0.1", int(str(service.address[1])))) as sender:
        for _ in range(DatagramSocket.BUDGET + 1):
            sender.send(b"x")
        assert service.serve()
        assert not service.serve()
    service.close()


def test_an_echo_is_bounded_like_any_connection() -> None:
    connection = EchoConnection()
    connection.receive(b"x" * (EchoConnection.HIGH_WATER_BYTES + 1))
    assert connection.owed == b"x" * (EchoConnection.HIGH_WATER_BYTES + 1)
    assert not connection.wants_read
