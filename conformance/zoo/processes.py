"""Bugs of servers with a thread or a process for each connection, or a pool of them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from conformance.zoo.blocking import ACCEPT_RETRY_S, CHUNK_BYTES, answer, chunks, converse, newcomers, thread_each
from conformance.zoo.bug import bug
from conformance.zoo.effects import because

THREADS_A_CLIENT = 32


def fork_child(listener: socket.socket, serve: Callable[[socket.socket], object], connection: socket.socket) -> int:
    """Serve a connection in a process of its own; to the parent, return that one's number."""
    child = os.fork()
    if child == 0:
        listener.close()
        serve(connection)
        os._exit(0)
    return child


def reap_at_once() -> None:
    """Have the kernel forget children that have ended (sigaction(2), SIGCHLD ignored)."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


@bug(
    "isolation.slow-reader",
    "close.drains-stalled",
    "order.replaced-buffer",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    seen="realworldocaml/book#1205",
    collateral={"isolation.sessions": "where one stalls and another speaks"},
)
def threads_share_reply(listener: socket.socket) -> None:
    """What a short send leaves over is taken from a global variable, where another thread's reply may stand by then."""
    reply = b""

    def send_now(connection: socket.socket, data: bytes) -> int:
        try:
            return connection.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def serve(connection: socket.socket) -> None:
        nonlocal reply
        with connection, contextlib.suppress(OSError):
            for chunk in chunks(connection):
                reply = mine = answer(chunk)
                sent = send_now(connection, mine)
                falls_short = sent < len(mine)
                while falls_short and sent < len(reply):
                    select.select([], [connection], [])
                    sent += send_now(connection, reply[sent:])

    thread_each(listener, serve)


@bug(
    "error.reset-idle",
    "error.reset-before-accept",
    "error.reset-storm",
    "error.reset-with-input",
    "error.reset-with-output-owed",
    "error.broken-pipe",
    "error.releases",
    "isolation.descriptor-reuse",
    "isolation.stale-event",
    "readiness.quiescent-after-reset",
    collateral={
        "close.full-close": "where the reset for a reply that nobody takes is there before the next call",
        "isolation.sessions": "where somebody breaks off",
        **because(
            "whoever does not read, or floods, leaves by a reset",
            "backpressure.bounded-memory",
            "isolation.flooding-clients",
        ),
    },
)
def exits_on_exception_in_thread(listener: socket.socket) -> None:
    """An exception while one connection is served ends the whole process, not the one thread."""

    def serve(connection: socket.socket) -> None:
        try:
            while chunk := connection.recv(CHUNK_BYTES):
                connection.sendall(answer(chunk))
            connection.close()
        except OSError:
            os._exit(1)

    thread_each(listener, serve)


@bug(
    "isolation.slow-reader",
    "close.drains-stalled",
    "order.replaced-buffer",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    collateral={
        "isolation.sessions": "where one stalls and another speaks",
        **because(
            "somebody who does not read has a part in it", "backpressure.bounded-memory", "isolation.descriptor-reuse"
        ),
    },
)
def sends_under_global_lock(listener: socket.socket) -> None:
    """A lock that all threads share is held while a reply is sent, for as long as that takes."""
    lock = threading.Lock()

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            for chunk in chunks(connection):
                with lock:
                    connection.sendall(answer(chunk))

    thread_each(listener, serve)


@bug(
    "error.releases",
    collateral={"limits.beyond-fd-setsize-served": "it holds the sockets of those who were reset before"},
)
def closes_only_at_an_orderly_end(listener: socket.socket) -> None:
    """Connections are kept in a list, and closed at the end of the stream: one that ends in an error is not."""
    kept = []

    def serve(connection: socket.socket) -> None:
        kept.append(connection)
        with contextlib.suppress(OSError):
            while chunk := connection.recv(CHUNK_BYTES):
                connection.sendall(answer(chunk))
            connection.close()

    thread_each(listener, serve)


@bug(
    "order.partial-writes",
    "order.replaced-buffer",
    "close.drains-before-fin",
    "close.drains-stalled",
    "isolation.slow-reader",
    "readiness.interest-restored",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    collateral={
        **because(
            "several chunks are there at once: the threads may overtake each other",
            "close.at-accept",
            "close.coalesced",
            "isolation.flooding-clients",
            "isolation.no-crosstalk",
            "isolation.sessions",
            "order.any-chunking",
            "order.burst",
            "order.long-stream",
            "readiness.edge-drained",
            "reply.bytes-not-text",
            "reply.chunk-limit",
            "reply.exact-multiples",
            "reply.literal",
            "reply.prefix",
            "reply.prompt",
            "reply.sequence",
        ),
        "limits.no-growth": "messages of several chunks",
        "backpressure.bounded-memory": "its threads take memory",
    },
)
def answers_each_chunk_in_a_thread(listener: socket.socket) -> None:
    """Each chunk is answered in a thread of its own, so that answers which wait for room get into each other."""

    def send(connection: socket.socket, reply: bytes, room: threading.Semaphore) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(reply)
        room.release()

    def serve(connection: socket.socket) -> None:
        sending = []
        room = threading.Semaphore(THREADS_A_CLIENT)  # a thread for each chunk of a flood would be the machine's end
        with connection:
            for chunk in chunks(connection):
                room.acquire()
                sending.append(threading.Thread(target=send, args=(connection, answer(chunk), room), daemon=True))
                sending[-1].start()
            for thread in sending:
                thread.join()

    thread_each(listener, serve)


