"""Many conversations of one client in one thread: on each socket one message after the other, each after some reply.

Facts: a non-blocking connect is under way when it returns (EINPROGRESS). The socket becomes writable when the outcome
is known, and SO_ERROR tells which it is (connect(2)).

Decision: each conversation waits for one thing at a time, and what it waits for is its registration: to write while
it connects and while it has something to say, to read while it listens, with the method that goes on from there. What
comes back is printed and not judged: a reply may come in pieces, and the first of them has the next message said.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
from typing import NoReturn

from clients.conversation import PATIENCE_S, ConversationError, not_connected

RECEIVE_BYTES = 1024


def converse(host: str, port: int, connections: int, messages: int, patience_s: float = PATIENCE_S) -> None:
    """Hold so many conversations of so many messages each, and print who says what.

    Silence on all of them for `patience_s` ends it. Raises `ConversationError` when one cannot connect, and when one
    has not come to its end, after all the others have.
    """
    talks: list[Talk] = []
    with selectors.DefaultSelector() as selector:
        try:
            for number in range(1, connections + 1):
                talks += [Talk(f"connection {number}", host, port, messages, selector)]
            while selector.get_map():
                ready = selector.select(patience_s)
                if not ready:
                    raise ConversationError(f"silence of {patience_s} s on the {len(selector.get_map())} that are left")
                for key, _ in ready:
                    key.data()
        finally:
            for talk in talks:
                talk.sock.close()
    faults = [f"{talk.name}: {talk.fault}" for talk in talks if talk.fault]
    if faults:
        raise ConversationError(f"{faults[0]} ({len(faults)} of {len(talks)} conversations broke off)")


class Talk:
    """One conversation. `fault` says why it broke off, if it did."""

    def __init__(self, name: str, host: str, port: int, messages: int, selector: selectors.BaseSelector) -> None:
        self.name = name
        self.host, self.port = host, port
        self.selector = selector
        self.unsaid = [f"{name}, message {number}".encode() for number in range(messages, 0, -1)]
        self.saying = b""
        self.half_closed = False
        self.fault = ""
        try:
            family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            self.sock = socket.socket(family, kind)
        except (OSError, UnicodeError) as error:
            raise not_connected(host, port, error) from error
        self.sock.setblocking(False)
        error_number = self.sock.connect_ex(address)
        if error_number not in {0, errno.EINPROGRESS}:
            self.sock.close()
            self._not_connected(error_number)
        selector.register(self.sock, selectors.EVENT_WRITE, self._connected)

    def _connected(self) -> None:
        error_number = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error_number:
            self._not_connected(error_number)
        self._say()

    def _not_connected(self, error_number: int) -> NoReturn:
        raise not_connected(self.host, self.port, OSError(error_number, os.strerror(error_number)))

    def _say(self) -> None:
        """Say the next message, or go on with one that was taken in part; after the last one half-close, and listen."""
        if not self.saying and self.unsaid:
            self.saying = self.unsaid.pop()
            print(f"{self.name}: sending {self.saying!r}")
        try:
            if self.saying:
                self.saying = self.saying[self.sock.send(self.saying) :]
            elif not self.half_closed:
                self.half_closed = True
                self.sock.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            pass
        except OSError as error:
            self._over(os.strerror(error.errno or 0))
            return
        if self.saying:
            self.selector.modify(self.sock, selectors.EVENT_WRITE, self._say)
        else:
            self.selector.modify(self.sock, selectors.EVENT_READ, self._listen)

    def _listen(self) -> None:
        """Print what has come, and say the next message if there is one."""
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._over(os.strerror(error.errno or 0))
            return
        if data:
            print(f"{self.name}: received {data!r}")
            self._say()
        elif self.half_closed:
            print(f"{self.name}: ended")
            self._over()
        else:
            self._over("the server ended it")

    def _over(self, fault: str = "") -> None:
        self.fault = fault
        self.selector.unregister(self.sock)
        self.sock.close()
