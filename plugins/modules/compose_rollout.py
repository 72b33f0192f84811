#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_rollout
short_description: Start the new version of a service before the old one ends
version_added: 0.1.0
description:
  - For each service, starts a copy of what the Compose files and the image are now, beside the one that runs. When the new copy is healthy
    the old one is drained, stopped as the service says (C(stop_signal), C(stop_grace_period)) and removed.
  - Who forwards requests, such as a proxy that asks Docker's DNS, has a healthy copy at every moment.
  - A copy that does not become healthy is removed, and the old one never noticed.
  - Where two copies cannot run side by side nothing is done. The service is left to C(docker compose up), which recreates it, and RV(rollouts) says why.
  - A copy that a run left behind which died between two steps is replaced like an old one.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  project:
    description: Name of the Compose project.
    type: str
    required: true
  arguments:
    description: What stands between C(docker compose) and its verb, so that every call means the same project and files, the override included.
    type: list
    elements: str
    required: true
  rollouts:
    description: The services, each with what the plan says of it, C(hosts[host].starts[].rollouts).
    type: list
    elements: dict
    required: true
    suboptions:
      service:
        description: Service of the project.
        type: str
        required: true
      mode:
        description:
          - V(start-first) starts a second copy wherever that can work.
          - V(auto) does not where both copies would write to the same volume either.
          - V(recreate) leaves the service to C(docker compose up).
        type: str
        choices: [recreate, start-first, auto]
        default: auto
      memory:
        description: The limit of a copy, in bytes. As much has to be available.
        type: int
        required: true
      against:
        description: Why the plan has no room for a second copy.
        type: str
      drain:
        description: How the old copy is taken out of use before it is stopped.
        type: dict
        suboptions:
          command:
            description: A command in its container, for example one that makes its health check fail.
            type: list
            elements: str
            default: []
          seconds:
            description: How long to wait after it, until everybody has noticed.
            type: int
            default: 0
  wait_timeout:
    description: Seconds within which a new copy has to be healthy, or run where it has no health check.
    type: int
    default: 300
  logs:
    description: How many of the last lines that a failing copy logged are returned. V(0) for none, where logs may hold secrets.
    type: int
    default: 20
"""

EXAMPLES = r"""
- name: Bring a new version of the website without a moment without one
  mycosoft.rack.compose_rollout:
    project: shop
    arguments: [--project-name, shop, --project-directory, /srv/shop, --file, /srv/shop/compose.yml]
    rollouts:
      - service: web
        memory: 2147483648
        drain:
          command: [touch, /tmp/drain]
          seconds: 3
"""

RETURN = r"""
rollouts:
  description: What was done with each service, in the given order.
  returned: always
  type: list
  elements: dict
  contains:
    service:
      description: Service of the project.
      type: str
      sample: web
    rollout:
      description: V(start-first), V(recreate) where it is left to Compose, or V(unchanged) where what runs is what it should be.
      type: str
      sample: start-first
    why:
      description: Why it is recreated.
      type: str
      sample: it publishes the port 3000 of the host, which one container can have
    old:
      description: Names of the containers that were replaced.
      type: list
      elements: str
      sample: [shop-web-1]
    new:
      description: Name of the container that took their place.
      type: str
      sample: shop-web-2
logs:
  description: From the name of a copy that did not become healthy to the last lines that it logged.
  returned: when there was one
  type: dict
  sample: {shop-web-2: ["Traceback (most recent call last):"]}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._compose import Compose
from ansible_collections.mycosoft.rack.plugins.module_utils._docker import DOCKER_OPTIONS, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._outcome import Facts, InvalidInput, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._procfs import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout import MODES, RECREATE, START_FIRST, against
from ansible_collections.mycosoft.rack.plugins.module_utils._switch import Service

Json = t.Dict[str, t.Any]