@bug("isolation.silent-client", collateral={"limits.beyond-fd-setsize-served": "a crowd that says nothing yet"})
def reads_before_next_accept(listener: socket.socket) -> None:
    """The first chunk is awaited before the connection is given to a thread: meanwhile nobody is accepted."""

    def serve(connection: socket.socket, first: bytes) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(answer(first))
            converse(connection)

    for connection in newcomers(listener):
        first = next(chunks(connection), b"")
        if first:
            threading.Thread(target=serve, args=(connection, first), daemon=True).start()
        else:
            connection.close()


@bug(
    "isolation.concurrent-connections",
    "isolation.many-ready",
    "error.reset-storm",
    collateral={
        "limits.beyond-fd-setsize-safe": "many connections at once",
        **because(
            "more than eight clients are there at once",
            "isolation.flooding-clients",
            "isolation.slow-reader",
            "limits.beyond-fd-setsize-served",
        ),
    },
)
def pool_of_eight_threads(listener: socket.socket) -> None:
    """Eight threads serve a connection each, to its end: the ninth waits until one of the others has left."""
    with ThreadPoolExecutor(8) as pool:
        for connection in newcomers(listener):
            pool.submit(converse, connection)


@bug(
    "isolation.concurrent-connections",
    "error.reset-storm",
    collateral={
        **because(
            "where five are there at once",
            "close.releases",
            "error.reset-idle",
            "isolation.flooding-clients",
            "isolation.many-ready",
            "isolation.sessions",
            "isolation.silent-client",
            "limits.beyond-fd-setsize-safe",
            "readiness.accepts-all",
            "reply.unsolicited",
        ),
        **because(
            "more than four clients are there at once",
            "isolation.slow-reader",
            "limits.beyond-fd-setsize-served",
            "limits.descriptor-exhaustion",
            "limits.exhaustion-quiet",
        ),
    },
)
def pool_of_four_processes(listener: socket.socket) -> None:
    """Four processes, forked at the start, serve one connection each at a time: the fifth waits."""
    for _ in range(3):
        if os.fork() == 0:
            break
    for connection in newcomers(listener):
        converse(connection)


@bug("lifecycle.no-zombies")
def forks_and_never_reaps(listener: socket.socket) -> None:
    """A process is forked for each connection, and when it has ended nobody asks for its status."""
    for connection in newcomers(listener):
        with connection:
            fork_child(listener, converse, connection)


@bug(
    "close.eof",
    "close.releases",
    "error.releases",
    seen="K0M15/webserv#49",
    collateral=because(
        "the FIN that is awaited never comes",
        "close.at-accept",
        "close.churn",
        "close.closes-only-that-one",
        "close.coalesced",
        "close.connect-close",
        "close.drains-before-fin",
        "close.drains-stalled",
        "close.full-close",
    ),
)
def parent_keeps_descriptor(listener: socket.socket) -> None:
    """The parent keeps its copy of the connection's descriptor: when the child has closed its own, no FIN is sent."""
    reap_at_once()
    kept = []
    for connection in newcomers(listener):
        kept.append(connection)
        fork_child(listener, converse, connection)


@bug("close.releases", "error.releases")
def parent_leaks_descriptor(listener: socket.socket) -> None:
    """The child ends the connection with shutdown(), and so nobody notices that the parent never closes its copy."""

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for chunk in chunks(connection):
                connection.sendall(answer(chunk))
            connection.shutdown(socket.SHUT_RDWR)

    reap_at_once()
    kept = []
    for connection in newcomers(listener):
        kept.append(connection)
        fork_child(listener, serve, connection)


@bug("isolation.slow-reader", collateral={"isolation.flooding-clients": "a torrent is a slow reader now and then"})
def pool_blocks_on_slow_readers(listener: socket.socket) -> None:
    """The loop gives each chunk to a pool of eight threads, and each of them waits for as long as a reader takes."""
    poller = select.epoll()
    connections: dict[int, socket.socket] = {}
    poller.register(listener, select.EPOLLIN)

    def serve(connection: socket.socket) -> None:
        fd = connection.fileno()
        chunk = b""
        with contextlib.suppress(OSError):
            chunk = connection.recv(CHUNK_BYTES)
            connection.sendall(answer(chunk) if chunk else b"")
        if chunk:
            poller.modify(fd, select.EPOLLIN | select.EPOLLONESHOT)
        else:
            connections.pop(fd).close()

    with ThreadPoolExecutor(8) as pool:
        while True:
            for fd, _ in poller.poll():
                if fd == listener.fileno():
                    try:
                        connection, _ = listener.accept()
                    except OSError:  # out of descriptors: those that there are go on
                        time.sleep(ACCEPT_RETRY_S)
                        continue
                    connections[connection.fileno()] = connection
                    poller.register(connection, select.EPOLLIN | select.EPOLLONESHOT)
                else:
                    pool.submit(serve, connections[fd])


@bug("close.releases", collateral={"error.releases": "where a child is made before the end of another is noticed"})
def children_inherit_neighbours(listener: socket.socket) -> None:
    """The parent keeps connections open until their children end: each child inherits those of all that came before."""
    open_in_parent: dict[int, socket.socket] = {}

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for chunk in chunks(connection):
                connection.sendall(answer(chunk))
            connection.shutdown(socket.SHUT_RDWR)  # so that its client is told, whoever else has it

    def reap(*_: object) -> None:
        for child in list(open_in_parent):
            with contextlib.suppress(ChildProcessError, KeyError):  # the next signal may come before this one is done
                if os.waitpid(child, os.WNOHANG) != (0, 0):
                    open_in_parent.pop(child).close()

    signal.signal(signal.SIGCHLD, reap)
    for connection in newcomers(listener):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        open_in_parent[fork_child(listener, serve, connection)] = connection
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
