#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_memory_limits
short_description: Set the memory limits of running containers and prove them
version_added: 0.1.0
description:
  - Sets the memory limit, the swap limit and the reservation of running containers of Compose services in place, without a restart.
  - Afterwards reads every container again, from the engine and from its cgroup files, and fails if it does not hold the wanted limits.
  - Check mode only verifies. C(changed) is V(false) exactly if every container already holds its limits.
  - Counts all running containers of a service, except those of C(docker compose run).
  - A change lasts as long as the container. When Compose recreates the container, the values of the Compose files apply.
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
  limits:
    description:
      - The wanted limits. In the plan of P(mycosoft.rack.memory_plan#filter) they are C(hosts[host].limits).
    type: list
    elements: dict
    required: true
    suboptions:
      project:
        description: Compose project.
        type: str
        required: true
      service:
        description: Service of the project.
        type: str
        required: true
      memory:
        description: Memory limit in bytes.
        type: int
        required: true
      reservation:
        description:
          - Memory reservation in bytes.
          - By default the container keeps its own, cut to the new limit if it is above it.
        type: int
      memory_swap:
        description:
          - Limit of memory and swap together, in bytes.
          - By default it equals the memory limit, which allows no swap.
        type: int
  require:
    description:
      - Whether to fail if a listed service has no running container. The module then fails before anything is changed.
    type: bool
    default: true
  allow_below_usage:
    description:
      - Whether a limit may be below what a container uses at the moment (its working set).
      - The kernel then reclaims memory from it at once, and kills it if that is not enough.
    type: bool
    default: false
notes:
  - If the kernel of the host does not account for swap, swap limits are neither enforced nor compared, and a warning says so.
"""

EXAMPLES = r"""
- name: Limit a running service
  mycosoft.rack.docker_memory_limits:
    limits:
      - {project: always-on, service: website, memory: 34359738368, reservation: 8589934592}

- name: Fail if a container does not hold the limits of the plan
  mycosoft.rack.docker_memory_limits:
    limits: "{{ rack_plan.hosts[inventory_hostname].limits }}"
  check_mode: true
  register: proof
  failed_when: proof is failed or proof is changed
"""

RETURN = r"""
containers:
  description: Every running container of a listed service, by name.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the container.
      type: str
      sample: 0c7ae8e3c1e2f0b8f9f9d2c3a6f0e5b3f8c36a7c4a2a4d6a8c2b6e1f3d5a7b90
    name:
      description: Name of the container.
      type: str
      sample: always-on-website-1
    project:
      description: Its Compose project.
      type: str
      sample: always-on
    service:
      description: Its Compose service.
      type: str
      sample: website
    working_set:
      description: Memory in use before the change, without the inactive page cache, in bytes.
      type: int
      sample: 4294967296
    changed:
      description: Whether its limits were changed, or would be in check mode.
      type: bool
      sample: true
    before:
      description:
        - Its C(memory), C(reservation) and C(memory_swap) in bytes, according to the engine. Null means no limit.
        - C(kernel_memory) and C(kernel_memory_swap) are what its cgroup enforces, if its files can be read.
      type: dict
      sample: {memory: null, reservation: null, memory_swap: null, kernel_memory: null, kernel_memory_swap: null}
    after:
      description: The same afterwards, or as it would be in check mode.
      type: dict
      sample:
        memory: 34359738368
        reservation: 8589934592
        memory_swap: 34359738368
        kernel_memory: 34359738368
        kernel_memory_swap: 34359738368
missing:
  description: The listed services without a running container, each with C(project) and C(service).
  returned: always
  type: list
  elements: dict
  sample: [{project: always-on, service: mindex-api}]
swap_accounted:
  description: Whether the kernel of the host accounts for swap, so that swap limits are enforced and were compared.
  returned: always
  type: bool
  sample: true
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS, Engine, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._limits.changes import (
    LimitChange,
    limits_diff,
    missing_services,
    plan_changes,
    read_limits,
    refuse_below_usage,
    refuse_unproven,
)
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.containers import of_services


def argument_spec() -> Facts:
    limit = {
        "project": {"type": "str", "required": True},
        "service": {"type": "str", "required": True},
        "memory": {"type": "int", "required": True},
        "reservation": {"type": "int"},
        "memory_swap": {"type": "int"},
    }
    return {
        "limits": {"type": "list", "elements": "dict", "required": True, "options": limit},
        "require": {"type": "bool", "default": True},
        "allow_below_usage": {"type": "bool", "default": False},
        **DOCKER_OPTIONS,
    }


def apply(engine: Engine, changes: t.Sequence[LimitChange]) -> None:
    """Set what differs. A failure names the container, and the containers changed before it."""
    done: t.List[str] = []
    for change in changes:
        try:
            engine.post("/containers/%s/update" % change.container.id, change.body())
        except RackError as error:
            raise RackError("Cannot limit %s: %s" % (change.container.name, error.message), changed=bool(done), limited=done) from error
        done.append(change.container.name)


def run(module: AnsibleModule, kernel: Kernel) -> Facts:
    params = module.params
    limits = read_limits(params["limits"])
    engine = connect(params)
    swap = bool(engine.get("/info").get("SwapLimit"))
    if not swap:
        module.warn("The kernel of this host does not account for swap: swap limits are neither enforced nor compared.")

    changes = plan_changes(limits, of_services(engine, kernel, limits), swap)
    absent = missing_services(limits, changes)
    needed = [change for change in changes if change.needed]
    facts: Facts = {
        "changed": bool(needed),
        "containers": [change.facts() for change in changes],
        "missing": absent,
        "swap_accounted": swap,
        "diff": limits_diff(changes),
    }
    if absent and params["require"]:
        names = ", ".join("%(project)s/%(service)s" % service for service in absent)
        raise RackError("Cannot limit %s: none of its containers is running. Start it first, or set require to false." % names, **{**facts, "changed": False})
    if not params["allow_below_usage"]:
        refuse_below_usage(needed)
    if not module.check_mode and needed:
        apply(engine, needed)
        refuse_unproven(plan_changes(limits, of_services(engine, kernel, limits), swap))
    return facts


def main(kernel: t.Optional[Kernel] = None) -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    reported(module, lambda module: run(module, kernel or Kernel()))


if __name__ == "__main__":
    main()
