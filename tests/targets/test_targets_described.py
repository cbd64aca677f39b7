"""What a targets.toml may say, and what is said of one that cannot be meant."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from conformance.targets.described import read, target_of
from conformance.targets.usable import usable
from conformance.toml_file import BadFile, TomlFile

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
[mine]
command = "./server --bind {host}:{port}"
folder = "sub"
environment = { MODE = "loud", EMPTY = "" }
limits = { descriptors = 256 }
capabilities = ["start-line"]
profile = "echo"
chunk_limit = 4096
patience = 3
host = "::1"
"""
# What stands in a table [mine] or in place of it, its line that is wrong, and what is said of it.
BAD = {
    "no target": ("# nothing", None, "there is no target in it"),
    "no table": ('command = "./s {port}"', 1, "'command' stands in no table; to say it of a server, write [NAME]"),
    "bad name": ('["a b"]\ncommand = "./s {port}"', 1, "the name 'a b' cannot be used"),
    "unknown key": ('[mine]\ncommand = "./s {port}"\n\nprofil = "echo"', 4, "no key 'profil'; did you mean profile?"),
    "no profile": ('[mine]\ncommand = "./s {port}"\nprofile = "daytime"', 3, "'daytime', and should be received or ec"),
    "no number": ('[mine]\ncommand = "./s"\nport = "80"', 3, "port of mine is '80', and should be a whole number"),
    "truth": ('[mine]\ncommand = "./s"\nport = true', 3, "port of mine is True, and should be a whole number"),
    "no port": ('[mine]\ncommand = "./s"\nport = 65536', 3, "65536, and should be a whole number from 1 on to 65535"),
    "no patience": ('[mine]\ncommand = "./s"\npatience = 0', 3, "patience of mine is 0, and should be a number from"),
    "no list": ('[mine]\ncommand = "./s"\ncapabilities = "udp"', 3, "capabilities of mine is 'udp', and should be a l"),
    "no capability": (
        '[mine]\ncommand = "./s"\ncapabilities = [\n  "start-line",\n  "fly"]',
        3,
        "capabilities.1 of mine is 'fly', and should be start-line",
    ),
    "no limit": ('[mine]\ncommand = "./s"\n[mine.limits]\ndescriptor = 9', 4, "did you mean descriptors?"),
    "no variable": ('[mine]\ncommand = "./s"\nenvironment = { "A=B" = "x" }', 3, "has the name 'A=B'"),
    "both": ('[mine]\ncommand = "./s"\naddress = "h:1"', 1, "mine has both a command and an address"),
    "neither": ('[mine]\nprofile = "echo"', 1, "mine has no command or address"),
    "of the other": ('[mine]\naddress = "h:1"\nport = 9', 3, "port of mine says something of its command"),
    "pid": ('[mine]\ncommand = "./s"\npid = 9', 3, "pid of mine says something of its address"),
    "no output": ('[mine]\ncommand = "{output} {port}"', 2, "has {output}, and no build line makes it"),
    "no source": ('[mine]\ncommand = "{source} {port}"', 2, "has {source}, and no key source says which"),
    "no such source": ('[mine]\ncommand = "{source} {port}"\nsource = "s.py"', 3, "there is no file "),
    "a folder": ('[mine]\ncommand = "{source} {port}"\nsource = "."', 3, "source of mine: there is no file "),
    "no folder": ('[mine]\ncommand = "./s {port}"\nfolder = "gone"', 3, "there is no folder "),
    "two ports": ('[mine]\ncommand = "./s {port}"\nport = 9', 2, "--port must not name one"),
    "placeholder": ('[mine]\ncommand = "./s {prot}"', 2, "{prot}, which is no placeholder"),
    "quote": ('[mine]\ncommand = "./s \'a {port}"', 2, "command of mine cannot be split into words"),
    "address": ('[mine]\naddress = "nowhere"', 2, "write HOST:PORT"),
    "second table": ('[a]\ncommand = "./s {port}"\n[mine]\nadress = "h:1"', 4, "did you mean address?"),
}


