"""Whether a server leaves those waiting who came to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from harness_means import BOUND_S, faulty, wait_until

from conformance.harness.kernel import KernelView
from conformance.harness.load import left_waiting
from conformance.harness.server import Server

if TYPE_CHECKING:
    from clients.peer import Address
    from conformance.harness.child import Keeper


class Queue(KernelView):
    """Sees somebody wait in the queue as long as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.somebody_waits = False

    def accept_queue_empty(self, server: Address) -> bool:  # noqa: ARG002
        return not self.somebody_waits


@pytest.mark.parametrize("accepts", [True, False])
def test_who_is_accepted_before_the_server_is_seen_to_rest_was_not_left_waiting(
    keeper: Keeper, accepts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine a look at the queue and one at the server are far apart: it may accept and sleep meanwhile."""
    queue = Queue()
    with Server(faulty("honest"), keeper, queue) as server:
        server.start()
        wait_until(server.rests, "it waits for clients")
        queue.somebody_waits = True

        def accepted_just_before_it_was_looked_at(seen: Server = server) -> bool:
            queue.somebody_waits = not accepts
            return Server.rests(seen)

        monkeypatch.setattr(server, "rests", accepted_just_before_it_was_looked_at)
        said = left_waiting(server, BOUND_S)
    queue.close()
    assert said == (None if accepts else "it sleeps and accepts nobody")
