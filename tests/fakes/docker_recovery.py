# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose containers can be stopped and started: what they held is available as soon as they end, as a kernel gives it back."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import MIB, Container, Json, Machine
from ansible_collections.mycosoft.rack.tests.fakes.unix_http import Answer, Request

ALWAYS = {"Name": "always", "MaximumRetryCount": 0}
TOTAL = 65011712 * 1024


class RecoveringMachine(Machine):
    def __init__(self, root: Path, available: int) -> None:
        super().__init__(root)
        self._spare = available
        #: Container name -> what its HostConfig has beyond memory.
        self.host: dict[str, Json] = {}
        #: ``verb name`` of everything that changed something, in order.
        self.done: list[str] = []
        #: Names of containers that end as soon as they are started.
        self.broken: set[str] = set()
        #: Asked before each request that changes something: an answer in the place of the engine's, or None.
        self.intercept: t.Callable[[Request], Answer | None] = lambda _request: None
        self._recount()

    def __enter__(self) -> RecoveringMachine:
        super().__enter__()
        return self

    def give(self, name: str, service: str = "", usage: int = 100 * MIB, **more: t.Any) -> Container:
        """A container as Compose makes it, where it has a service; ``host``: its HostConfig; ``needs``: services that it depends on."""
        host, needs, project = more.pop("host", {}), more.pop("needs", []), more.pop("project", "always-on")
        made = {"com.docker.compose.config-hash": "c0ffee", "com.docker.compose.depends_on": ",".join("%s:service_healthy:false" % need for need in needs)}
        labels = {**(made if service else {}), **more.pop("labels", {})}
        container = self.add(name, service, project, labels, usage=usage, **more)
        self.host[name] = {"RestartPolicy": ALWAYS, **host}
        return container

    def running(self) -> set[str]:
        return {one.name for one in self.containers.values() if one.runs}

    def policies(self) -> dict[str, str]:
        return {name: host["RestartPolicy"]["Name"] for name, host in self.host.items()}

    def remove(self, container: Container) -> None:
        del self.containers[container.id]

    def handle(self, request: Request) -> Answer:
        path = re.sub(r"^/v\d+\.\d+", "", request.path)
        found = re.fullmatch("/containers/([0-9a-f]{64})/(start|stop|update)", path)
        container = self.containers.get(found.group(1)) if found else None
        if found is None or container is None or request.method != "POST":
            return super().handle(request)
        answer, verb = self.intercept(request), found.group(2)
        if answer is not None:
            return answer
        self.done.append("%s %s" % (verb, container.name))
        if verb == "update":
            self.host[container.name]["RestartPolicy"] = request.body["RestartPolicy"]
            return 200, {"Warnings": None}
        container.state = "exited" if verb == "stop" or container.name in self.broken else "running"
        self._recount()
        return 204, b""

    def _inspected(self, container: Container) -> Json:
        detail = super()._inspected(container)
        return {**detail, "HostConfig": {**detail["HostConfig"], **self.host.get(container.name, {})}}

    def _recount(self) -> None:
        freed = sum(one.usage for one in self.containers.values() if not one.runs)
        self.set_memory(100 * (self._spare + freed) / TOTAL)
