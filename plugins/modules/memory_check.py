#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: memory_check
short_description: Check the memory of a host and its containers
version_added: 0.1.0
description:
  - Reads the memory of the host, and of every container its limit and its real use, and says what is not well and what would help.
  - Changes nothing, in check mode and without it.
  - >-
    The host is judged by the memory that is available, which counts page cache as the reusable memory it is.
    A container is judged by its working set, which is its usage without the inactive page cache.
  - >-
    Numbers come from C(/proc) and from the cgroup files of the kernel, version 1 and 2. The Docker Engine is asked for the list of containers and their
    configuration only, and for the use of those whose files are not found, such as the containers of an engine on another machine.
  - Where no engine answers, the host is checked all the same and RV(findings) say that containers were not.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details:
      - Nothing is ever changed.
  idempotent:
    support: full
    details:
      - Nothing is ever changed. The numbers returned are those of the moment.
options:
  containers:
    description:
      - Whether to look at containers. V(false) needs no Docker Engine.
    type: bool
    default: true
  thresholds:
    description:
      - When something counts as V(warn) or V(critical), in percent.
    type: dict
    default: {}
    suboptions:
      available_percent_warn:
        description: Available memory of the host, warn at or below this share of its total.
        type: float
        default: 15
      available_percent_critical:
        description: Available memory of the host, critical at or below this share of its total.
        type: float
        default: 7
      swap_used_percent_warn:
        description: Used swap of the host, warn at or above this share.
        type: float
        default: 25
      swap_used_percent_critical:
        description:
          - Used swap of the host, critical at or above this share.
          - It is a warning only as long as enough memory is available, because pages that were swapped out stay there until they are used again.
        type: float
        default: 50
      container_percent_warn:
        description: Working set of a container, warn at or above this share of its limit.
        type: float
        default: 85
      container_percent_critical:
        description: Working set of a container, critical at or above this share of its limit.
        type: float
        default: 95
  fail_on:
    description:
      - The status from which on the module fails. All values are returned in any case.
    type: str
    choices: [never, warn, critical]
    default: never
"""

EXAMPLES = r"""
- name: Read how the host stands
  mycosoft.rack.memory_check:
  register: memory

- name: Fail where memory is critical, and be stricter than usual with containers
  mycosoft.rack.memory_check:
    fail_on: critical
    thresholds:
      container_percent_critical: 90

- name: Read the host alone, without a Docker Engine
  mycosoft.rack.memory_check:
    containers: false
"""

RETURN = r"""
status:
  description: The worst level of all findings, V(ok), V(warn) or V(critical).
  returned: always
  type: str
  sample: warn
findings:
  description: What is not well, the critical first. Empty when all is well.
  returned: always
  type: list
  elements: dict
  contains:
    level:
      description: V(warn) or V(critical).
      type: str
      sample: warn
    subject:
      description: What it is about, V(host), V(swap), V(limits), V(engine), or a container as C(project/service) or by its name.
      type: str
      sample: host
    message:
      description: What is so, with its numbers.
      type: str
      sample: 6G of 62G memory is available (9.7 %). The biggest containers are always-on/website 30G.
    help:
      description: What would help.
      type: str
      sample: Stop or move a service that is not essential, or lower limits so that limits and reserve fit the host.
host:
  description: The memory of the host.
  returned: always
  type: dict
  contains:
    total:
      description: All memory, in bytes.
      type: int
      sample: 66571993088
    available:
      description: What can be had without swapping, in bytes, as the kernel estimates it.
      type: int
      sample: 6442450944
    available_percent:
      description: RV(host.available) as a share of RV(host.total).
      type: float
      sample: 9.7
    used:
      description: RV(host.total) without RV(host.available), in bytes.
      type: int
      sample: 60129542144
    swap_total:
      description: All swap, in bytes. 0 where there is none.
      type: int
      sample: 8589934592
    swap_used:
      description: Swap in use, in bytes.
      type: int
      sample: 5046586572
    swap_used_percent:
      description: RV(host.swap_used) as a share of RV(host.swap_total).
      type: float
      sample: 58.8
    pressure:
      description:
        - The share of time, in percent, in which some or all tasks waited for memory, as C(some) and C(full), each with C(avg10), C(avg60) and C(avg300).
        - None where the kernel does not measure it.
      type: dict
      sample: {some: {avg10: 0.0, avg60: 0.12, avg300: 0.4}, full: {avg10: 0.0, avg60: 0.1, avg300: 0.2}}
