"""Which client is meant, and how it is started and talked to."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass

from conformance.harness.target import BadTarget, name_of
from conformance.hosting.conversation import CONVERSATIONS, LINES, Conversation, with_pattern


@dataclass(frozen=True, slots=True)
class ClientTarget:
    """A client: the words that start it, with {host} and {port} in them.

    `options` are the words that name it on the command line. It is started in `folder`.
    """

    name: str
    options: tuple[str, ...]
    command: tuple[str, ...]
    conversation: Conversation
    folder: str | None = None
    patience: float = 1.0

    @property
    def profile(self) -> str:
        """What the results call the kind of it."""
        return self.conversation.name


def client_target(
    command: str, *, conversation: str, output: str | None, folder: str | None, patience: float
) -> ClientTarget:
    """The client that a command starts. Raises `BadTarget` where the words cannot be meant."""
    try:
        words = tuple(shlex.split(command))
        meant = CONVERSATIONS[conversation]
        meant = with_pattern(meant, output) if output is not None else meant
    except ValueError as error:
        raise BadTarget(str(error)) from None
    if not any("{port}" in word for word in words):
        msg = f"the command {command!r} has no {{port}}: the client is to be told where the server is"
        raise BadTarget(msg)
    options = [command]
    options += ["--conversation", conversation] if conversation != LINES else []
    options += ["--output", output] if output is not None else []
    options += ["--patience", f"{patience:g}"] if patience != 1.0 else []
    return ClientTarget(name_of(words), tuple(options), words, meant, folder, patience)


def broken_client(name: str, patience: float) -> ClientTarget:
    """A broken client of the zoo, started as a program of its own: the judge never imports the judged."""
    command = (sys.executable, "-P", "-m", "conformance.zoo.clients.broken", name, "{host}", "{port}")
    return ClientTarget(name, ("--zoo", name), command, CONVERSATIONS[LINES], None, patience)