def argument_spec() -> Facts:
    drain = {"command": {"type": "list", "elements": "str", "default": []}, "seconds": {"type": "int", "default": 0}}
    rollout = {
        "service": {"type": "str", "required": True},
        "mode": {"type": "str", "choices": list(MODES), "default": "auto"},
        "memory": {"type": "int", "required": True},
        "against": {"type": "str"},
        "drain": {"type": "dict", "options": drain},
    }
    return {
        "project": {"type": "str", "required": True},
        "arguments": {"type": "list", "elements": "str", "required": True},
        "rollouts": {"type": "list", "elements": "dict", "required": True, "options": rollout},
        "wait_timeout": {"type": "int", "default": 300},
        "logs": {"type": "int", "default": 20},
        **DOCKER_OPTIONS,
    }


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
        old = service.containers()
        why = self._against(rollout, old)
        if why is not None:
            return {"service": name, "rollout": RECREATE, "why": why}
        if not service.is_outdated() and len(old) == 1:
            return {"service": name, "rollout": "unchanged"}
        done: Json = {"service": name, "rollout": START_FIRST, "old": [_name(one) for one in old]}
        return done if self._module.check_mode else {**done, "new": self._switch(service, old, rollout["drain"] or {})}

    def _against(self, rollout: Json, old: t.Sequence[Json]) -> t.Optional[str]:
        if rollout["mode"] == RECREATE:
            return "the plan says so"
        if rollout["against"]:
            return str(rollout["against"])
        if not old:
            return "no copy of it runs yet"
        stopped = [_name(one) for one in old if not one["State"]["Running"]]
        if stopped:
            return "its container %s does not run" % ", ".join(stopped)
        mounts = [mount for one in old for mount in one["Mounts"]]
        available = self._kernel.meminfo().get("MemAvailable")
        return against(self._services[rollout["service"]], mounts, available, rollout["memory"], rollout["mode"])

    def _switch(self, service: Service, old: t.Sequence[Json], drain: Json) -> str:
        """Name of the copy that took the place of ``old``."""
        known = {one["Id"] for one in old}
        service.add(len(old) + 1)
        added = [one for one in service.containers() if one["Id"] not in known]
        if len(added) != 1:
            raise RackError("Cannot roll out %s: Compose made %d new copies instead of one. Nothing was ended." % (service.name, len(added)))
        new = added[0]
        if not service.is_well(new["Id"], self._kernel, self._params["wait_timeout"]):
            logs = self._engine.logs(new["Id"], self._params["logs"]) if self._params["logs"] else []
            service.discard(new["Id"])
            raise RackError(
                "Cannot roll out %s/%s: the new copy was not healthy within %d s. It was removed, and the old one runs on. Read what it logged (logs), "
                "mend it, and deploy again." % (self._params["project"], service.name, self._params["wait_timeout"]),
                logs={_name(new): logs},
            )
        for one in old:
            failed = service.drain(one["Id"], drain["command"]) if drain.get("command") else None
            if failed:
                self._module.warn("The command that drains %s failed: %s" % (_name(one), failed))
        if drain.get("seconds"):
            self._kernel.pause(drain["seconds"])
        for one in old:
            service.end(one["Id"])
        return _name(new)


def _name(detail: Json) -> str:
    return str(detail["Name"]).lstrip("/")


def run(module: AnsibleModule, kernel: Kernel) -> Facts:
    rollouts = Rollouts(module, kernel)
    done: t.List[Json] = []
    try:
        for rollout in module.params["rollouts"]:
            done.append(rollouts.of(rollout))  # noqa: PERF401 - what was done before a failure is told
    except RackError as error:
        error.facts.update(rollouts=done, changed=any(one["rollout"] == START_FIRST for one in done))
        raise
    switched = [one for one in done if one["rollout"] == START_FIRST]
    diff = {
        "before": "".join("%s: %s\n" % (one["service"], ", ".join(one["old"])) for one in switched),
        "after": "".join("%s: %s\n" % (one["service"], one.get("new", "a new copy")) for one in switched),
    }
    return {"changed": bool(switched), "rollouts": done, "diff": diff}


def main(kernel: t.Optional[Kernel] = None) -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    reported(module, lambda module: run(module, kernel or Kernel()))


if __name__ == "__main__":
    main()
