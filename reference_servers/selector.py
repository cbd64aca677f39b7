"""What the servers on Python's `selectors` have in common: the four verbs, on whichever selector is asked for.

Facts: a selector hides its kernel interface behind EVENT_READ and EVENT_WRITE, our READ and WRITE. It reports
errors and hang-ups as both, but only what is registered. It takes no registration without an event. `KqueueSelector`
may report one descriptor twice in a batch. `SelectSelector.register` accepts a number that its `select` cannot hold.

What that means for us: a connection always wants something, so an error always reaches it; a resting listener is
unregistered; a report may concern a peer already dropped; `SelectSelector` must be asked before it accepts.
Cost: a Python layer on every wait, a few microseconds more for each descriptor reported.
"""

from __future__ import annotations

import selectors

from reference_servers.limits import outlast_lowered_limit, require_fd_set_room
from reference_servers.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

    from reference_servers.listener import Listener
    from reference_servers.log import Log
    from reference_servers.stop import StopSignals


class RefusingSelectSelector(selectors.SelectSelector):
    """A `SelectSelector` that refuses one descriptor where the original would later fail for all of them."""

    def register(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        """Register a descriptor; raises ValueError when `select` cannot hold it."""
        require_fd_set_room(fileobj if isinstance(fileobj, int) else fileobj.fileno())
        return super().register(fileobj, events, data)


def new_selector(interface: str) -> selectors.BaseSelector:
    """Return a selector over `select`, `poll`, `epoll`, `kqueue` or `devpoll`."""
    name = f"{interface.capitalize()}Selector"
    if not hasattr(selectors, name):
        from reference_servers.stand_ins.selectors import over_stand_ins  # noqa: PLC0415 - dear, and mostly not needed

        return over_stand_ins(name)
    selector_class: type[selectors.BaseSelector] = getattr(selectors, name)
    return RefusingSelectSelector() if selector_class is selectors.SelectSelector else selector_class()


class SelectorServer(Server):
    """A server over a selector; `interface` as `new_selector` takes it. Backends add `wait`."""

    def __init__(self, listener: Listener, stop: StopSignals, log: Log, *, interface: str) -> None:
        self.interface = interface
        super().__init__(listener, stop, log)

    def open(self) -> None:
        """Make the selector."""
        self.selector = new_selector(self.interface)

    def watch(self, fd: int, interest: int) -> None:
        """Register the descriptor."""
        self.selector.register(fd, interest)

    def change(self, fd: int, was: int, interest: int) -> None:  # noqa: ARG002 - the selector keeps what was
        """Replace the events of the descriptor, not its data."""
        self.selector.modify(fd, interest, self.selector.get_key(fd).data)

    def forget(self, fd: int, was: int) -> None:  # noqa: ARG002
        """Unregister the descriptor."""
        self.selector.unregister(fd)

    def select(self, timeout_s: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return keys and the events they are ready for, which are READ and WRITE; `timeout_s` in seconds."""
        try:
            return self.selector.select(timeout_s)
        except OSError as error:
            outlast_lowered_limit(error)
            return []

    def close(self) -> None:
        """Close every socket and the selector."""
        super().close()
        self.selector.close()
