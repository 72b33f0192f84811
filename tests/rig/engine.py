# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker Engine the rig runs on: the one that answers, or one of its own.

An engine found on the machine is only used: never configured, pruned or
stopped. An engine the rig starts keeps everything below the cache folder and
is stopped, by its own pid file, when the last rig on it is gone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import shutil
import signal
import subprocess
import time
import typing as t
from pathlib import Path

import docker
import docker.errors
import requests

from tests.rig.errors import RigError

#: On each container, network and image of a rig: the rig's project name.
RIG_LABEL = "mycosoft.rack.rig"

_SYSTEM_SOCKET = Path("/var/run/docker.sock")
#: A unix socket's path holds 107 bytes, and containerd and libnetwork append up to 50 to the folder.
_LONGEST_FOLDER = 50
_PATIENCE_SECONDS = 180
_PROGRAMS = {"dockerd": "docker.io", "containerd": "containerd", "runc": "runc", "iptables": "iptables"}


def cache_folder() -> Path:
    """``$RACK_CACHE``; by default below /var/cache for root and below the home folder for others."""
    configured = os.environ.get("RACK_CACHE")
    if configured:
        return Path(configured).resolve()
    if os.geteuid() == 0:
        return Path("/var/cache/mycosoft-rack")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mycosoft-rack"


@contextlib.contextmanager
def locked(path: Path) -> t.Iterator[None]:
    """Hold an exclusive lock; the kernel gives it back when its holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def in_use() -> t.Iterator[None]:
    """Keep the rig's own engine running meanwhile, also while no container is on it: another rig may be removed at the same moment."""
    path = _uses()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


def _uses() -> Path:
    return cache_folder() / "engine.uses"


def require_programs(programs: t.Mapping[str, str], purpose: str) -> None:
    """Refuse with the Debian packages that are missing. ``programs``: program -> package."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = [f"{program} (package {package})" for program, package in programs.items() if not shutil.which(program, path=path)]
    if missing:
        raise RigError(f"Cannot {purpose}: {', '.join(missing)} not found. Run `make setup` as root, or install the packages.")


def _answering(base_url: str | None) -> docker.DockerClient | None:
    """A client of the engine at ``base_url`` (None: as DOCKER_HOST says), if it answers."""
    try:
        client = docker.DockerClient(base_url=base_url, timeout=600) if base_url else docker.from_env(timeout=600)
        client.ping()
    except (docker.errors.DockerException, requests.RequestException, OSError):
        return None
    return client


@dataclasses.dataclass(frozen=True)
class OwnEngine:
    """The engine a rig may start; ``folder`` holds its data, sockets, pid file and log."""

    folder: Path

    @property
    def socket(self) -> Path:
        """Where it listens, and the only place."""
        return self.folder / "docker.sock"

    @property
    def log(self) -> Path:
        """Everything dockerd said, kept over restarts."""
        return self.folder / "dockerd.log"

    def client(self) -> docker.DockerClient | None:
        """A client, if the engine runs."""
        return _answering(f"unix://{self.socket}") if self.socket.exists() else None

    def pid(self) -> int | None:
        """The pid of the running dockerd of this folder."""
        return _running(self.folder / "docker.pid", self.folder / "data")

    def start(self) -> docker.DockerClient:
        """Start dockerd, detached from the terminal and the shell, and wait until it answers."""
        if os.geteuid() != 0:
            raise RigError("Cannot start a Docker Engine: not root. Run as root, or set DOCKER_HOST to an engine you may use.")
        if len(str(self.folder)) > _LONGEST_FOLDER:
            raise RigError(f"Cannot start a Docker Engine in {self.folder}: its sockets' paths would be too long. Set RACK_CACHE to a shorter path.")
        require_programs(_PROGRAMS, "start a Docker Engine")
        self.folder.mkdir(parents=True, exist_ok=True)
        pid = self.pid()
        if pid is None:
            self._forget_predecessor()
            pid = self._spawn()
        return self._wait(pid)

    def _forget_predecessor(self) -> None:
        """Remove what a killed engine left: dockerd would wait in vain for a containerd that is a zombie, or another program by now."""
        containerd = self.folder / "exec" / "containerd"
        left = _running(containerd / "containerd.pid", containerd / "containerd.toml")
        if left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
        for stale in (self.folder / "docker.pid", self.socket, containerd / "containerd.pid", containerd / "containerd.sock"):
            stale.unlink(missing_ok=True)

    def _spawn(self) -> int:
        command = ["dockerd", "--data-root", str(self.folder / "data"), "--exec-root", str(self.folder / "exec")]
        command += ["--pidfile", str(self.folder / "docker.pid"), "--host", f"unix://{self.socket}", "--log-level", "warn"]
        environment = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/", env=environment)
        return process.pid

    def _wait(self, pid: int) -> docker.DockerClient:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline and _alive(pid):
            client = self.client()
            if client:
                return client
            time.sleep(0.1)
        last = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
        raise RigError(f"Cannot start a Docker Engine: it does not answer on {self.socket}. Read {self.log}; it ends with: {' | '.join(last)}")

    def stop(self) -> bool:
        """Stop the engine if it runs; true when it did."""
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while _alive(pid):
            if time.monotonic() > deadline:
                raise RigError(f"Cannot stop the Docker Engine {pid}: it still runs after {_PATIENCE_SECONDS} s. Read {self.log}.")
            time.sleep(0.1)
        self._unmount()
        return True

    def _unmount(self) -> None:
        """Undo the mounts an engine that was killed left to its successor, which only removes its own."""
        points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
        for point in sorted((point for point in points if Path(point).is_relative_to(self.folder)), reverse=True):
            subprocess.run(["umount", "--lazy", point], check=False)


def _running(pid_file: Path, argument: Path) -> int | None:
    """The pid in the file, if a process with ``argument`` on its command line has it; a reused number and a zombie do not count."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(argument) in command else None


