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
  - Reads the memory of the host, and the limit and real use of every container, and returns findings with what would help.
  - Does not change the host. It only writes the file O(metrics) and the record O(history), if they are set.
  - >-
    The status of the host depends on available memory, which includes page cache that can be reclaimed.
    The status of a container depends on its working set, which is its usage without the inactive page cache.
  - >-
    Numbers come from C(/proc) and from the cgroup files of the kernel, version 1 and 2. The Docker Engine provides the list of containers and its recent
    events, details of only those containers to which something happened, and the use of containers whose cgroup files are not found, such as
    those of an engine on another machine.
  - If no engine answers, the host is still checked and RV(findings) say that containers were not.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
  - mycosoft.rack.memory
  - mycosoft.rack.state
attributes:
  check_mode:
    support: full
    details:
      - O(metrics) and O(history) are not written in check mode.
  diff_mode:
    support: N/A
    details:
      - Nothing is ever changed.
  idempotent:
    support: full
    details:
      - Nothing is ever changed. The returned numbers are those of the moment.
      - >-
        Writing O(metrics) and O(history) does not count as a change: they are a log and differ each time, so every run of a playbook would be reported as
        changed.
options:
  containers:
    description:
      - Whether to check containers. V(false) needs no Docker Engine.
    type: bool
    default: true
  processes:
    description:
      - How many of the biggest processes outside of containers to return in RV(processes). V(0) reads none.
    type: int
    default: 5
  watch:
    description:
      - For how many seconds to measure how fast the host swaps. The module takes that much longer.
      - >-
        With V(0) nothing is measured. If O(history) has a line of the same boot, the rate since that line is returned instead, at no cost.
    type: int
    default: 0
  fail_on:
    description:
      - The status at which the module fails. All values are returned in any case.
    type: str
    choices: [never, warn, critical]
    default: never
notes:
  - >-
    Processes of other users are visible only if C(/proc) shows them. Run the module as root if C(/proc) is mounted with C(hidepid).
"""

EXAMPLES = r"""
- name: Read the memory of the host and its containers
  mycosoft.rack.memory_check:
  register: memory

- name: Fail if memory is critical, with a stricter threshold for containers
  mycosoft.rack.memory_check:
    fail_on: critical
    thresholds:
      container_percent_critical: 90

- name: Warn early, by size, and measure for ten seconds whether the host swaps
  mycosoft.rack.memory_check:
    watch: 10
    oom_within: 7d
    thresholds:
      available_warn: 8G
      available_critical: 2G
      swap_in_critical: 10M

- name: Export the numbers to Prometheus and keep a history
  mycosoft.rack.memory_check:
    metrics: /var/lib/prometheus/node-exporter/mycosoft_rack.prom
    history: true

- name: Read only the host, without a Docker Engine
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
  description: What is not well, critical findings first. Empty if everything is well.
  returned: always
  type: list
  elements: dict
  contains:
    level: {description: V(warn) or V(critical)., type: str, sample: warn}
    subject:
      description: V(host), V(swap), V(swapping), V(pressure), V(limits), V(engine), or a container as C(project/service) or by its name.
      type: str
      sample: host
    message:
      description: The finding, with its numbers.
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
    total: {description: 'All memory, in bytes.', type: int, sample: 66571993088}
    available: {description: 'Memory available without swapping, in bytes, as the kernel estimates it.', type: int, sample: 6442450944}
    available_percent: {description: RV(host.available) as a share of RV(host.total)., type: float, sample: 9.7}
    used: {description: 'RV(host.total) without RV(host.available), in bytes.', type: int, sample: 60129542144}
    swap_total: {description: 'All swap, in bytes. 0 if there is none.', type: int, sample: 8589934592}
    swap_used: {description: 'Used swap, in bytes.', type: int, sample: 5046586572}
    swap_used_percent: {description: RV(host.swap_used) as a share of RV(host.swap_total)., type: float, sample: 58.8}
    swap_in: {description: 'Bytes read from swap each second. Null if not measured, see O(watch).', type: int, sample: 1258291}
    swap_out: {description: 'Bytes written to swap each second. Null if not measured.', type: int, sample: 0}
    swap_seconds: {description: For how long RV(host.swap_in) and RV(host.swap_out) were measured. Null if they were not., type: float, sample: 10.02}
    pressure:
      description:
        - The share of time, in percent, in which some or all tasks waited for memory, as C(some) and C(full), each with C(avg10), C(avg60) and C(avg300).
        - Null if the kernel does not measure it.
      type: dict
      sample: {some: {avg10: 0.0, avg60: 0.12, avg300: 0.4}, full: {avg10: 0.0, avg60: 0.1, avg300: 0.2}}
processes:
  description:
    - The biggest processes outside of containers, biggest first. The size of a process is its anonymous memory and its swap.
    - This module itself is left out.
  returned: always
  type: list
  elements: dict
  contains:
    pid: {description: Its id., type: int, sample: 812}
    name: {description: 'Its name as the kernel keeps it, at most 15 characters.', type: str, sample: dockerd}
    resident:
      description: Its bytes in memory. Mapped files count, although the kernel can reclaim those and other processes may share them.
      type: int
      sample: 104857600
    anonymous: {description: Its anonymous memory in bytes., type: int, sample: 62914560}
    swap: {description: Its bytes in swap., type: int, sample: 0}
