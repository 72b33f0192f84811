# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rack as people see it from outside, and as its servers say that it is."""

from __future__ import annotations

import dataclasses
import functools
import json
import secrets
import time
import typing as t
import urllib.request
from pathlib import Path

import yaml
from docker.models.containers import Container

from tests.rig.engine import find_engine
from tests.rig.errors import RigError
from tests.rig.forge import STACKS, Edit
from tests.rig.rig import Rig
from tests.support.repository import ROOT

Json = dict[str, t.Any]

SANDBOX, OVERFLOW = "sandbox", "overflow1"
SERVERS = (SANDBOX, OVERFLOW)
STATE = "/var/lib/mycosoft-rack"
DATABASE = "mycosoft-always-on-mindex-db-1"
_PATIENCE = 120
#: Versions go on where another campaign on the same rig ended.
_EPOCH = 1795000000
_G = 1024**3
#: The memory table of the rig's inventory, in bytes.
LIMITS = {"mycosoft-website": 32 * _G, "mindex-api": 16 * _G, "mas-orchestrator": 8 * _G}


@functools.cache
def inventory() -> Json:
    """rack_stacks of the rig."""
    stacks: Json = yaml.safe_load((ROOT / "tests/rig/inventory/group_vars/all/rack.yml").read_text(encoding="utf-8"))["rack_stacks"]
    return stacks


@dataclasses.dataclass(frozen=True)
class Seen:
    """The rack at one moment. ``locks``: server -> run; ``services``: service -> its container as the engine inspects it."""

    version: str | None
    services: t.Mapping[str, Json]
    locks: t.Mapping[str, str]

    @property
    def ailing(self) -> list[str]:
        """Planned services that do not run healthily."""
        found = {name: self.services.get(name, {}).get("State", {}) for name in LIMITS}
        return [f"{name} {state.get('Status', 'is gone')}" for name, state in found.items() if state.get("Health", {}).get("Status") != "healthy"]

    @property
    def well(self) -> bool:
        return self.version is not None and not self.ailing

    @property
    def unlimited(self) -> list[str]:
        """Planned services whose container has not its limit."""
        held = {name: self.services[name]["HostConfig"]["Memory"] for name in LIMITS if name in self.services}
        return [f"{name} has {limit} B" for name, limit in held.items() if limit != LIMITS[name]]

    @property
    def images(self) -> dict[str, str]:
        return {name: container["Image"] for name, container in self.services.items()}


class Rack:
    """The servers of a rig, one deploy after the other. Every deploy has a version of its own to bring."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.version = int(time.time()) - _EPOCH
        #: The course of a plain deploy: how many seconds it took, and when in it each task began.
        self.length: float = 0
        self.tasks: t.Sequence[float] = ()
        # A connection of our own: what becomes of Ansible's is part of the trial.
        self._identity = dataclasses.replace(rig.identity, control=Path(f"{rig.identity.control}-look"))

    # -- hands ----------------------------------------------------------------

    def run(self, server: str, *argv: str, check: bool = True, timeout: float = 120) -> str:
        return self._identity.run(self.rig.layout.address(server), argv, check=check, timeout=timeout).stdout

    def root(self, server: str, script: str, check: bool = True) -> str:
        """Run a script as root."""
        return self.run(server, "sudo", "sh", "-c", script, check=check, timeout=300)

    def container(self, host: str) -> Container:
        """A server as the engine of this machine sees it."""
        engine = find_engine()
        if engine is None:
            raise RigError("Cannot find the server: no Docker Engine answers.")
        return engine.client.containers.get(self.rig.layout.container(host))

    def push(self, edits: t.Mapping[str, t.Mapping[str, Edit]]) -> str:
        """Push the next version of the website, and with it ``edits`` (repository -> path -> edit) of the files as seeded; the version."""
        self.version += 1
        everything: dict[str, dict[str, Edit]] = {"website": {"VERSION": f"{self.version}\n"}}
        for repository, path in (("website", "Dockerfile"), ("website", "app.py"), ("mas", "docker-compose.always-on.yml")):
            text = (STACKS / repository / path).read_text(encoding="utf-8")
            edit = edits.get(repository, {}).get(path, text)
            everything.setdefault(repository, {})[path] = edit if isinstance(edit, str) else edit(text)
        for repository, files in everything.items():
            self.rig.push(repository, files, f"Release {self.version}")
        return str(self.version)

    def write(self) -> str:
        """Put something into the database, and on its disk; what it was."""
        word = secrets.token_hex(8)
        for command in (("SET", "/items/written", word), ("WAITAOF", "1", "0", "5000")):
            self.run(SANDBOX, "docker", "exec", DATABASE, "redis-cli", *command)
        return word

    # -- eyes -----------------------------------------------------------------

    def written(self) -> str:
        return self.run(SANDBOX, "docker", "exec", DATABASE, "redis-cli", "GET", "/items/written", check=False).strip()

    def serving(self) -> str | None:
        """The version that the website says it is; None where it does not answer, or its index does not."""
        try:
            with urllib.request.urlopen(f"http://{self.rig.layout.address(SANDBOX)}:3000/api/state", timeout=5) as answer:
                state = json.load(answer)
                return str(state["version"]) if state["mindex"] else None
        except (OSError, ValueError):
            return None

    def look(self) -> Seen:
        """Everything, once every server answers."""
        self._identity.close()
        services: dict[str, Json] = {}
        for server in SERVERS:
            self.reach(server)
            services |= self._services(server)
        locks = {server: self.lock(server) for server in SERVERS}
        return Seen(self.serving(), services, {server: run for server, run in locks.items() if run})

    def settled(self) -> tuple[Seen, float]:
        """The same once everything is well, or as it is when that takes too long; and after how many seconds."""
        began = time.monotonic()
        while not (seen := self.look()).well and time.monotonic() - began < _PATIENCE:
            time.sleep(1)
        return seen, time.monotonic() - began

    def reach(self, server: str) -> None:
        """Wait until its engine answers, or give up: what is asked next tells."""
        deadline = time.monotonic() + _PATIENCE
        while self._identity.run(self.rig.layout.address(server), ["docker", "version"], check=False).returncode and time.monotonic() < deadline:
            time.sleep(1)

    def _services(self, server: str) -> dict[str, Json]:
        """What runs, and of a service of which nothing runs, what is there."""
        ids = self.run(server, "docker", "ps", "--all", "--quiet", "--filter", "label=com.docker.compose.service").split()
        found = json.loads(self.run(server, "docker", "inspect", *ids, check=False) or "[]") if ids else []
        found.sort(key=lambda container: container["State"]["Running"])
        return {container["Config"]["Labels"]["com.docker.compose.service"]: container for container in found}

    def lock(self, server: str) -> str:
        """The run that has a server's lock; empty where none has."""
        text = self.run(server, "cat", f"{STATE}/lock.json", check=False)
        return str(json.loads(text)["run"]) if text.strip() else ""

    def history(self, server: str) -> list[Json]:
        """What the server has on record."""
        return [json.loads(line) for line in self.run(server, "cat", f"{STATE}/history.jsonl", check=False).splitlines()]