def written(folder: Path, text: str) -> Path:
    path = folder / "targets.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("text", "line", "said"), BAD.values(), ids=BAD)
def test_what_cannot_be_meant(tmp_path: Path, text: str, line: int | None, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(BadFile) as bad:
        read(path)
    where = f"{path}: " if line is None else f"{path}, line {line}: "
    assert str(bad.value).startswith(where)
    assert said in str(bad.value)


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="a file that root cannot read either is Linux's")
def test_a_source_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, '[mine]\ncommand = "{source} {port}"\nsource = "/proc/self/mem"')
    with pytest.raises(BadFile, match="line 3: source of mine cannot be read: /proc/self/mem: Input/output error"):
        read(path)


def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"is not TOML: .*line 2"):
        read(written(tmp_path, "[mine]\ncommand = ./server"))
    with pytest.raises(BadFile, match=r"cannot read .*No such file"):
        read(tmp_path / "none.toml")


def test_all_that_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    _, described = read(written(tmp_path, WHOLE))
    target = target_of(described["mine"], "t.toml", profile="received", chunk_limit_bytes=1024, patience=2)
    assert (target.name, target.options) == ("mine", ("--targets", "t.toml", "--target", "mine", "--patience", "2"))
    assert target.command == ("./server", "--bind", "{host}:{port}")
    assert (target.folder, target.host) == (str(tmp_path / "sub"), "::1")
    assert (target.environment, target.limits) == ((("MODE", "loud"), ("EMPTY", "")), (("descriptors", 256),))
    assert (target.profile, target.chunk_limit_bytes, target.patience) == ("echo", 4096, 6)
    assert target.announces


def test_what_is_left_open_is_as_the_command_line_says(tmp_path: Path) -> None:
    _, described = read(written(tmp_path, '[there]\naddress = "[::1]:80"\npid = 7'))
    target = target_of(described["there"], "targets.toml", profile="echo", chunk_limit_bytes=9)
    assert (target.address, target.pid, target.profile, target.chunk_limit_bytes) == (("::1", 80), 7, "echo", 9)
    assert target.options == ("--target", "there", "--profile", "echo", "--chunk-limit", "9")


def test_words_with_blanks_stay_whole(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    (folder / "s.py").touch()
    _, described = read(written(folder, '[mine]\nsource = "s.py"\ncommand = "{python} {source} --at={port}"'))
    target = target_of(described["mine"], "x", profile="echo", chunk_limit_bytes=9)
    assert target.command is not None
    assert target.command[1:] == (str(folder / "s.py"), "--at={port}")


def test_only_what_can_be_run_here_is_meant_by_all(tmp_path: Path) -> None:
    lacking = '[b]\ncommand = "./s {port}"\nneeds = { no-such-tool = "tool" }'
    path = written(tmp_path, f'[c]\ncommand = "./s {{port}}"\n{lacking}\n[a]\ncommand = "./s {{port}}"')
    described, left_out = usable(path, [])
    assert [one.name for one in described] == ["a", "c"]
    assert left_out == {"b": "this machine has no no-such-tool (Debian package tool)"}
    assert [one.name for one in usable(path, ["c", "a", "c"])[0]] == ["c", "a"]
    with pytest.raises(BadFile, match="line 3: b cannot be run: this machine has no no-such-tool"):
        usable(path, ["b"])
    with pytest.raises(BadFile, match="there is no target 'd' in it; known: a, b, c"):
        usable(path, ["d"])


LINES = """\
# first
"quoted.key" = 1
a.b = 2

[[list]]
x = 1
[[list]]
x = '''
many
lines'''
y = [
  1,
]
[table.sub]
z = 1
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("quoted.key",), 2),
        (("a", "b"), 3),
        (("list", 0, "x"), 6),
        (("list", 1), 7),
        (("list", 1, "x"), 8),
        (("list", 1, "y", 0), 11),
        (("list", 1, "gone"), 7),
        (("table", "sub", "z"), 15),
    ],
)
def test_the_line_of_a_part(tmp_path: Path, keys: tuple[str | int, ...], line: int) -> None:
    assert TomlFile(written(tmp_path, LINES)).line(*keys) == line
