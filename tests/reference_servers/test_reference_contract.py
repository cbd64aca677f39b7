"""What every backend has to do, over real sockets, judged from outside and blind to the backend."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from reference_process import AVAILABLE, Client, ServerProcess, answer_to, chunks_answered

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = b"\xff" * 1024  # each is answered with four kilobytes
FITTING = CHUNK * 10  # 41 KB owed: a narrow client's connection was seen to hold 47 to 76 and more
KEPT_BYTES = 32 * 1024  # with the 16 KB that one step more is, it stays below the high-water mark
PAUSING = CHUNK * 60  # 246 KB: more than the high-water mark beyond that


def test_round_trips(server: ServerProcess) -> None:
    with server.connect() as client:
        for message in (b"This is ", bytes(range(256)), b"'", b'"', b"'\"", b"0", b"\n", b"x" * 1024):
            client.ping(message)


def test_a_batch_larger_than_a_chunk_is_answered_without_a_further_event(server: ServerProcess) -> None:
    with server.connect() as client:
        server.freeze()
        client.sendall(b"x" * 5000)
        client.confirm_arrived()
        server.thaw()
        assert client.read_chunks(5000) == [b"x" * 1024] * 4 + [b"x" * 904]


@pytest.mark.parametrize("size", [0, 5, 1024, 5000])
def test_data_and_end_in_one_batch(server: ServerProcess, size: int) -> None:
    with server.connect() as client, server.connect() as at_accept:
        client.ping()
        server.freeze()
        for one in (client, at_accept):
            one.sendall(b"x" * size)
            one.half_close()
            one.confirm_arrived()
        server.thaw()
        for one in (client, at_accept):
            assert b"".join(chunks_answered(one.read_to_end())) == b"x" * size
    server.await_sockets(1)


def test_half_close_with_megabytes_owed_to_a_slow_reader(server: ServerProcess) -> None:
    data = bytes(range(256)) * 3000

    def send_all() -> None:
        client.sendall(data)
        client.half_close()

    with server.connect(narrow=True) as client:
        sender = threading.Thread(target=send_all)
        sender.start()
        server.await_quiet()  # reading is paused, output blocked
        received = b"".join(chunks_answered(client.read_to_end()))
        sender.join()
        assert received == data
    server.await_sockets(1)
    server.await_quiet()


def test_half_closed_and_blocked_is_quiet_then_drained(server: ServerProcess) -> None:
    with server.connect(narrow=True) as client:
        sent = block(server, client)
        client.half_close()
        client.confirm_arrived()
        server.await_quiet()
        assert server.sockets() == 2
        assert b"".join(chunks_answered(client.read_to_end())) == sent


def test_input_is_wanted_again_after_backpressure(server: ServerProcess) -> None:
    with server.connect(narrow=True) as client:
        client.sendall(PAUSING)
        client.confirm_arrived()
        server.await_quiet()
        server.canary()
        assert b"".join(client.read_chunks(len(PAUSING))) == PAUSING
        client.ping()
        server.await_quiet()


def block(server: ServerProcess, client: Client) -> bytes:
    """Send until the server itself keeps a good part of what it owes, and not so much that reading pauses.

    A little would not do: the kernel takes some more when its timer has tried the closed window.
    """
    sent, more = b"", FITTING
    while len(sent) // len(CHUNK) * len(answer_to(CHUNK)) - server.kernel_holds(client) < KEPT_BYTES:
        client.sendall(more)
        client.confirm_arrived()
        server.await_quiet()
        sent, more = sent + more, CHUNK * 4
    return sent


def reset_idle(server: ServerProcess, client: Client) -> None:
    client.ping()
    server.await_quiet()


def reset_with_input(server: ServerProcess, client: Client) -> None:
    server.freeze()
    client.sendall(PAUSING)
    client.confirm_arrived()


def reset_before_accept(server: ServerProcess, client: Client) -> None:
    client.close()
    server.freeze()
    Client(server.address).reset()


def reset_while_blocked(server: ServerProcess, client: Client) -> None:
    block(server, client)


def reset_while_paused(server: ServerProcess, client: Client) -> None:
    client.sendall(PAUSING)
    client.confirm_arrived()
    server.await_quiet()


def reset_while_half_closed_and_blocked(server: ServerProcess, client: Client) -> None:
    block(server, client)
    client.half_close()
    server.await_quiet()


@pytest.mark.parametrize(
    "arrange",
    [
        reset_before_accept,
        reset_idle,
        reset_while_blocked,
        reset_while_half_closed_and_blocked,
        reset_while_paused,
        reset_with_input,
    ],
)
def test_a_reset_removes_that_connection_only(
    server: ServerProcess, arrange: Callable[[ServerProcess, Client], None]
) -> None:
    with server.connect() as neighbour:
        neighbour.ping()
        client = server.connect(narrow=True)
        arrange(server, client)
        client.close() if client.fileno() == -1 else client.reset()
        server.thaw()
        server.await_sockets(2)
        server.await_quiet()
        neighbour.ping()
        server.canary()


def test_a_full_close_with_three_chunks_unread(server: ServerProcess) -> None:
    with server.connect() as neighbour:
        neighbour.ping()
        with server.connect() as client:
            client.ping()
            server.freeze()
            client.sendall(b"x" * 3000)
            client.confirm_arrived()
        server.thaw()
        server.await_sockets(2)
        neighbour.ping()


def test_a_number_reused_within_a_batch_is_a_new_connection(server: ServerProcess) -> None:
    with server.connect(narrow=True) as first, server.connect() as second:
        second.ping()
        block(server, first)
        server.freeze()
        first.reset()
        second.sendall(b"second")
        second.confirm_arrived()
        with server.connect() as third:
            server.thaw()
            assert second.read_exactly(len(answer_to(b"second"))) == answer_to(b"second")
            third.ping(b"third")
            third.half_close()
            assert third.read_to_end() == b""


def test_a_hundred_connects_at_once(server: ServerProcess) -> None:
    with contextlib.ExitStack() as stack:
        server.freeze()
        clients = [stack.enter_context(server.connect()) for _ in range(100)]
        for number, client in enumerate(clients):
            client.sendall(b"%d" % number)
        server.thaw()
        for number, client in enumerate(clients):
            expected = answer_to(b"%d" % number)
            assert client.read_exactly(len(expected)) == expected


def test_flooding_clients_do_not_starve_the_others(server: ServerProcess) -> None:
    stopping = threading.Event()

    def flood(client: Client) -> None:
        with contextlib.suppress(OSError):
            while not stopping.is_set():
                client.sendall(CHUNK * 16)

    def swallow(client: Client) -> None:
        with contextlib.suppress(OSError):
            while client.recv(1 << 16):
                pass

    with server.connect() as one, server.connect() as other, server.connect() as canary:
        threads = [threading.Thread(target=work, args=(c,)) for c in (one, other) for work in (flood, swallow)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                canary.ping()
            server.canary()
        finally:
            stopping.set()
            for client in (one, other):
                client.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def test_an_urgent_byte_harms_nobody(server: ServerProcess) -> None:
    with server.connect() as neighbour, server.connect() as client:
        client.ping()
        server.freeze()
        client.send(b"!", socket.MSG_OOB)
        client.confirm_arrived()
        server.thaw()
        server.await_quiet()
        neighbour.ping()
        server.canary()


def test_idle_is_quiet(server: ServerProcess) -> None:
    server.await_quiet()
    with server.connect() as client:
        client.ping()
        server.await_quiet()


def test_out_of_descriptors_served_after_release_from_outside(server: ServerProcess) -> None:
    with contextlib.ExitStack() as stack:
        old = stack.enter_context(server.connect())
        old.ping()
        limit = server.exhaust()
        waiting = [stack.enter_context(server.connect()) for _ in range(5)]
        for client in waiting:
            client.sendall(b"waiting")
        server.await_quiet()
        old.ping()
        assert server.sockets() == 2
        server.limit_descriptors(limit)
        for client in waiting:
            assert client.read_exactly(len(answer_to(b"waiting"))) == answer_to(b"waiting")
        server.canary()
        server.await_quiet()


def test_out_of_descriptors_served_after_a_connection_closes(server: ServerProcess) -> None:
    with server.connect() as old:
        old.ping()
        server.exhaust()
        with server.connect() as waiting:
            waiting.sendall(b"waiting")
            server.await_quiet()
            old.half_close()
            assert waiting.read_exactly(len(answer_to(b"waiting"))) == answer_to(b"waiting")


def test_a_limit_below_what_is_in_use_is_outlived(server: ServerProcess) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(10)]
        for client in clients:
            client.ping()
        limit = server.exhaust()
        server.limit_descriptors(5)
        server.await_quiet()
        server.limit_descriptors(limit)
        for client in clients:
            client.ping()
        server.canary()


@pytest.mark.usefixtures("many_descriptors")
@pytest.mark.parametrize("name", AVAILABLE)
def test_more_connections_than_an_fd_set_holds(name: str) -> None:
    with ServerProcess(name) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(1100)]
        served = sum(is_served(client) for client in clients)
        bounded = name == "select" or "[select]" in name
        assert (1000 < served < 1024) if bounded else served == 1100
        clients[0].ping()
        server.await_quiet()


def is_served(client: Client) -> bool:
    """Whether a client is answered; the other possibility is that it was closed."""
    try:
        client.sendall(b"ping")
        return client.recv(100) == answer_to(b"ping")
    except (BrokenPipeError, ConnectionResetError):
        return False
