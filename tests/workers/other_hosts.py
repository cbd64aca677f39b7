"""Interpreters and hosts other than the one that runs the tests."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUND_S = 300
ROOT = Path(__file__).parents[2]
PACKAGES = ("clients", "conformance", "reference_servers")
SSHD = "/usr/sbin/sshd"


def interpreter(folder: Path, *, with_suite: bool = True) -> Path:
    """Make an interpreter with its own prefix and its own copy of the suite, and with all that the suite needs.

    What is installed for being edited is found through a .pth file, and those of the other prefix are not read here.
    """
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    packages = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (packages / "needed.pth").write_text("".join(f"{sysconfig.get_paths()[kind]}\n" for kind in ("purelib", "platlib")))
    for name in PACKAGES if with_suite else ():
        shutil.copytree(ROOT / name, packages / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "bin" / "python"


@contextlib.contextmanager
def behind_socket(python: Path, folder: Path) -> Iterator[str]:
    """Serve workers on a port of loopback, as execnet's own script does; yields HOST:PORT."""
    import execnet.script  # noqa: PLC0415 - typed, and of no use to the other tests

    script = Path(str(execnet.script.__file__)).with_name("socketserver.py")
    folder.mkdir()
    with subprocess.Popen(
        [python, "-u", script, "127.0.0.1:0"], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            found = re.search(r"'127\.0\.0\.1', (\d+)", server.stdout.readline())
            assert found is not None
            yield f"127.0.0.1:{found[1]}"
        finally:
            server.kill()


class Hosts:
    """A host from which two others are reached over ssh: a network namespace each. Root's, and Linux's."""

    NAMES = ("a", "b")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = f"echo-{os.getpid()}"
        self.config = folder / "ssh_config"

    @staticmethod
    def missing() -> str | None:
        """Say why there can be none here."""
        if os.geteuid() != 0:
            return "only root may make network namespaces"
        absent = [name for name in ("ip", "ssh", "ssh-keygen", SSHD) if shutil.which(name) is None]
        if absent:
            return f"{', '.join(absent)} missing (Debian: iproute2, openssh-client, openssh-server)"
        probe = ["unshare", "--net", "true"]
        done = subprocess.run(probe, capture_output=True, text=True, timeout=BOUND_S, check=False)
        return None if done.returncode == 0 else f"no network namespace can be made: {done.stderr.strip()}"

    def address(self, name: str) -> str:
        return f"192.0.2.{4 * self.NAMES.index(name) + 2}"

    def on_controller(self, words: list[str]) -> list[str]:
        """Return the words that run a command where the two others can be reached from."""
        return ["ip", "netns", "exec", f"{self.mark}-c", *words]

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """Make them, each with a loopback and an ssh daemon, and take them away again."""
        with contextlib.ExitStack() as stack:
            for name in ("c", *self.NAMES):
                self._ip("netns", "add", f"{self.mark}-{name}")
                stack.callback(self._ip, "netns", "del", f"{self.mark}-{name}")
                self._ip("-n", f"{self.mark}-{name}", "link", "set", "lo", "up")
            self._make_keys()
            for name in self.NAMES:
                self._connect(name)
                stack.enter_context(self._daemon(name))
            yield

    def _ip(self, *words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True, timeout=BOUND_S)

    def _connect(self, name: str) -> None:
        here, there, number = f"{self.mark}-c", f"{self.mark}-{name}", 4 * self.NAMES.index(name)
        self._ip("-n", here, "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", there)
        for namespace, device, address in ((here, f"to-{name}", number + 1), (there, "eth0", number + 2)):
            self._ip("-n", namespace, "addr", "add", f"192.0.2.{address}/30", "dev", device)
            self._ip("-n", namespace, "link", "set", device, "up")

    def _make_keys(self) -> None:
        for key in ("user", "host"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / key)]
            subprocess.run(words, check=True, timeout=BOUND_S)
        self.config.write_text(
            f"User root\nIdentityFile {self.folder / 'user'}\nIdentitiesOnly yes\nBatchMode yes\nConnectTimeout 20\n"
            f"UserKnownHostsFile {self.folder / 'known_hosts'}\nStrictHostKeyChecking accept-new\nLogLevel ERROR\n"
        )

    @contextlib.contextmanager
    def _daemon(self, name: str) -> Iterator[None]:
        config = self.folder / f"sshd_config_{name}"
        config.write_text(
            f"HostKey {self.folder / 'host'}\nAuthorizedKeysFile {self.folder / 'user.pub'}\nStrictModes no\n"
            "UsePAM no\n"
            f"PermitRootLogin prohibit-password\nPidFile none\nListenAddress {self.address(name)}\nLogLevel ERROR\n"
        )
        Path("/run/sshd").mkdir(exist_ok=True)  # where it parts with its privileges; the package's service makes it
        words = ["ip", "netns", "exec", f"{self.mark}-{name}", SSHD, "-D", "-e", "-f", str(config)]
        with subprocess.Popen(words) as daemon:
            try:
                yield
            finally:
                daemon.terminate()
