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
  - Changes nothing of the host. Only the files of O(metrics) and O(history) are written, where they are asked for.
  - >-
    The host is judged by the memory that is available, which counts page cache as the reusable memory it is.
    A container is judged by its working set, which is its usage without the inactive page cache.
  - >-
    Numbers come from C(/proc) and from the cgroup files of the kernel, version 1 and 2. The Docker Engine is asked for the list of containers and for what
    it remembers of its past, for details of those containers only to which something happened, and for the use of those whose files are not found, such as
    the containers of an engine on another machine.
  - Where no engine answers, the host is checked all the same and RV(findings) say that containers were not.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
  - mycosoft.rack.memory
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
      - Nothing is ever changed. The numbers returned are those of the moment.
      - >-
        What is written to O(metrics) and O(history) does not count as a change: it is what was seen, as a log is, and differs each time. Counted, it would
        make every run of a playbook a changed one.
options:
  containers:
    description:
      - Whether to look at containers. V(false) needs no Docker Engine.
    type: bool
    default: true
  processes:
    description:
      - How many of the biggest processes outside of containers to return in RV(processes). V(0) looks at none.
    type: int
    default: 5
  watch:
    description:
      - For how many seconds to watch how fast the host swaps. The module takes that much longer.
      - >-
        With V(0) this is not watched. Where O(history) has a line from the same start of the host, the rate since that line is told all the same, for nothing.
    type: int
    default: 0
  fail_on:
    description:
      - The status from which on the module fails. All values are returned in any case.
    type: str
    choices: [never, warn, critical]
    default: never
notes:
  - >-
    Processes of other users are seen where C(/proc) shows them. Run the module as root where it is mounted with C(hidepid).
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

- name: Be told early, in sizes, and look for ten seconds whether the host swaps
  mycosoft.rack.memory_check:
    watch: 10
    oom_within: 7d
    thresholds:
      available_warn: 8G
      available_critical: 2G
      swap_in_critical: 10M

- name: Hand the numbers to Prometheus and keep a history
  mycosoft.rack.memory_check:
    metrics: /var/lib/prometheus/node-exporter/mycosoft_rack.prom
    history: /var/lib/mycosoft-rack/memory.jsonl

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
    level: {description: V(warn) or V(critical)., type: str, sample: warn}
    subject:
      description: V(host), V(swap), V(swapping), V(pressure), V(limits), V(engine), or a container as C(project/service) or by its name.
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
    total: {description: 'All memory, in bytes.', type: int, sample: 66571993088}
    available: {description: 'What can be had without swapping, in bytes, as the kernel estimates it.', type: int, sample: 6442450944}
    available_percent: {description: RV(host.available) as a share of RV(host.total)., type: float, sample: 9.7}
    used: {description: 'RV(host.total) without RV(host.available), in bytes.', type: int, sample: 60129542144}
    swap_total: {description: 'All swap, in bytes. 0 where there is none.', type: int, sample: 8589934592}
    swap_used: {description: 'Swap in use, in bytes.', type: int, sample: 5046586572}
    swap_used_percent: {description: RV(host.swap_used) as a share of RV(host.swap_total)., type: float, sample: 58.8}
    swap_in: {description: 'Bytes that came back from swap each second. None where nobody watched, see O(watch).', type: int, sample: 1258291}
    swap_out: {description: 'Bytes that went to swap each second. None where nobody watched.', type: int, sample: 0}
    swap_seconds: {description: For how long RV(host.swap_in) and RV(host.swap_out) were watched. None where nobody did., type: float, sample: 10.02}
    pressure:
      description:
        - The share of time, in percent, in which some or all tasks waited for memory, as C(some) and C(full), each with C(avg10), C(avg60) and C(avg300).
        - None where the kernel does not measure it.
      type: dict
      sample: {some: {avg10: 0.0, avg60: 0.12, avg300: 0.4}, full: {avg10: 0.0, avg60: 0.1, avg300: 0.2}}
processes:
  description:
    - The biggest processes that are in no container, the biggest first. A process counts with its anonymous memory and what of it is in swap.
    - This module itself is left out.
  returned: always
  type: list
  elements: dict
  contains:
    pid: {description: Its id., type: int, sample: 812}
    name: {description: 'Its name as the kernel keeps it, at most 15 characters.', type: str, sample: dockerd}
    resident:
      description: Bytes of it in memory. Files that it has mapped count, although the kernel can take those back and others may share them.
      type: int
      sample: 104857600
    anonymous: {description: Bytes that it holds in memory for itself., type: int, sample: 62914560}
    swap: {description: Bytes of it in swap., type: int, sample: 0}
containers:
  description:
    - Every container that runs, and every stopped one of a Compose project, by name. Sizes are in bytes.
    - >-
      Limits are what the kernel enforces, in whole pages. Where a container does not run, or its files are not found, they are what the engine holds.
  returned: always
  type: list
  elements: dict
  contains:
    id: {description: Id of the container., type: str, sample: 0c7ae8e3c1e2f0b8f9f9d2c3a6f0e5b3f8c36a7c4a2a4d6a8c2b6e1f3d5a7b90}
    name: {description: Name of the container., type: str, sample: always-on-website-1}
    project: {description: 'Its Compose project, none where it has no.', type: str, sample: always-on}
    service: {description: 'Its Compose service, none where it has no.', type: str, sample: website}
    state: {description: 'Its state, as the engine calls it.', type: str, sample: running}
    limit: {description: 'Memory limit, none where it has no.', type: int, sample: 34359738368}
    memory_swap: {description: 'Limit of memory and swap together, none where swap is not limited.', type: int, sample: 34359738368}
    reservation: {description: 'Memory reservation, none where it has no.', type: int, sample: 8589934592}
    working_set: {description: Memory in use without the inactive page cache. None while it does not run., type: int, sample: 4294967296}
    percent: {description: The working set as a share of the limit. None without a limit., type: float, sample: 12.5}
    swap_used: {description: Swap in use. None where the kernel does not tell., type: int, sample: 0}
    peak: {description: 'The highest usage since it was started, page cache included. None where the kernel does not tell.', type: int, sample: 5368709120}
    oom_kills:
      description: How many of its processes the kernel has killed for want of memory since it was started. None where the kernel does not tell.
      type: int
      sample: 0
    oom_killed:
      description: Whether the engine calls it killed for want of memory, which engines before 23 do for its main process only.
      type: bool
      sample: false
    oom_at:
      description:
        - The last time that the kernel killed a process of it for want of memory, in UTC. None where there was none, or nobody remembers.
        - The engine remembers its last 256 events. Beyond that, it is the time at which the container ended, if it was killed then.
      type: str
      sample: '2026-11-23T05:19:43Z'
    restarts:
      description:
        - How often the engine has restarted it by itself.
        - >-
          A container that failed within the first two seconds of its life and ran on ever since may count 0, once the engine has forgotten that.
      type: int
      sample: 0
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError, reported
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
        "history": {"type": "path"},
        "history_max": {"type": "str", "default": "8M"},
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
        refusals.insert(0, "Cannot vouch for the memory of this host: it is %s.\n%s" % (facts["status"], "\n".join(lines)))
    if refusals:
        raise RackError("\n".join(refusals), **facts)
    return facts


def main(kernel: t.Optional[Kernel] = None) -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    reported(module, lambda module: run(module, kernel or Kernel()))


if __name__ == "__main__":
    main()
