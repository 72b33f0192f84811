# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout, step by step: start a new container, wait until it is healthy, drain and remove the others."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.bounded import bounded
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput, RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import connect
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.compose import Compose, Json
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.health import SETTLED, Waited, wait_healthy
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.volumes import anonymous_volumes
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.blockers import RECREATE, START_FIRST, blocker
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.service import ServiceContainers

#: Result for the action plugin while the new container is not healthy yet.
PENDING = "pending"


class Rollouts:
    """The rollouts of one call, one service after the other, so that memory for one more container is enough."""

    def __init__(self, module: AnsibleModule, kernel: Kernel) -> None:
        self._module, self._kernel, self._params = module, kernel, module.params
        self._engine = connect(self._params)
        stack = {"arguments": self._params["arguments"], "files": ["the files of %s" % self._params["project"]], "directory": "this project"}
        self._services: Json = Compose(module.run_command, stack).configuration().get("services") or {}

    def of(self, rollout: Json) -> Json:
        """Roll out one service; the result. Raises RackError if the new container does not become healthy; the old one still runs."""
        name = rollout["service"]
        if name not in self._services:
            raise InvalidInput("Cannot roll out %s/%s: it is not in the Compose files. Correct its name." % (self._params["project"], name))
        run = bounded(self._module.run_command, self._params["wait_timeout"])
        service = ServiceContainers(self._engine, run, self._params["project"], self._params["arguments"], name)
        pending = self._params["pending"]
        if pending and pending["service"] == name:
            return self._switch(service, rollout["drain"] or {}, pending["container"], pending["waited"])
        old = service.containers()
        why = self._blocker(rollout, old)
        if why is not None:
            return {"service": name, "rollout": RECREATE, "why": why}
        if not service.is_outdated() and len(old) == 1:
            return {"service": name, "rollout": "unchanged"}
        if self._module.check_mode:
            return {"service": name, "rollout": START_FIRST, "old": [_name(one) for one in old]}
        return self._switch(service, rollout["drain"] or {}, _added(service, old), 0)

    def _blocker(self, rollout: Json, old: t.Sequence[Json]) -> t.Optional[str]:
        if rollout["mode"] == RECREATE:
            return "the plan says so"
        if rollout["blocker"]:
            return str(rollout["blocker"])
        if not old:
            return "no container of it runs yet"
        stopped = [_name(one) for one in old if not one["State"]["Running"]]
        if stopped:
            return "its container %s is not running" % ", ".join(stopped)
        mounts = [mount for one in old for mount in one["Mounts"]]
        available = self._kernel.meminfo().get("MemAvailable")
        return blocker(self._services[rollout["service"]], mounts, anonymous_volumes(self._engine), available, rollout["memory"], rollout["mode"])

    def _switch(self, service: ServiceContainers, drain: Json, identity: str, seconds: float) -> Json:
        """Replace all other containers by ``identity`` once that is healthy, or return that it is still pending."""
        timeout = self._params["wait_timeout"]
        containers = {one["Id"]: one for one in service.containers()}
        if identity not in containers:
            raise RackError("Cannot roll out %s: its new container was removed by somebody else. The old one still runs. Deploy again." % service.name)
        waited = self._wait(service, identity, seconds)
        if waited.state == "starting" and waited.seconds < timeout:
            new = _name(containers[identity])
            return {"service": service.name, "rollout": PENDING, "container": identity, "new": new, "waited": waited.seconds}
        new = _name(containers.pop(identity))
        if waited.state != "healthy":
            logs = self._engine.logs(identity, self._params["logs"]) if self._params["logs"] else []
            service.discard(identity)
            raise RackError(
                "Cannot roll out %s/%s: the new container was not healthy after %d s, but %s. It was removed, and the old one still runs. "
                "Read its log (logs), fix the cause, and deploy again." % (self._params["project"], service.name, waited.seconds, waited.state),
                logs={new: logs},
            )
        for one in containers:
            failed = service.drain(one, drain["command"]) if drain.get("command") else None
            if failed:
                self._module.warn("The command that drains %s failed: %s" % (_name(containers[one]), failed))
        if drain.get("seconds"):
            self._kernel.pause(drain["seconds"])
        for one in containers:
            service.remove(one)
        return {"service": service.name, "rollout": START_FIRST, "old": [_name(one) for one in containers.values()], "new": new}

    def _wait(self, service: ServiceContainers, identity: str, seconds: float) -> Waited:
        """Wait for the new container, at most as long as this call may (``patience``)."""
        timeout, patience = self._params["wait_timeout"], self._params["patience"]
        until = timeout if patience is None else min(seconds + patience, timeout)
        return wait_healthy(
            lambda: service.inspect(identity),
            self._kernel.pause,
            lambda waited: waited >= until,
            seconds,
            settled=min(SETTLED, timeout),
            final=("ended", "unhealthy"),
        )


def _added(service: ServiceContainers, old: t.Sequence[Json]) -> str:
    """Start one more container; its id."""
    known = {one["Id"] for one in old}
    service.add(len(old) + 1)
    added = [one["Id"] for one in service.containers() if one["Id"] not in known]
    if len(added) != 1:
        raise RackError("Cannot roll out %s: Compose created %d new containers instead of one. No container was stopped." % (service.name, len(added)))
    return str(added[0])


def _name(detail: Json) -> str:
    return str(detail["Name"]).lstrip("/")
