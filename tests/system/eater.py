# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that take memory when they are told to, and one for everything that can happen to a container."""

from __future__ import annotations

import contextlib
import typing as t

import docker
import docker.errors

from tests.rig.ssh import wait_for

IMAGE = "python:3.13-slim"
LABEL = "mycosoft.rack.eater"
PROJECT = "eaters"
MIB = 1 << 20

# What is never written to is not there.
_EAT = """
import signal
eaten = [b"x" * ({first} << 20)]
signal.signal(signal.SIGUSR1, lambda *_: eaten.append(b"x" * ({step} << 20)))
print("eaten", flush=True)
while True:
    signal.pause()
"""
_TOO_MUCH = "b'x' * (100 << 20)"


class Eater:
    """One container; sizes in MiB. It holds ``first`` from its start and takes ``step`` each time it is told to."""

    def __init__(self, client: docker.DockerClient, name: str, first: int, step: int = 0, limit: int | None = None) -> None:
        limits = {} if limit is None else {"mem_limit": f"{limit}m", "memswap_limit": f"{limit}m"}
        self._container = run(client, name, ["python3", "-c", _EAT.format(first=first, step=step)], **limits)
        wait_for(f"the first memory of {name}", lambda: b"eaten" in self._container.logs())
        self.name = f"{PROJECT}/{name}"
        self.id = self._container.id
        self._expected = first * MIB
        self._step = step * MIB

    def stats(self) -> dict[str, t.Any]:
        """``memory_stats`` as the engine tells them."""
        memory: dict[str, t.Any] = self._container.client.api.stats(self.id, stream=False, one_shot=True)["memory_stats"]
        return memory

    def grow(self) -> None:
        """Take a step more, and have it when this returns."""
        self._expected += self._step
        self._container.kill("SIGUSR1")
        wait_for(f"{self.name} to grow", lambda: self.stats()["usage"] >= self._expected)

    def grow_to_death(self) -> None:
        """Take step after step; returns when the kernel has killed it."""
        wait_for(f"the end of {self.name}", self._is_down)

    def _is_down(self) -> bool:
        with contextlib.suppress(docker.errors.APIError):  # it has ended since the last look
            self._container.kill("SIGUSR1")
        self._container.reload()
        return bool(self._container.status == "exited")


def run(client: docker.DockerClient, name: str, command: list[str], **options: t.Any) -> t.Any:
    """A container of a Compose service of that name, in no network."""
    labels = {LABEL: "", "com.docker.compose.project": PROJECT, "com.docker.compose.service": name, "com.docker.compose.config-hash": "c0ffee"}
    return client.containers.run(IMAGE, command, name=f"{PROJECT}-{name}", labels=labels, detach=True, network_mode="none", **options)


@contextlib.contextmanager
def eaters(client: docker.DockerClient) -> t.Iterator[None]:
    """Within, the image is there; afterwards none of these containers is."""
    client.images.pull(IMAGE)
    try:
        yield
    finally:
        for container in client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True):
            with contextlib.suppress(docker.errors.NotFound):
                container.remove(v=True, force=True)


def fates(client: docker.DockerClient) -> None:
    """A container for each thing that can happen to one; returns when all of it has happened."""
    small = {"mem_limit": "32m", "memswap_limit": "32m"}
    plain = run(client, "plain", ["sleep", "600"], mem_limit="64m", memswap_limit="128m", mem_reservation="16m")
    child = f'until test -e /go; do sleep 0.1; done; python3 -c "{_TOO_MUCH}"; echo killed; exec sleep 600'
    parent = run(client, "child-killed", ["sh", "-c", child], **small)
    parent.exec_run(["touch", "/go"])  # now that it has started, its shim listens: a kill before that makes no event
    killed = run(client, "killed", ["python3", "-c", _TOO_MUCH], **small)
    stopped = run(client, "stopped", ["true"])
    looping = run(client, "looping", ["python3", "-c", _TOO_MUCH], restart_policy={"Name": "always"}, **small)
    once = ["sh", "-c", "test -e /been && exec sleep 600; touch /been; sleep 0.1; exit 1"]
    restarted = run(client, "restarted", once, restart_policy={"Name": "on-failure"})

    def happened() -> bool:
        for container in (plain, killed, stopped, looping, restarted):
            container.reload()
        again = restarted.attrs["RestartCount"] == 1 and restarted.status == "running"
        ended = killed.status == stopped.status == "exited"
        return again and ended and looping.attrs["RestartCount"] >= 3 and b"killed" in parent.logs()

    wait_for("everything to happen to the containers", happened)
