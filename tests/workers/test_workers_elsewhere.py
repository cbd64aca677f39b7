"""Workers that are no forks of the controller: what they find is what a run without any finds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from other_hosts import BOUND_S, PACKAGES, ROOT, Hosts, behind_socket, interpreter

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ("run", "--backend", "epoll", "--examples", "3", "-k", "reply or close", "--seed", "4")
PROGRAM = (sys.executable, "-m", "conformance.cli")
HOSTS_MISSING = Hosts.missing()


def judged(folder: Path, words: list[str], *, program: tuple[str, ...] | list[str] = PROGRAM) -> list[dict[str, Any]]:
    """Return what each clause came to, but for how long it took."""
    file = folder / "run.json"
    ours = ("PYTEST_", "HYPOTHESIS_", "ECHO_CONFORMANCE_")
    done = subprocess.run(
        [*program, *WORDS, "--json", str(file), *words],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith(ours)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads(file.read_text())
    (target,) = data["targets"]
    assert data["expected"] == len(target["clauses"])
    return [{key: clause[key] for key in clause if key != "seconds"} for clause in target["clauses"]]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return judged(tmp_path_factory.mktemp("alone"), ["--jobs", "1"])


@pytest.fixture(scope="module")
def other_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return interpreter(tmp_path_factory.mktemp("other") / "python")


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return interpreter(tmp_path_factory.mktemp("bare") / "python", with_suite=False)


def test_forks(alone: list[dict[str, Any]], tmp_path: Path) -> None:
    assert judged(tmp_path, ["--jobs", "2"]) == alone


def test_another_interpreter(alone: list[dict[str, Any]], other_python: Path, tmp_path: Path) -> None:
    assert judged(tmp_path, ["--tx", f"2*popen//python={other_python}"]) == alone


def test_behind_sockets(alone: list[dict[str, Any]], other_python: Path, tmp_path: Path) -> None:
    with behind_socket(other_python, tmp_path / "a") as one, behind_socket(other_python, tmp_path / "b") as two:
        assert judged(tmp_path, ["--tx", f"socket={one}", "--tx", f"socket={two}"]) == alone


def test_the_suite_is_sent_along(alone: list[dict[str, Any]], bare_python: Path, tmp_path: Path) -> None:
    sent = [f"--rsyncdir={ROOT / name}" for name in PACKAGES]
    with behind_socket(bare_python, tmp_path / "there") as address:
        assert judged(tmp_path, ["--tx", f"socket={address}", *sent]) == alone
    assert (tmp_path / "there" / "pyexecnetcache" / "conformance" / "specs").is_dir()


def test_what_lies_beside_the_suite_has_no_part(
    alone: list[dict[str, Any]], other_python: Path, tmp_path: Path
) -> None:
    packages = next(other_python.parents[1].glob("lib/*/site-packages"))
    for folder in (packages, tmp_path):
        (folder / "conftest.py").write_text("raise RuntimeError\n")
        (folder / "pytest.ini").write_text("[pytest]\npython_functions = nothing\n")
    try:
        assert judged(tmp_path, ["--jobs", "1"], program=[str(other_python), "-m", "conformance.cli"]) == alone
    finally:
        (packages / "conftest.py").unlink()
        (packages / "pytest.ini").unlink()


REFUSED = {
    "nobody listens": ("socket=127.0.0.1:1", "a worker does not start: [Errno 111] Connection refused"),
    "no interpreter": ("popen//python=/no/such/python", "a worker does not start: [Errno 2] No such file or directory"),
    "no place": ("nowhere", "'nowhere' is no place for a worker: write ssh=HOST, socket=HOST:PORT or popen"),
    "no words": ("popen//popen", "'popen//popen' cannot be read: duplicate key: 'popen'"),
}


@pytest.mark.parametrize(("worker", "said"), REFUSED.values(), ids=REFUSED)
def test_a_worker_that_cannot_be(worker: str, said: str, tmp_path: Path) -> None:
    code, text = refused(tmp_path, worker)
    assert code == 2
    assert said in text
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text


def test_a_worker_without_the_suite(bare_python: Path, tmp_path: Path) -> None:
    code, text = refused(tmp_path, f"popen//python={bare_python}")
    assert code == 2
    assert f"cannot judge: {bare_python} has no echo-conformance: install it there" in text


def test_a_worker_that_breaks_before_it_has_work(tmp_path: Path) -> None:
    python = interpreter(tmp_path / "python")
    plugin = next(python.parents[1].glob("lib/*/site-packages")) / "conformance" / "plugin.py"
    plugin.write_text("raise RuntimeError('broken')\n")
    code, text = refused(tmp_path, f"popen//python={python}")
    assert code == 2
    assert f"the worker popen//python={python} does not start: RuntimeError: broken" in text


def test_a_worker_with_another_version(other_python: Path, tmp_path: Path) -> None:
    old = next(other_python.parents[1].glob("lib/*/site-packages")) / "echo_conformance-0.0.1.dist-info"
    old.mkdir()
    try:
        (old / "METADATA").write_text("Metadata-Version: 2.1\nName: echo-conformance\nVersion: 0.0.1\n")
        code, text = refused(tmp_path, f"popen//python={other_python}")
    finally:
        shutil.rmtree(old)
    assert code == 2
    assert "it has echo-conformance 0.0.1, and this is " in text


def refused(folder: Path, worker: str) -> tuple[int, str]:
    done = subprocess.run(
        [*PROGRAM, *WORDS, "--tx", worker], cwd=folder, capture_output=True, text=True, timeout=BOUND_S, check=False
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.skipif(HOSTS_MISSING is not None, reason=HOSTS_MISSING or "")
def test_two_hosts_over_ssh(alone: list[dict[str, Any]], other_python: Path, tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)
    there = f"ssh_config={hosts.config}//python={other_python}//chdir={tmp_path}/there"
    with hosts.up():
        workers = [f"--tx=ssh={hosts.address(name)}//{there}-{name}" for name in hosts.NAMES]
        assert judged(tmp_path, workers, program=hosts.on_controller(list(PROGRAM))) == alone
    for name in hosts.NAMES:
        assert (tmp_path / f"there-{name}").is_dir()
