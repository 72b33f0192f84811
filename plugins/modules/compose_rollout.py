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
  - As long as a new copy is waited for, a line tells which one and for how long.
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
  every:
    description: Seconds between two lines that tell for what a task waits.
    type: int
    default: 10
  patience:
    description: Seconds that one call waits for a new copy at most. This is set by the action plugin of the module, and is of no use elsewhere.
    type: int
  going:
    description: What an earlier call began. This is set by the action plugin of the module, and is of no use elsewhere.
    type: dict
    suboptions:
      service:
        description: Service of the project.
        type: str
        required: true
      container:
        description: Its new copy.
        type: str
        required: true
      waited:
        description: Seconds for which that was waited for.
        type: float
        required: true
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
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.blockers import MODES, START_FIRST
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.steps import GOING, Rollouts

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
    going = {name: {"type": kind, "required": True} for name, kind in (("service", "str"), ("container", "str"), ("waited", "float"))}
    return {
        "project": {"type": "str", "required": True},
        "arguments": {"type": "list", "elements": "str", "required": True},
        "rollouts": {"type": "list", "elements": "dict", "required": True, "options": rollout},
        "wait_timeout": {"type": "int", "default": 300},
        "logs": {"type": "int", "default": 20},
        "every": {"type": "int", "default": 10},
        "patience": {"type": "int"},
        "going": {"type": "dict", "options": going},
        **DOCKER_OPTIONS,
    }


def run(module: AnsibleModule, kernel: Kernel) -> Facts:
    rollouts = Rollouts(module, kernel)
    done: t.List[Json] = []
    try:
        for rollout in module.params["rollouts"]:
            one = rollouts.of(rollout)
            if one["rollout"] == GOING:
                return {**_facts(done), "changed": True, "going": one}
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