def _alive(pid: int) -> bool:
    """Whether the process runs. One that ended does not, also where another process started it and does not collect it; our own child is collected."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@dataclasses.dataclass(frozen=True)
class Engine:
    """The engine in use; ``own`` is set when the rig started it."""

    client: docker.DockerClient
    own: OwnEngine | None

    @property
    def description(self) -> str:
        """One line for people."""
        version = self.client.version()["Version"]
        return f"Docker Engine {version} " + (f"of the rig, {self.own.socket}" if self.own else "of this machine")


def find_engine() -> Engine | None:
    """The engine that answers: DOCKER_HOST's, the rig's own, the machine's. None when none does."""
    if os.environ.get("DOCKER_HOST"):
        client = _answering(None)
        if client is None:
            raise RigError(f"Cannot use the Docker Engine at DOCKER_HOST={os.environ['DOCKER_HOST']}: it does not answer. Start it, or unset DOCKER_HOST.")
        return Engine(client, None)
    own = OwnEngine(cache_folder() / "engine")
    client = own.client()
    if client:
        return Engine(client, own)
    client = _answering(f"unix://{_SYSTEM_SOCKET}") if _SYSTEM_SOCKET.exists() else None
    return Engine(client, None) if client else None


def ensure_engine() -> Engine:
    """The engine that answers, or one started for the rig."""
    with locked(cache_folder() / "engine.lock"):
        engine = find_engine()
        if engine:
            return engine
        own = OwnEngine(cache_folder() / "engine")
        return Engine(own.start(), own)


def stop_if_unused() -> bool:
    """Stop the rig's own engine when nobody uses it and no container is left on it; true when it was stopped."""
    with locked(cache_folder() / "engine.lock"), _uses().open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False  # the other rig stops it when its own work is done
        engine = find_engine()
        return engine is not None and engine.own is not None and not engine.client.api.containers(all=True, limit=1) and engine.own.stop()
