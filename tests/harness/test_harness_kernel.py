"""What the kernel tells of the server's end of a connection."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING

import pytest
from harness_means import BOUND_S, wait_until

from conformance.harness.kernel import KernelView, ServerEnd, TcpState

if TYPE_CHECKING:
    from clients.peer import Address


@pytest.fixture(params=["127.0.0.1", "::1"])
def listener(request: pytest.FixtureRequest) -> socket.socket:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    return socket.create_server((request.param, 0), family=family, backlog=1)


def end_of(kernel: KernelView, client: socket.socket) -> ServerEnd:
    server: Address = client.getpeername()[:2]
    end = kernel.server_end(server, client.getsockname()[:2])
    assert end is not None
    return end


def test_what_arrived_is_counted_and_a_fin_is_one_more(kernel: KernelView, listener: socket.socket) -> None:
    with listener, socket.create_connection(listener.getsockname()[:2]) as client:
        client.sendall(b"twelve bytes")
        wait_until(lambda: end_of(kernel, client).arrived_bytes == 12, "the bytes have arrived")
        assert end_of(kernel, client).unread_bytes == 12
        client.shutdown(socket.SHUT_WR)
        wait_until(lambda: end_of(kernel, client).arrived_bytes == 13, "the FIN has arrived")


def test_the_end_is_the_server_s_socket(kernel: KernelView, listener: socket.socket) -> None:
    with listener, socket.create_connection(listener.getsockname()[:2]) as client:
        accepted, _ = listener.accept()
        with accepted:
            assert end_of(kernel, client).inode == os.fstat(accepted.fileno()).st_ino
            assert end_of(kernel, client).state != TcpState.LISTEN


def test_a_connection_that_was_reset_is_gone(kernel: KernelView, listener: socket.socket) -> None:
    server: Address = listener.getsockname()[:2]
    with listener:
        client = socket.create_connection(server)
        local: Address = client.getsockname()[:2]
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()

        def gone() -> bool:
            end = kernel.server_end(server, local)
            return end is None or end.state == TcpState.LISTEN

        wait_until(gone, "the connection is gone")


def test_nothing_answers_for_a_port_that_nobody_has(kernel: KernelView) -> None:
    with socket.socket() as bound_only:
        bound_only.bind(("127.0.0.1", 0))
        assert kernel.server_end(bound_only.getsockname(), ("127.0.0.1", 1)) is None


def test_an_accept_queue_is_full_when_the_next_would_have_to_wait(kernel: KernelView, listener: socket.socket) -> None:
    server: Address = listener.getsockname()[:2]
    with listener, socket.create_connection(server):
        assert not kernel.accept_queue_full(server)
        with socket.create_connection(server):  # a backlog of one holds two (listen(2), sk_acceptq_is_full)
            wait_until(lambda: kernel.accept_queue_full(server), "the queue is full")
            listener.accept()[0].close()
            assert not kernel.accept_queue_full(server)


def test_a_send_buffer_is_full_when_a_send_falls_short(kernel: KernelView, listener: socket.socket) -> None:
    with listener, socket.create_connection(listener.getsockname()[:2]) as client:
        accepted, _ = listener.accept()
        with accepted:
            assert not end_of(kernel, client).send_buffer_full
            assert end_of(kernel, client).writable
            accepted.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    accepted.send(bytes(1 << 16))
            assert not end_of(kernel, client).writable
            client.settimeout(BOUND_S)
            wait_until(lambda: bool(client.recv(1 << 20)) and end_of(kernel, client).writable, "there is room again")


def test_without_the_interface_nothing_is_known(kernel: KernelView) -> None:
    kernel.close()
    assert not kernel.available
    assert kernel.server_end(("127.0.0.1", 1), ("127.0.0.1", 2)) is None
    assert not kernel.accept_queue_full(("127.0.0.1", 1))