containers:
  description:
    - Every running container, and every stopped one of a Compose project, by name. Sizes are in bytes.
    - >-
      Limits are what the kernel enforces, in whole pages. If a container does not run, or its cgroup files are not found, they come from the engine.
  returned: always
  type: list
  elements: dict
  contains:
    id: {description: Id of the container., type: str, sample: 0c7ae8e3c1e2f0b8f9f9d2c3a6f0e5b3f8c36a7c4a2a4d6a8c2b6e1f3d5a7b90}
    name: {description: Name of the container., type: str, sample: always-on-website-1}
    project: {description: 'Its Compose project, null if it has none.', type: str, sample: always-on}
    service: {description: 'Its Compose service, null if it has none.', type: str, sample: website}
    state: {description: 'Its state, as the engine calls it.', type: str, sample: running}
    limit: {description: 'Memory limit, null if it has none.', type: int, sample: 34359738368}
    memory_swap: {description: 'Limit of memory and swap together, null if swap is not limited.', type: int, sample: 34359738368}
    reservation: {description: 'Memory reservation, null if it has none.', type: int, sample: 8589934592}
    working_set: {description: Memory in use without the inactive page cache. Null if it does not run., type: int, sample: 4294967296}
    percent: {description: The working set as a share of the limit. Null without a limit., type: float, sample: 12.5}
    swap_used: {description: Used swap. Null if the kernel does not report it., type: int, sample: 0}
    peak: {description: 'The highest usage since it was started, page cache included. Null if the kernel does not report it.', type: int, sample: 5368709120}
    oom_kills:
      description: How many of its processes the kernel has OOM-killed since it was started. Null if the kernel does not report it.
      type: int
      sample: 0
    oom_killed:
      description: Whether the engine marks it as OOM-killed, which engines before 23 do for its main process only.
      type: bool
      sample: false
    oom_at:
      description:
        - The last time that the kernel OOM-killed one of its processes, in UTC. Null if it never did, or the time is unknown.
        - The engine keeps its last 256 events. Beyond that, it is the time at which the container exited, if it was killed then.
      type: str
      sample: '2026-11-23T05:19:43Z'
    restarts:
      description:
        - How often the engine has restarted it automatically.
        - >-
          May be 0 for a container that failed within its first two seconds and has run ever since, once the engine has dropped that event.
      type: int
      sample: 0
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import STATE_OPTIONS
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.check import observe, record, refuse_impossible
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.findings import LEVELS, assess, status
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.thresholds import SIZES, Thresholds, read_thresholds


def argument_spec() -> Facts:
    shares = {name: {"type": "float", "default": getattr(Thresholds, name)} for name in Thresholds.__dataclass_fields__ if "_percent_" in name}
    sizes = {name: {"type": "str", "default": default} if default else {"type": "str"} for name, default in SIZES.items()}
    return {
        "containers": {"type": "bool", "default": True},
        "processes": {"type": "int", "default": 5},
        "watch": {"type": "int", "default": 0},
        "thresholds": {"type": "dict", "default": {}, "apply_defaults": True, "options": {**shares, **sizes}},
        "oom_within": {"type": "str", "default": "24h"},
        "fail_on": {"type": "str", "choices": ["never", "warn", "critical"], "default": "never"},
        "metrics": {"type": "path"},
        "history": {"type": "bool", "default": False},
        "history_max": {"type": "str", "default": "8M"},
        **STATE_OPTIONS,
        **DOCKER_OPTIONS,
    }


def run(module: AnsibleModule, kernel: Kernel) -> Facts:
    params = module.params
    thresholds = read_thresholds(params["thresholds"], params["oom_within"])
    refuse_impossible(params)
    situation, swapped, blind = observe(params, kernel)
    findings = assess(situation, thresholds) + blind
    facts = {
        "changed": False,
        "status": status(findings),
        "findings": [finding.facts() for finding in findings],
        "host": situation.host.facts(),
        "processes": [process.facts() for process in situation.processes],
        "containers": [container.facts() for container in situation.containers],
    }
    refusals = [] if module.check_mode else record(params, situation, findings, swapped)
    fail_on = params["fail_on"]
    if fail_on != "never" and LEVELS.index(facts["status"]) >= LEVELS.index(fail_on):
        lines = ["- %s: %s %s" % (finding.level, finding.message, finding.help) for finding in findings]
        refusals.insert(0, "Cannot pass the memory check: the memory of this host is %s.\n%s" % (facts["status"], "\n".join(lines)))
    if refusals:
        raise RackError("\n".join(refusals), **facts)
    return facts


def main(kernel: t.Optional[Kernel] = None) -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    reported(module, lambda module: run(module, kernel or Kernel()))


if __name__ == "__main__":
    main()
