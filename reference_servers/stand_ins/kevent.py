"""`select.kevent` and its constants, as far as the stand-in has a use for them. Their values are FreeBSD's."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

KQ_FILTER_READ = -1
KQ_FILTER_WRITE = -2

KQ_EV_ADD = 0x0001
KQ_EV_DELETE = 0x0002
KQ_EV_ENABLE = 0x0004
KQ_EV_DISABLE = 0x0008
KQ_EV_ONESHOT = 0x0010
KQ_EV_CLEAR = 0x0020
KQ_EV_ERROR = 0x4000
KQ_EV_EOF = 0x8000

__all__ = [
    "KQ_EV_ADD",
    "KQ_EV_CLEAR",
    "KQ_EV_DELETE",
    "KQ_EV_DISABLE",
    "KQ_EV_ENABLE",
    "KQ_EV_EOF",
    "KQ_EV_ERROR",
    "KQ_EV_ONESHOT",
    "KQ_FILTER_READ",
    "KQ_FILTER_WRITE",
    "kevent",
]


class kevent:  # noqa: N801 - the name in `select`
    """A change for a kqueue, or an event from it. `ident` is a descriptor, or what has a `fileno`."""

    __slots__ = ("data", "fflags", "filter", "flags", "ident", "udata")

    def __init__(  # noqa: PLR0917 - by position, as there
        self,
        ident: FileDescriptorLike,
        filter: int = KQ_FILTER_READ,  # noqa: A002 - its name there
        flags: int = KQ_EV_ADD,
        fflags: int = 0,
        data: int = 0,
        udata: object = 0,
    ) -> None:
        self.ident = ident if isinstance(ident, int) else ident.fileno()
        self.filter = filter
        self.flags = flags
        self.fflags = fflags
        self.data = data
        self.udata = udata

    def _values(self) -> tuple[object, ...]:
        return self.ident, self.filter, self.flags, self.fflags, self.data, self.udata

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, kevent) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return (
            f"<select.kevent ident={self.ident} filter={self.filter} flags=0x{self.flags:x} "
            f"fflags=0x{self.fflags:x} data=0x{self.data:x} udata={self.udata!r}>"
        )
