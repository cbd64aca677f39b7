"""The table as a page."""

from __future__ import annotations

import re

from event_table import others, tcp
from event_table.interfaces import look
from event_table.situation import Situation, situations_of

HEADINGS = ("What has happened", "`select`", "`poll`", "`poll` for nothing", "`epoll`", "`epoll`, edge", "`selectors`")

INTRODUCTION = """\
# What a readiness loop is told

Written by `make docs`: for each row a descriptor is brought into that state, here and now, and every interface that
Linux has is asked about it. The tests do it again, and compare. The manuals are poll(2), epoll(7), select(2) and POSIX;
what they leave open is what this table is for.

- Everybody is asked for everything, without waiting: `select` in all three of its sets, `poll` and `epoll` for IN, PRI,
  OUT and RDHUP, `selectors` for reading and writing (the default selector, which on Linux stands on epoll).
- *`poll` for nothing* is asked with an empty mask: what it says comes unasked.
- *`epoll`, edge* was asked once before it happened, so that what it says is news, and says nothing when asked again.
  All other columns are levels: they say the same again for as long as it is so.
- `—` is nothing at all; EBADF and EPERM are errors of the call.
"""

EVENTS = """\
## The events, one by one

- **IN**: a `read`, `recv` or `accept` would not block. That is all: it may return data, nothing, or an error. It holds
  until all is read, and the end of a stream is never all read.
- **PRI**: on TCP an urgent byte. It comes without IN, and only to who asks.
- **OUT**: a `write` would not block, though it may fail. It holds nearly always.
- **RDHUP** (Linux's own): the peer sends no more. Only to who asks, never without IN, and for ever.
- **HUP**: nothing more will come and, on sockets, nothing can be sent. Unasked, and for ever. A TCP socket that was
  connected has it with IN and RDHUP, a pipe has it alone. POSIX says never with OUT; sockets on Linux have it so.
- **ERR**: an error waits for the call that returns it; on the writing end of a pipe, nobody reads. Unasked. It never
  comes alone: OUT is beside it.
- **NVAL**: there is no such descriptor. Unasked, always alone, and `poll`'s only.

`select` is told the same in three words, of which it makes: *read* for IN, HUP or ERR, *write* for OUT or ERR, *except*
for PRI. `selectors` makes READ of everything but OUT, and WRITE of everything but IN: a socket that is reported for
both may be ready for neither.

So a loop that treats each report as a hint, does the `recv` or `send` that it wants to do, and believes what that
returns, needs no branch for HUP, ERR or RDHUP, and is right on every row of the table. What it must get right is what
it asks for: OUT only with something to send, IN and RDHUP not after the end, and no descriptor at all that it wants
nothing of, for what comes unasked comes for ever.
"""


SITUATIONS = [*situations_of(tcp), *situations_of(others)]


def page() -> str:
    """Provoke every situation and write down what is said of it."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *((_title(each), *look(each).cells()) for each in SITUATIONS)]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    remarks = [f"### {each.title}\n\n{each.remark}\n" for each in SITUATIONS if each.remark]
    return "\n".join((INTRODUCTION, "## The table\n", table, EVENTS, "## Row by row\n", *remarks))


def _title(situation: Situation) -> str:
    if not situation.remark:
        return situation.title
    anchor = re.sub(r"[^\w\- ]", "", situation.title.lower()).replace(" ", "-")
    return f"[{situation.title}](#{anchor})"
