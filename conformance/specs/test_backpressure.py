"""Who does not read is not read.

Source: the bound that every stream needs between a fast producer and a slow consumer; RFC 9293, 3.8.6: the window is
there to carry it back to the sender.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conformance.clauses import PROCESS, SHOULD, SOCKETS, clause
from conformance.harness.script import Close, Connect, Glut
from conformance.harness.trial import Trial
from conformance.specs.moves import hello, unaffected

GLUT_BYTES = 24 << 20


@clause(SHOULD, PROCESS, SOCKETS, share=0.02)  # that the window is closed is told on Linux alone
@given(number=st.integers(1, 2))
def test_bounded_memory(subject: Trial, number: int) -> None:
    """A client that sends and sends and never reads is blocked or dropped: memory stays bounded, others are served."""
    clients = range(1, number + 1)
    arrivals = (step for client in clients for step in (Connect(client, narrow=True), hello(client)))
    gluts = (Glut(client, GLUT_BYTES) for client in clients)
    subject.hold(unaffected(*arrivals, *gluts), *map(Close, clients))
