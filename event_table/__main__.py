"""`python -m event_table`: write docs/events.md as this kernel has it, on standard output."""

import sys

if __name__ == "__main__":
    if sys.platform != "linux":
        sys.exit("python -m event_table: epoll and RDHUP, which the table is about, are Linux's")

    from event_table.page import page  # not before: elsewhere the names of its interfaces are missing

    sys.stdout.write(page())
