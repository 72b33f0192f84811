# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout, step by step: one more copy, wait until it is well, drain and end the others."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput, RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import connect
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.compose import Compose, Json
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.volumes import anonymous_volumes
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.blockers import RECREATE, START_FIRST, blocker
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.service import Service

#: What the action plugin is told of a rollout whose new copy is waited for.
GOING = "going"

#: How a container is as long as nobody knows whether it will be healthy.
OPEN = ("starting", "running")

#: Seconds between two looks at a container that is to become healthy.
_POLL = 0.5

#: Seconds after which a container without a health check counts as up, where it has not ended or been restarted.
_SETTLED = 5.0


class Rollouts:
    """The work of one call: each service of the list by itself, one after the other, so that memory for one copy is enough."""

    def __init__(self, module: AnsibleModule, kernel: Kernel) -> None:
        self._module, self._kernel, self._params = module, kernel, module.params
        self._engine = connect(self._params)
        stack = {"arguments": self._params["arguments"], "files": ["the files of %s" % self._params["project"]], "directory": "this project"}
        self._services: Json = Compose(module.run_command, stack).configuration().get("services") or {}

    def of(self, rollout: Json) -> Json:
        """What was done with one service. Raises RackError where a new copy does not become healthy; the old one runs on."""
        name = rollout["service"]
        if name not in self._services:
            raise InvalidInput("Cannot roll out %s/%s: the Compose files do not have it. Correct its name." % (self._params["project"], name))
        service = Service(self._engine, self._module.run_command, self._params["project"], self._params["arguments"], name)
        going = self._params["going"]
        if going and going["service"] == name:
            return self._take_over(service, rollout["drain"] or {}, going["container"], going["waited"])
        old = service.containers()
        why = self._blocker(rollout, old)
        if why is not None:
            return {"service": name, "rollout": RECREATE, "why": why}
        if not service.is_outdated() and len(old) == 1:
            return {"service": name, "rollout": "unchanged"}
        if self._module.check_mode:
            return {"service": name, "rollout": START_FIRST, "old": [_name(one) for one in old]}
        return self._take_over(service, rollout["drain"] or {}, _added(service, old), 0)

    def _blocker(self, rollout: Json, old: t.Sequence[Json]) -> t.Optional[str]:
        if rollout["mode"] == RECREATE:
            return "the plan says so"
        if rollout["blocker"]:
            return str(rollout["blocker"])
        if not old:
            return "no copy of it runs yet"
        stopped = [_name(one) for one in old if not one["State"]["Running"]]
        if stopped:
            return "its container %s does not run" % ", ".join(stopped)
        mounts = [mount for one in old for mount in one["Mounts"]]
        available = self._kernel.meminfo().get("MemAvailable")
        return blocker(self._services[rollout["service"]], mounts, anonymous_volumes(self._engine), available, rollout["memory"], rollout["mode"])

    def _take_over(self, service: Service, drain: Json, identity: str, waited: float) -> Json:
        """Have the copy ``identity`` in place of all others as soon as it is well, or say that it is waited for."""
        timeout = self._params["wait_timeout"]
        copies = {one["Id"]: one for one in service.containers()}
        if identity not in copies:
            raise RackError("Cannot roll out %s: somebody removed its new copy. The old one runs on; deploy again." % service.name)
        state, waited = self._wait(service, identity, waited)
        if state in OPEN and waited < timeout:
            return {"service": service.name, "rollout": GOING, "container": identity, "new": _name(copies[identity]), "waited": waited}
        new = copies.pop(identity)
        if state != "healthy":
            logs = self._engine.logs(identity, self._params["logs"]) if self._params["logs"] else []
            service.discard(identity)
            raise RackError(
                "Cannot roll out %s/%s: the new copy was not healthy after %d s, but %s. It was removed, and the old one runs on. Read what it logged (logs), "
                "mend it, and deploy again." % (self._params["project"], service.name, waited, state),
                logs={_name(new): logs},
            )
        for one in copies:
            failed = service.drain(one, drain["command"]) if drain.get("command") else None
            if failed:
                self._module.warn("The command that drains %s failed: %s" % (_name(copies[one]), failed))
        if drain.get("seconds"):
            self._kernel.pause(drain["seconds"])
        for one in copies:
            service.end(one)
        return {"service": service.name, "rollout": START_FIRST, "old": [_name(one) for one in copies.values()], "new": _name(new)}

    def _wait(self, service: Service, identity: str, waited: float) -> t.Tuple[str, float]:
        """How a container is when that is no longer open, or the patience of this call ends, and for how long it was waited for by now."""
        timeout, patience = self._params["wait_timeout"], self._params["patience"]
        until = timeout if patience is None else min(waited + patience, timeout)
        while True:
            state = service.state(identity)
            if state == "running" and waited >= min(_SETTLED, timeout):
                state = "healthy"
            if state not in OPEN or waited >= until:
                return state, waited
            self._kernel.pause(_POLL)
            waited += _POLL


def _added(service: Service, old: t.Sequence[Json]) -> str:
    """Start one more copy; its id."""
    known = {one["Id"] for one in old}
    service.add(len(old) + 1)
    added = [one["Id"] for one in service.containers() if one["Id"] not in known]
    if len(added) != 1:
        raise RackError("Cannot roll out %s: Compose made %d new copies instead of one. Nothing was ended." % (service.name, len(added)))
    return str(added[0])


def _name(detail: Json) -> str:
    return str(detail["Name"]).lstrip("/")
