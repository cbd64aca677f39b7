"""A process with a thread and a child with a thread, all at rest: `process_family.py`.

It prints its child's PID and the inode of a listening socket that only the child holds.
"""

from __future__ import annotations

import os
import signal
import socket
import threading


def rest() -> None:
    while True:
        signal.pause()


def wait_for_ever() -> None:
    threading.Event().wait()


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    inode = os.fstat(listener.fileno()).st_ino
    read, write = os.pipe()
    child = os.fork()
    threading.Thread(target=wait_for_ever, daemon=True).start()
    if child:
        listener.close()
        os.read(read, 1)
        print(child, inode, flush=True)
    else:
        os.write(write, b"x")
    rest()


if __name__ == "__main__":
    main()
