"""Becomes another program, under limits of its own (setrlimit(2)).

Run as a program: `python -I -S limited.py NAME=VALUE... -- COMMAND...`. They are soft limits, as a shell's `ulimit -S`
sets them: the program may raise them again, and so may a clause that brings it a crowd. Between fork(2) and exec(2) of
a suite that has threads nothing of Python is safe to run, so the limits are set here, on the way.

Standard library only, and little of it: one of these starts with each copy of a server that has limits.
"""

import os
import resource
import sys
from collections.abc import Mapping, Sequence

LIMITS = {"descriptors": resource.RLIMIT_NOFILE, "memory_bytes": resource.RLIMIT_AS}
CANNOT = 126


def command(words: Sequence[str], limits: Mapping[str, int]) -> list[str]:
    """The words that start `words` under these limits."""
    if not limits:
        return list(words)
    settings = [f"{name}={value}" for name, value in limits.items()]
    return [sys.executable, "-I", "-S", __file__, *settings, "--", *words]


def main() -> None:
    """Set the limits, and become the program. Where either cannot be, say so and end with status 126."""
    end = sys.argv.index("--")
    words = sys.argv[end + 1 :]
    try:
        for setting in sys.argv[1:end]:
            name, _, value = setting.partition("=")
            _, hard = resource.getrlimit(LIMITS[name])
            resource.setrlimit(LIMITS[name], (int(value), hard))
    except ValueError:
        sys.stderr.write(f"the limit {setting} is above what this user may have, {hard}\n")
        sys.exit(CANNOT)
    try:
        os.execvp(words[0], words)
    except OSError as error:
        sys.stderr.write(f"cannot start {words[0]}: {error.strerror}\n")
        sys.exit(CANNOT)


if __name__ == "__main__":
    main()
