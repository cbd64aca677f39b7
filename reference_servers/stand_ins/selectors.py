"""`KqueueSelector` and `DevpollSelector` where `selectors` has none: the standard library's own, over the stand-ins.

Facts: `selectors` defines a class only where `select` has its interface, which is asked while the module is executed.
So the source of every class is on every platform, and executed with another `select` it makes all of them.

Decision: execute it once more, as a module of another name, in which the name `select` is imported from here. What
servers then use is the very code that they use on BSD, macOS and Solaris, as this Python has it, and not a copy that
would grow old. Neither `select` nor `selectors` is touched for anybody else. Cost: a module in memory twice.
"""

from __future__ import annotations

import builtins
import importlib.util
import selectors

from reference_servers.stand_ins import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

NAME = f"{__name__}.private"


def over_stand_ins(class_name: str) -> selectors.BaseSelector:
    """Return a new selector of a class of the private copy.

    Its class derives from the copy's own BaseSelector, which has the same methods as the one it is called here.
    """
    selector: selectors.BaseSelector = getattr(private_copy(), class_name)()
    return selector


def private_copy() -> ModuleType:
    """Execute `selectors` under another name, over a `select` that has the stand-ins."""
    spec = importlib.util.spec_from_file_location(NAME, selectors.__file__)
    if spec is None or spec.loader is None:
        raise ImportError(f"{selectors.__file__} cannot be executed once more", name=NAME)
    copy = importlib.util.module_from_spec(spec)
    # What an import statement calls is looked up in the builtins of the module that it stands in.
    vars(copy)["__builtins__"] = vars(builtins) | {"__import__": import_over_stand_ins}
    spec.loader.exec_module(copy)
    return copy


def import_over_stand_ins(
    name: str,
    module: Mapping[str, object] | None = None,
    local: Mapping[str, object] | None = None,
    fromlist: Sequence[str] = (),
    level: int = 0,
) -> ModuleType:
    """Import as ever, but `select` from here."""
    return select if name == "select" else __import__(name, module, local, fromlist, level)
