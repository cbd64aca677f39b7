"""A server that answers as it should, and whose process does what is named: `bad_process.py WAY PORT`."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import threading
import time

import echo

LIFE_S = 120
MOST_CHILDREN = 50
MOST_DESCRIPTORS = 4096
EATS_BYTES = 150 << 20
BITE_BYTES = 1 << 20
PR_SET_NAME = 15  # prctl(2)
LONG_LINE_BYTES = 100 << 20

LAST_WORDS = (
    b"\x1b]0;title\x07\x1b]52;c;cm0gLXJm\x07\x1b[2J\x00\x7f\x9b31m"
    + "\u202e\u2066\u0085<script>alert(1)</script>".encode()
    + b"\xff\xfe\xc0\x80 the end\r\n"
)


class Server(echo.Server):
    """A hook for what happens when a client comes."""

    clients = 0

    def verify_request(self, request: object, client_address: object) -> bool:
        """Do what is to be done at each connection."""
        self.clients += 1
        way = AT_EACH_CONNECTION.get(sys.argv[1])
        if way is not None:
            way(self)
        return super().verify_request(request, client_address)  # type: ignore[arg-type]


def detaches() -> None:
    """Leave a grandchild in a session of its own, deaf to signals, without a word of its environment left."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            os.execve("/bin/sleep", ["sleep", str(LIFE_S)], {})
        os._exit(0)
    os.wait()


def serves_from_a_child() -> None:
    """Serve from a child in another session and group, and wait for it, as a supervisor does."""
    if os.fork():
        os.wait()
        os._exit(1)
    os.setsid()
    signal.alarm(LIFE_S)


def deletes_its_folder() -> None:
    """Delete the folder that it was started in, and all that is in it."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(os.getcwd())


def renames_itself() -> None:
    """Take a name that reads like the states of other processes (proc(5))."""
    ctypes.CDLL(None).prctl(PR_SET_NAME, b") T 1 (\x1b[2J) Z", 0, 0, 0)


def eats_memory() -> None:
    """Take more and more of it."""

    def eat() -> None:
        eaten = []
        for _ in range(EATS_BYTES // BITE_BYTES):
            eaten.append(bytes([1]) * BITE_BYTES)
            time.sleep(0.01)
        threading.Event().wait()

    threading.Thread(target=eat, daemon=True).start()


def stops_again() -> None:
    """Stop itself whenever it is continued."""

    def stop(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    signal.signal(signal.SIGCONT, stop)


def closes_its_output() -> None:
    """Close stdout and stderr."""
    os.close(1)
    os.close(2)


def writes_a_long_line() -> None:
    """Write a line of a hundred megabytes."""

    def write() -> None:
        piece = b"x" * 65536
        for _ in range(LONG_LINE_BYTES // len(piece)):
            os.write(2, piece)

    threading.Thread(target=write, daemon=True).start()


def survives_signals() -> None:
    """Ignore every signal that can be ignored."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGCONT}:
        with contextlib.suppress(OSError):
            signal.signal(number, signal.SIG_IGN)


def leaves_a_child(server: Server) -> None:
    """Leave a sleeping child with each client; it holds no connection, and stdout and stderr for ever."""
    if server.clients <= MOST_CHILDREN and os.fork() == 0:
        os.closerange(3, MOST_DESCRIPTORS)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.alarm(LIFE_S)
        while True:
            signal.pause()


def stops_at_a_connection(server: Server) -> None:
    """Stop itself when the second client comes."""
    if server.clients == 2:
        os.kill(os.getpid(), signal.SIGSTOP)


def stops_later(server: Server) -> None:
    """Stop itself when the tenth client comes."""
    if server.clients == 10:
        os.kill(os.getpid(), signal.SIGSTOP)


def closes_its_listener(server: Server) -> None:
    """Take no further client after the second."""
    if server.clients == 2:
        server.socket.close()
        threading.Event().wait()


def dies_with_last_words(_: Server) -> None:
    """Say what does things to terminals and browsers, and exit."""
    os.write(1, LAST_WORDS)
    os.write(2, LAST_WORDS)
    os._exit(7)


AT_THE_START = {
    way.__name__: way
    for way in (
        detaches,
        serves_from_a_child,
        deletes_its_folder,
        renames_itself,
        eats_memory,
        stops_again,
        closes_its_output,
        writes_a_long_line,
        survives_signals,
    )
}
AT_EACH_CONNECTION = {
    way.__name__: way
    for way in (leaves_a_child, stops_at_a_connection, stops_later, closes_its_listener, dies_with_last_words)
}

if __name__ == "__main__":
    AT_THE_START.get(sys.argv[1], lambda: None)()
    with Server(int(sys.argv[2])) as server:
        server.serve_forever()
