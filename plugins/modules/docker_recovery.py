#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_recovery
short_description: Stop containers that are not essential when memory is short, and restart them later
description:
  - >-
    Stops running containers that are not essential one by one, the least important first, until enough memory is available. Before it stops a container it
    records it in a file, with its restart policy, and later restarts exactly those. It removes nothing, no container and no volume.
  - >-
    A container is identified by its Compose labels and the plan, never by a part of its name. Essential are the services that the plan marks as such, what
    they need, on this server or another, and what their containers depend on according to Compose, even if no plan lists it.
  - >-
    Until it is restarted, a stopped container has the restart policy V(no), so that neither a restart of the engine nor of the server starts it. Then it
    gets its own policy back.
  - >-
    If stopping everything that it may stop would not make enough memory available, it says so, and stops nothing, unless O(everything) is set.
version_added: "0.1.0"
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
  - mycosoft.rack.state
attributes:
  check_mode:
    support: full
    details:
      - Shows what would be stopped, estimated from the memory that each container uses now.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - >-
        V(stopped) stops what is not essential until O(available) is reached. V(started) starts the essential containers, and other containers that ran before
        and were not stopped on purpose, each after what it needs. V(restored) restarts what was stopped, in the opposite order, and removes it from the record.
      - Each state may be called again and continues where the last call ended.
    type: str
    choices: [stopped, started, restored]
    required: true
  services:
    description: The services that are planned on this server, in the order to stop them, as C(recovery) of a host in P(mycosoft.rack.memory_plan#filter).
    type: list
    elements: dict
    default: []
    suboptions:
      project:
        description: Compose project.
        type: str
        required: true
      service:
        description: Service of the project.
        type: str
        required: true
      essential:
        description: Whether it has to run.
        type: bool
        required: true
      needed_by:
        description: The essential service that needs it, if it is essential for that reason.
        type: str
  available:
    description:
      - Memory, as a size such as V(12G) or a share such as V(20%) of all memory.
      - >-
        With O(state=stopped), stopping ends when this much is available. With O(state=restored), this much has to remain when a container takes what it took
        before.
      - The default is V(20%) for O(state=stopped) and V(5%) for O(state=restored).
    type: str
  everything:
    description: Whether to stop all containers that are not essential, even if less would be enough, or all of it is not enough.
    type: bool
    default: false
  unplanned:
    description: Whether to stop containers whose service and project are not in the plan. They are stopped last.
    type: bool
    default: true
  only_listed:
    description: Whether to stop only those O(services) that are not essential.
    type: bool
    default: false
  keep_labels:
    description: Labels, C(key) or C(key=value), of containers that are never stopped.
    type: list
    elements: str
    default: []
  seconds:
    description: How long the call may take. What is not done by then is listed in RV(left) and done by the next call.
    type: int
    default: 600
  record:
    description:
      - Which file of O(state_directory) records the stopped containers.
      - P(mycosoft.rack.docker_prune#module) keeps the containers that V(recovery) names. V(offload) is for those that a move stops.
    type: str
    choices: [recovery, offload]
    default: recovery
"""

EXAMPLES = r"""
- name: Stop what is not essential until a quarter of the memory is available
  mycosoft.rack.docker_recovery:
    state: stopped
    services: "{{ rack_plan.hosts[inventory_hostname].recovery }}"
    available: 25%

- name: Start the essential services
  mycosoft.rack.docker_recovery:
    state: started
    services: "{{ rack_plan.hosts[inventory_hostname].recovery }}"

- name: Restart what was stopped
  mycosoft.rack.docker_recovery:
    state: restored
"""

RETURN = r"""
available:
  description: Available memory in bytes, C(before) and C(after), and the C(wanted) one.
  returned: always
  type: dict
  sample: {before: 6442450944, after: 21474836480, wanted: 13314398617}
stopped:
  description:
    - What this call stopped, or would stop, in this order.
    - C(title) is the project and service, or the name of a container without them.
    - C(memory) is what it used, C(swap) the part of it that was in swap, both in bytes.
  returned: always
  type: list
  elements: dict
  sample: [{id: 4f1d2c, name: mas-mas-orchestrator-1, title: mas/mas-orchestrator, project: mas, service: mas-orchestrator, memory: 8589934592, swap: 0}]
started:
  description: What this call started, or would start, in this order.
  returned: always
  type: list
  elements: dict
  sample: []
stays:
  description: What runs and is not stopped, with C(why).
  returned: always
  type: list
  elements: dict
  sample: [{name: website-1, why: it is essential}]
left:
  description: What is still to be stopped, started or restarted, because the time was up or memory would be short.
  returned: always
  type: list
  elements: str
  sample: []
problems:
  description: What could not be started or is not healthy, and why. If there is any, the module fails after it did everything else.
  returned: always
  type: list
  elements: str
  sample: []
gone:
  description: What was stopped and no longer exists, in no container of its service. It is removed from the record.
  returned: when O(state=restored)
  type: list
  elements: str
  sample: []
waiting:
  description: What is still recorded as stopped, as C(project/service) or container name.
  returned: always
  type: list
  elements: str
  sample: [mas/mas-orchestrator]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import parse_percent, parse_size
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import STATE_OPTIONS
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._recovery.choose import PlannedService
from ansible_collections.mycosoft.rack.plugins.module_utils._recovery.steps import Recovery

_AVAILABLE = {"stopped": "20%", "started": "0", "restored": "5%"}


def argument_spec() -> Facts:
    service = {"project": {"type": "str", "required": True}, "service": {"type": "str", "required": True}, "essential": {"type": "bool", "required": True}}
    return {
        "state": {"type": "str", "choices": list(_AVAILABLE), "required": True},
        "services": {"type": "list", "elements": "dict", "default": [], "options": {**service, "needed_by": {"type": "str"}}},
        "available": {"type": "str"},
        "everything": {"type": "bool", "default": False},
        "unplanned": {"type": "bool", "default": True},
        "only_listed": {"type": "bool", "default": False},
        "keep_labels": {"type": "list", "elements": "str", "default": []},
        "seconds": {"type": "int", "default": 600},
        "record": {"type": "str", "choices": ["recovery", "offload"], "default": "recovery"},
        **STATE_OPTIONS,
        **DOCKER_OPTIONS,
    }


def wanted(text: str, total: int) -> int:
    """Bytes of a size or a share of ``total``."""
    try:
        return int(parse_percent(text) * total) if text.strip().endswith("%") else parse_size(text)
    except ValueError as error:
        raise InvalidInput("Cannot use available: %s" % error) from error


def run(module: AnsibleModule, kernel: Kernel) -> Facts:
    params = module.params
    state = params["state"]
    memory = wanted(params["available"] or _AVAILABLE[state], kernel.meminfo()["MemTotal"])
    planned = [PlannedService(entry["project"], entry["service"], entry["essential"], entry["needed_by"]) for entry in params["services"]]
    engine = connect({**params, "timeout": max(min(params["timeout"], params["seconds"]), 1)})  # one answer does not take longer than the call may
    work = Recovery(engine, kernel, params, planned, memory, module.check_mode)
    {"stopped": work.stop, "started": work.start, "restored": work.restore}[state]()
    facts = work.facts()
    if facts["problems"] and not module.check_mode:
        raise RackError("Cannot start everything: %s. Read their logs, correct it, and run again." % "; ".join(facts["problems"]), **facts)
    return facts


def main(kernel: t.Optional[Kernel] = None) -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    reported(module, lambda module: run(module, kernel or Kernel()))


if __name__ == "__main__":
    main()
