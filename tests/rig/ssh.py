# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH from this machine to the rig's servers and its git host, with strict host keys."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import shutil
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

import docker

from tests.rig.engine import require_programs
from tests.rig.errors import RigError


def make_key(path: Path, comment: str) -> None:
    """Make an ed25519 key pair at ``path`` and ``path.pub``."""
    require_programs({"ssh-keygen": "openssh-client", "ssh": "openssh-client"}, "make SSH keys")
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)], check=True, stdin=subprocess.DEVNULL)


def known_host(names: t.Iterable[str], public_key: str) -> str:
    """One line of a known_hosts file."""
    return f"{','.join(names)} {' '.join(public_key.split()[:2])}\n"


@dataclasses.dataclass(frozen=True)
class Identity:
    """Who logs in, with which key, trusting which host keys; ``control`` is a short folder for shared connections.

    ``patience``: the seconds in which a server has to answer, up to the end of the handshake.
    """

    user: str
    key: Path
    known_hosts: Path
    control: Path
    patience: int = 5

    @property
    def options(self) -> tuple[str, ...]:
        """Options of every connection: nothing of the person's own SSH configuration or agent takes part."""
        return ("-F", "none", "-o", "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "StrictHostKeyChecking=yes")

    def command(self, address: str, *, shared: bool = True, extra: t.Sequence[str] = ()) -> list[str]:
        """The ssh command line up to the remote command; ``shared`` keeps one connection for later calls."""
        sharing = ("-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o", f"ControlPath={self.control}/%C") if shared else ("-o", "ControlPath=none")
        ours = ("-o", "BatchMode=yes", "-o", f"ConnectTimeout={self.patience}", "-i", str(self.key))
        return ["ssh", *self.options, *sharing, *ours, *extra, f"{self.user}@{address}"]

    def run(self, address: str, argv: t.Sequence[str], *, timeout: float = 120, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``argv`` on the server; what it prints comes back as text."""
        # A shared connection outlives the call and holds stderr: pipes would wait for it, files do not.
        self.control.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
            done = subprocess.run(
                [*self.command(address), "--", shlex.join(argv)], stdin=subprocess.DEVNULL, stdout=out, stderr=errors, timeout=timeout, check=False
            )
            for file in (out, errors):
                file.seek(0)
            result = subprocess.CompletedProcess(list(argv), done.returncode, out.read(), errors.read())
        if check and result.returncode != 0:
            raise RigError(f"Cannot run {shlex.join(argv)} on {address}: it ended with {result.returncode}: {result.stderr.strip() or result.stdout.strip()}")
        return result

    @contextlib.contextmanager
    def docker(self, address: str) -> t.Iterator[docker.DockerClient]:
        """A client of the server's own Docker Engine, its socket forwarded over SSH."""
        folder = Path(tempfile.mkdtemp(prefix="rack-", dir="/tmp"))
        socket = folder / "docker.sock"
        forward = self.command(address, shared=False, extra=["-N", "-o", "ExitOnForwardFailure=yes", "-L", f"{socket}:/run/docker.sock"])
        with subprocess.Popen(forward, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                wait_for(f"the Docker socket of {address}", lambda: socket.exists() or process.poll() is not None, seconds=max(30, self.patience))
                client = docker.DockerClient(base_url=f"unix://{socket}", timeout=120)
                with contextlib.closing(client):
                    yield client
            finally:
                process.terminate()
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """End the shared connections and forget their sockets."""
        for socket in self.control.glob("*"):
            subprocess.run(["ssh", "-F", "none", "-O", "exit", "-o", f"ControlPath={socket}", "none"], capture_output=True, check=False)
        shutil.rmtree(self.control, ignore_errors=True)


def wait_for(what: str, ready: t.Callable[[], bool], seconds: float = 90) -> None:
    """Ask until ``ready``; ``what`` is named when it never is."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise RigError(f"Cannot wait any longer for {what}: not ready after {seconds:.0f} s. Look at `docker logs` of its container.")
        time.sleep(0.2)
