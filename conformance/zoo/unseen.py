"""Bugs that are not in the zoo, because nobody outside can see them on Linux."""

from __future__ import annotations

UNSEEN = {
    "ECONNABORTED from accept is fatal": (
        "Linux completes accept for a connection that was reset while it waited, and the first recv gets the error "
        "(accept(2)); the error is only made by other systems and by security modules"
    ),
    "the listening socket is blocking, and the client has vanished before accept": (
        "a reset connection stays in the accept queue on Linux, so accept finds it and does not block; systems that "
        "drop it there would keep the loop waiting"
    ),
    "removing a connection from a list that is walked skips its neighbour, level-triggered": (
        "the neighbour is reported again by the next wait, microseconds later; with edge triggering, with one-shot "
        "interest or with a batch kept by the server it is lost, and that is in the zoo"
    ),
    "an idle timer ends connections that are still draining": (
        "no clause makes a server wait longer than its timer: a passing run does not sleep, and how long a client may "
        "be idle is the server's own business"
    ),
    "accepting newcomers as long as there are any starves those who are there": (
        "newcomers cost a client more than they cost a server, so a single machine cannot make them arrive as fast as "
        "they are accepted: the queue is empty before anybody has waited long"
    ),
    "an urgent byte reported by EPOLLPRI is answered by a plain recv": (
        "the recv passes over the mark and finds the next byte or nothing, which is what a server finds that does not "
        "ask for EPOLLPRI"
    ),
}
"""Each bug, with the reason why it does not show."""