containers:
  description: Every container that runs, and every stopped one of a Compose project, by name.
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
      description: Its Compose project, none where it has no.
      type: str
      sample: always-on
    service:
      description: Its Compose service, none where it has no.
      type: str
      sample: website
    state:
      description: Its state, as the engine calls it.
      type: str
      sample: running
    limit:
      description: Memory limit in bytes, none where it has no.
      type: int
      sample: 34359738368
    memory_swap:
      description: Limit of memory and swap together in bytes, none where swap is not limited.
      type: int
      sample: 34359738368
    reservation:
      description: Memory reservation in bytes, none where it has no.
      type: int
      sample: 8589934592
    working_set:
      description: Memory in use without the inactive page cache, in bytes. None while it does not run.
      type: int
      sample: 4294967296
    percent:
      description: The working set as a share of the limit. None without a limit.
      type: float
      sample: 12.5
    peak:
      description: The highest usage since it was started, in bytes, page cache included. None where the kernel does not tell.
      type: int
      sample: 5368709120
    oom_kills:
      description: How many of its processes the kernel has killed for want of memory since it was started. None where the kernel does not tell.
      type: int
      sample: 0
    oom_killed:
      description: Whether its main process was killed for want of memory the last time it ended.
      type: bool
      sample: false
    restarts:
      description: How often the engine has restarted it by itself.
      type: int
      sample: 0
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._containers import Container, containers
from ansible_collections.mycosoft.rack.plugins.module_utils._docker import DOCKER_OPTIONS, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._memory import LEVELS, Finding, Thresholds, assess, host_memory, status
from ansible_collections.mycosoft.rack.plugins.module_utils._outcome import Facts, RackError, Unreachable, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._procfs import Kernel


def argument_spec() -> Facts:
    defaults = Thresholds()
    thresholds = {name: {"type": "float", "default": getattr(defaults, name)} for name in Thresholds.__dataclass_fields__}
    return {
        "containers": {"type": "bool", "default": True},
        "thresholds": {"type": "dict", "default": {}, "apply_defaults": True, "options": thresholds},
        "fail_on": {"type": "str", "choices": ["never", "warn", "critical"], "default": "never"},
        **DOCKER_OPTIONS,
    }


def gather(params: t.Mapping[str, t.Any], kernel: Kernel) -> t.Tuple[t.List[Container], t.List[Finding]]:
    """The containers, or none and the finding that no engine told of them."""
    if not params["containers"]:
        return [], []
    try:
        return containers(connect(params), kernel), []
    except Unreachable as error:
        return [], [Finding("warn", "engine", "The containers were not checked. %s" % error.message, "Make the engine answer, or set containers to false.")]


def run(module: AnsibleModule, kernel: Kernel) -> Facts:
    thresholds = Thresholds(**module.params["thresholds"])
    host = host_memory(kernel.meminfo(), kernel.pressure())
    found, findings = gather(module.params, kernel)
    findings = assess(host, found, thresholds) + findings
    facts = {
        "changed": False,
        "status": status(findings),
        "findings": [finding.facts() for finding in findings],
        "host": host.facts(),
        "containers": [container.facts() for container in found],
    }
    fail_on = module.params["fail_on"]
    if fail_on != "never" and LEVELS.index(facts["status"]) >= LEVELS.index(fail_on):
        lines = ["- %s: %s %s" % (finding.level, finding.message, finding.help) for finding in findings]
        raise RackError("Cannot vouch for the memory of this host: it is %s.\n%s" % (facts["status"], "\n".join(lines)), **facts)
    return facts


def main(kernel: t.Optional[Kernel] = None) -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    reported(module, lambda module: run(module, kernel or Kernel()))


if __name__ == "__main__":
    main()
