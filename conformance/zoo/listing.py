"""What is said of the broken servers, as JSON."""

from __future__ import annotations

import json
from typing import Any

from conformance.zoo.becoming import missing
from conformance.zoo.bug import Program
from conformance.zoo.catalogue import all_broken, bug_of
from conformance.zoo.unseen import UNSEEN
from reference_servers.datagrams import DatagramSocket
from reference_servers.multi_service import MultiService


def listing() -> str:
    """All that is said of them."""
    told = [
        {
            **bug._asdict(),
            "missing": missing(each) if isinstance(each, Program) else None,
            "answers_datagrams": answers_datagrams(each),
        }
        for each in all_broken().values()
        if (bug := bug_of(each))
    ]
    return json.dumps(told)


def unseen() -> str:
    """The bugs that nobody outside can see, with the reasons."""
    return json.dumps(UNSEEN)


def answers_datagrams(broken: Any) -> bool:
    """Whether it answers datagrams too, at the port of its connections."""
    return isinstance(broken, type) and issubclass(broken, DatagramSocket | MultiService)
