"""The backends by name: where each is, and whether this platform has what it needs, or a stand-in for it.

A backend's module is imported when it is started, not before: the suite starts these servers often.
"""

from __future__ import annotations

import select
import sys
from functools import partial
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_servers.server import Server

INTERFACES = ("select", "poll", "epoll", "kqueue", "devpoll")
BEST_FIRST = ("kqueue", "epoll", "devpoll", "poll", "select")  # as selectors.DefaultSelector chooses
STAND_IN = " (stand-in)"
"""What is added to the name of a backend that does not run on the kernel interface it is named after."""

STAND_INS = {"kqueue": sys.platform == "linux", "devpoll": hasattr(select, "poll")}
"""The interfaces for which there is a stand-in, and whether it can be had here."""


class Backend:
    """A name, the module and class behind it, the kernel interface it needs, and options its class takes."""

    __slots__ = ("class_name", "module", "name", "needs", "options")

    def __init__(self, name: str, module: str, class_name: str, needs: str, **options: str) -> None:
        self.name = name if hasattr(select, needs) or not STAND_INS.get(needs) else name + STAND_IN
        self.module = f"reference_servers.{module}"
        self.class_name = class_name
        self.needs = needs
        self.options = options

    @property
    def reason(self) -> str | None:
        """Why this platform cannot run it; None when it can."""
        if hasattr(select, self.needs) or STAND_INS.get(self.needs):
            return None
        return f"this platform's select module has no {self.needs}"

    def load(self, made_of: Callable[[type[Server]], type[Server]] | None = None) -> Callable[..., Server]:
        """Import it and return what makes the server of a listener, a stop signal and a log.

        `made_of` makes another class of the backend's.
        """
        server_class: type[Server] = getattr(import_module(self.module), self.class_name)
        new_server: Callable[..., Server] = server_class if made_of is None else made_of(server_class)
        return partial(new_server, **self.options)


def selector_backends(name: str, module: str, class_name: str) -> list[Backend]:
    """Return one backend for each selector class, under `name[interface]`."""
    return [
        Backend(f"{name}[{interface}]", module, class_name, interface, interface=interface) for interface in INTERFACES
    ]


BACKENDS: dict[str, Backend] = {
    backend.name: backend
    for backend in [
        Backend("select", "backend_select", "SelectServer", "select"),
        Backend("poll", "backend_poll", "PollServer", "poll"),
        Backend("epoll", "backend_epoll", "EpollServer", "epoll"),
        Backend("epoll-edge", "backend_epoll_edge", "EpollEdgeServer", "epoll"),
        Backend("kqueue", "backend_kqueue", "KqueueServer", "kqueue"),
        Backend("kqueue-edge", "backend_kqueue_edge", "KqueueEdgeServer", "kqueue"),
        Backend("devpoll", "backend_devpoll", "DevpollServer", "devpoll"),
        *selector_backends("selectors-queue", "backend_selectors_queue", "SelectorsQueueServer"),
        *selector_backends("selectors-callback", "backend_selectors_callback", "SelectorsCallbackServer"),
    ]
}


def find(name: str) -> Backend | None:
    """Return the backend of that name, None where there is none. What is added for a stand-in need not be said.

    A bare `selectors-queue` or `selectors-callback` is the one over the platform's own best selector.
    """
    if f"{name}[select]" in BACKENDS:
        return next(BACKENDS[full] for full in (f"{name}[{best}]" for best in BEST_FIRST) if is_native(full))
    return BACKENDS.get(name) or BACKENDS.get(name + STAND_IN)


def is_native(name: str) -> bool:
    """Whether the backend of that full name runs here, on the interface it is named after."""
    return name in BACKENDS and BACKENDS[name].reason is None and not name.endswith(STAND_IN)
