"""How a described target is reached by whoever has no suite: in its folder, under its limits, in its environment."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from conformance.harness.target import address_target, backend_target, command_target
from conformance.means import means_of
from conformance.targets.described import read, target_of

if TYPE_CHECKING:
    from pathlib import Path

BOUND_S = 120
VALUE = "it's $HOME"
TELLS = "import os, resource; print(os.getcwd(), os.environ['SAYS'], resource.getrlimit(resource.RLIMIT_NOFILE)[0])"


def test_the_words_bring_folder_limits_and_environment_along(tmp_path: Path) -> None:
    (tmp_path / "in here").mkdir()
    (tmp_path / "in here" / "tell.py").write_text(TELLS)
    (tmp_path / "targets.toml").write_text(
        f"[mine]\ncommand = '{sys.executable} tell.py'\nfolder = 'in here'\n"
        'environment = { SAYS = "it\'s $HOME" }\nlimits = { descriptors = 99, memory_bytes = 4294967296 }\n'
    )
    _, described = read(tmp_path / "targets.toml")
    means = means_of(target_of(described["mine"], "targets.toml", profile="received", chunk_limit_bytes=1024))
    words = means.words()
    assert words[0] == "--"
    done = subprocess.run(words[1:], capture_output=True, text=True, check=True, timeout=BOUND_S)
    assert done.stdout == f"{os.path.realpath(tmp_path)}/in here it's $HOME 99\n"


def test_any_name_may_be_one_in_the_environment(tmp_path: Path) -> None:
    names = ["my-var", "a; touch broken;", "-u", "$(touch broken)"]
    tells = f"import os; print([os.environ[name] for name in {names}])"
    (tmp_path / "tell.py").write_text(tells)
    environment = ", ".join(f'"{name}" = "{VALUE}"' for name in names)
    (tmp_path / "targets.toml").write_text(
        f"[mine]\ncommand = '{sys.executable} tell.py'\nenvironment = {{ {environment} }}\n"
    )
    _, described = read(tmp_path / "targets.toml")
    means = means_of(target_of(described["mine"], "targets.toml", profile="received", chunk_limit_bytes=1024))
    done = subprocess.run(means.words()[1:], capture_output=True, text=True, check=False, timeout=BOUND_S)
    assert (done.stdout, done.stderr) == (f"{[VALUE] * len(names)}\n", "")
    assert not (tmp_path / "broken").exists()


def test_other_targets_are_reached_by_their_own_words() -> None:
    command = command_target("./server {port}", port=None, host="::1", profile="echo", chunk_limit_bytes=1024)
    assert means_of(command).words() == ["::1", "0", "--", "./server", "{port}"]
    address = address_target("127.0.0.1:8001", pid=None, profile="echo", chunk_limit_bytes=1024)
    assert means_of(address).words() == ["127.0.0.1", "8001"]
    assert means_of(address.with_patience(2.5)).patience == 2.5
    backend = backend_target("epoll")
    assert means_of(backend).words() == ["--", *(backend.command or ())]
    assert means_of(dataclasses.replace(backend, described=True)).words()[1] == "sh"
