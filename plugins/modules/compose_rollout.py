#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_rollout
short_description: Start the new version of a service before stopping the old one
version_added: 0.1.0
description:
  - For each service, starts a new container from the current Compose files and image beside the running one. When the new container is healthy
    the old one is drained, stopped as the service defines (C(stop_signal), C(stop_grace_period)) and removed.
  - A proxy that resolves the service through Docker's DNS has a healthy container at every moment.
  - A new container that does not become healthy is removed, and the old one keeps running.
  - While a new container is waited for, a progress line names it and the seconds waited.
  - If two containers cannot run side by side nothing is done. The service is left to C(docker compose up), which recreates it, and RV(rollouts) says why.
  - A container left behind by a run that died between two steps is replaced like an old one.
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
    description: The arguments between C(docker compose) and its subcommand, which select the project and its files, including the override.
    type: list
    elements: str
    required: true
  rollouts:
    description: The services, each with its part of the plan, C(hosts[host].starts[].rollouts).
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
          - V(start-first) starts a second container wherever that can work.
          - V(auto) does not do so if both containers would write to the same volume either.
          - V(recreate) leaves the service to C(docker compose up).
        type: str
        choices: [recreate, start-first, auto]
        default: auto
      memory:
        description: The memory limit of a container, in bytes. This much has to be available.
        type: int
        required: true
      blocker:
        description: Why the plan has no room for a second container.
        type: str
      drain:
        description: How the old container is taken out of service before it is stopped.
        type: dict
        suboptions:
          command:
            description: A command in the container, for example one that makes its health check fail.
            type: list
            elements: str
            default: []
          seconds:
            description: Seconds to wait after the command, until clients and proxies have noticed.
            type: int
            default: 0
  wait_timeout:
    description:
      - Seconds within which a new container has to be healthy, or running if it has no health check.
      - Also of each command of Compose, and of the command that drains the old container.
    type: int
    default: 300
  logs:
    description: How many of the last log lines of a failing container to return. V(0) for none, if logs may hold secrets.
    type: int
    default: 20
  every:
    description: Seconds between two progress lines.
    type: int
    default: 10
  patience:
    description: Maximum seconds that one call waits for a new container. For the action plugin of this module only.
    type: int
  pending:
    description: What an earlier call began. For the action plugin of this module only.
    type: dict
    suboptions:
      service:
        description: Service of the project.
        type: str
        required: true
      container:
        description: Its new container.
        type: str
        required: true
      waited:
        description: Seconds waited for it so far.
        type: float
        required: true
"""

EXAMPLES = r"""
- name: Deploy a new version of the website without downtime
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
      description: V(start-first), V(recreate) if it is left to Compose, or V(unchanged) if the running container is up to date.
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
      description: Name of the container that replaced them.
      type: str
      sample: shop-web-2
logs:
  description: From the name of a container that did not become healthy to its last log lines.
  returned: when there was one
  type: dict
  sample: {shop-web-2: ["Traceback (most recent call last):"]}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.blockers import MODES, START_FIRST
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.steps import PENDING, Rollouts

Json = t.Dict[str, t.Any]


def argument_spec() -> Facts:
    drain = {"command": {"type": "list", "elements": "str", "default": []}, "seconds": {"type": "int", "default": 0}}
    rollout = {
        "service": {"type": "str", "required": True},
        "mode": {"type": "str", "choices": list(MODES), "default": "auto"},
        "memory": {"type": "int", "required": True},
        "blocker": {"type": "str"},
        "drain": {"type": "dict", "options": drain},
    }
    pending = {name: {"type": kind, "required": True} for name, kind in (("service", "str"), ("container", "str"), ("waited", "float"))}
    return {
        "project": {"type": "str", "required": True},
        "arguments": {"type": "list", "elements": "str", "required": True},
        "rollouts": {"type": "list", "elements": "dict", "required": True, "options": rollout},
        "wait_timeout": {"type": "int", "default": 300},
        "logs": {"type": "int", "default": 20},
        "every": {"type": "int", "default": 10},
        "patience": {"type": "int"},
        "pending": {"type": "dict", "options": pending},
        **DOCKER_OPTIONS,
    }


def run(module: AnsibleModule, kernel: Kernel) -> Facts:
    rollouts = Rollouts(module, kernel)
    done: t.List[Json] = []
    try:
        for rollout in module.params["rollouts"]:
            one = rollouts.of(rollout)
            if one["rollout"] == PENDING:
                return {**_facts(done), "changed": True, "pending": one}
            done.append(one)
    except RackError as error:
        error.facts.update(rollouts=done, changed=any(one["rollout"] == START_FIRST for one in done))
        raise
    return _facts(done)


def _facts(done: t.Sequence[Json]) -> Facts:
    switched = [one for one in done if one["rollout"] == START_FIRST]
    diff = {
        "before": "".join("%s: %s\n" % (one["service"], ", ".join(one["old"])) for one in switched),
        "after": "".join("%s: %s\n" % (one["service"], one.get("new", "a new copy")) for one in switched),
    }
    return {"changed": bool(switched), "rollouts": list(done), "diff": diff}


def main(kernel: t.Optional[Kernel] = None) -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    reported(module, lambda module: run(module, kernel or Kernel()))


if __name__ == "__main__":
    main()
