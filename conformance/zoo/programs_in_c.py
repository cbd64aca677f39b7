"""Bugs that are natural in C, and hardly anywhere else."""

from __future__ import annotations

from conformance.zoo.bug import program
from conformance.zoo.effects import because

DIES_OF_SIGPIPE = program(
    "dies_of_sigpipe.c",
    "A send to a connection that the client has closed raises SIGPIPE, which nobody ignores: the process is gone.",
    "error.broken-pipe",
    "error.releases",
    collateral={
        **because("where somebody leaves with replies unread", "close.full-close", "isolation.sessions"),
        "isolation.descriptor-reuse": "where one who is gone is written to twice",
    },
    seen="cpp-httplib#77, socket_vmnet#49",
)
DIES_OF_EINTR = program(
    "dies_of_eintr.c",
    "epoll_wait() that was interrupted by a signal is taken for broken, and the server gives up.",
    "readiness.stop-continue",
    seen="h2o#2358",
)
HEX_OF_SIGNED_CHAR = program(
    "hex_of_signed_char.c",
    "A byte from 0x80 on is printed as a signed number: `\\xffffff80`.",
    "reply.literal",
    "reply.bytes-not-text",
    seen="libpagekite#34, foundationdb#1667",
    collateral={"order.any-chunking": "where such a byte is drawn"},
)
TAKES_STRLEN_OF_CHUNK = program(
    "takes_strlen_of_chunk.c",
    "The length of a chunk is asked of strlen(), not of recv(): nothing from a NUL on is answered.",
    "reply.literal",
    "reply.bytes-not-text",
    "reply.falsy-payloads",
    seen="trungams/http-server#2",
    collateral={"order.any-chunking": "where a NUL is drawn"},
)
STATIC_OUTPUT_BUFFER = program(
    "static_output_buffer.c",
    "What a connection is owed waits in a static buffer, which all of them share.",
    "close.drains-stalled",
    "error.broken-pipe",
    "error.releases",
    "error.reset-before-accept",
    "error.reset-storm",
    "error.reset-with-input",
    "error.reset-with-output-owed",
    "isolation.descriptor-reuse",
    "isolation.slow-reader",
    "order.replaced-buffer",
    "readiness.quiescent-after-reset",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
    seen="realworldocaml/book#1205",
    collateral={
        **because("where somebody leaves with replies owed", "close.full-close", "isolation.sessions"),
        **because("somebody is owed output", "backpressure.bounded-memory", "isolation.flooding-clients"),
    },
)
COUNTS_FAILED_SEND = program(
    "counts_failed_send.c",
    "What send() returns is added to the count of bytes sent even when it is -1, so that a byte is sent again.",
    "order.partial-writes",
    "order.replaced-buffer",
    "close.drains-before-fin",
    "close.drains-stalled",
    "isolation.slow-reader",
    "readiness.interest-restored",
    "readiness.quiescent-blocked",
    "readiness.quiescent-half-closed",
)
TABLE_WITHOUT_BOUND = program(
    "table_without_bound.c",
    "Connections stand in a table of 64, found by descriptor, and nobody looks whether the number is below 64.",
    "isolation.many-ready",
    "limits.beyond-fd-setsize-safe",
    collateral=because("more clients than the table has room for", "limits.backlog", "limits.beyond-fd-setsize-served"),
)
FD_SET_OVERFLOW = program(
    "fd_set_overflow.c",
    "A descriptor that is too large for select() is put into its set all the same, and the process is ended.",
    "limits.beyond-fd-setsize-safe",
    seen="cheroot#301",
    collateral={"limits.beyond-fd-setsize-served": "a crowd of more than it can hold"},
)
