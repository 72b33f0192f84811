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
  thresholds:
    description:
      - When something counts as V(warn) or V(critical). A value at the threshold counts.
      - Sizes are written as in Compose files, for example V(2G). A warning must come before the critical value.
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
      available_warn:
        description:
          - Available memory of the host as a size, warn at or below it. The worse of this and the share counts.
          - Not looked at where it is not set.
        type: str
      available_critical:
        description: Available memory of the host as a size, critical at or below it. Not looked at where it is not set.
        type: str
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
      swap_in_warn:
        description:
          - What comes back from swap each second, as a size, warn at or above it. Judged where it is known, see O(watch).
          - >-
            The default is 500 pages of 4K a second, the rate of major page faults from which the alerts of node_exporter's mixin (NodeMemoryMajorPagesFaults)
            speak of memory pressure.
        type: str
        default: 2M
      swap_in_critical:
        description:
          - What comes back from swap each second, as a size, critical at or above it.
          - With the 0.1 ms that a good SSD needs for a page, half of the time of a process is waiting at the default.
        type: str
        default: 20M
      pressure_some_percent_warn:
        description:
          - Share of the last minute in which some task waited for memory, warn at or above it.
          - A container at its own limit is enough to raise it, which is why it takes much.
        type: float
        default: 20
      pressure_some_percent_critical:
        description: Share of the last minute in which some task waited for memory, critical at or above it.
        type: float
        default: 60
      pressure_full_percent_warn:
        description: Share of the last minute in which all tasks waited for memory at once, warn at or above it. The default is three seconds of the minute.
        type: float
        default: 5
      pressure_full_percent_critical:
        description:
          - Share of the last minute in which all tasks waited for memory at once, critical at or above it.
          - The default is half of that at which systemd-oomd begins to kill (60 %, C(DefaultMemoryPressureLimit)), which leaves time to act.
        type: float
        default: 30
      container_percent_warn:
        description: Working set of a container, warn at or above this share of its limit.
        type: float
        default: 85
      container_percent_critical:
        description: Working set of a container, critical at or above this share of its limit.
        type: float
        default: 95
  oom_within:
    description:
      - For how long a process that the kernel killed for want of memory counts, for example V(24h) or V(7d).
      - A kill of which nobody remembers the time counts as long as the container runs on, or lies there.
    type: str
    default: 24h
  fail_on:
    description:
      - The status from which on the module fails. All values are returned in any case.
    type: str
    choices: [never, warn, critical]
    default: never
  metrics:
    description:
      - Path of a file for the textfile collector of node_exporter, on the managed host. Its name must end in C(.prom).
      - It is replaced in one step. Its metrics begin with C(mycosoft_rack_).
      - Where it cannot be written, the module fails after everything else, and returns all values.
    type: path
  history:
    description:
      - Path of a file on the managed host to which one line is added, a JSON object with the values of the host and its containers. Rotate it as a log.
      - Where it cannot be written, the module fails after everything else, and returns all values.
    type: path
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
    level:
      description: V(warn) or V(critical).
      type: str
      sample: warn
    subject:
      description:
        - What it is about, V(host), V(swap), V(swapping), V(pressure), V(limits), V(engine), or a container as C(project/service) or by its name.
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
    swap_in:
      description: What came back from swap each second, in bytes. None where it was not watched, see O(watch).
      type: int
      sample: 1258291
    swap_out:
      description: What went to swap each second, in bytes. None where it was not watched.
      type: int
      sample: 0
    swap_seconds:
      description: The seconds over which RV(host.swap_in) and RV(host.swap_out) were so. None where it was not watched.
      type: float
      sample: 10.02
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
    pid:
      description: Its id.
      type: int
      sample: 812
    name:
      description: Its name, as the kernel keeps it, at most 15 characters.
      type: str
      sample: dockerd
    resident:
      description: All of it that is in memory, in bytes. Files that it has mapped count, although the kernel can take those back and others may share them.
      type: int
      sample: 104857600
    anonymous:
      description: What it holds in memory for itself, in bytes.
      type: int
      sample: 62914560
    swap:
      description: What of it is in swap, in bytes.
      type: int
      sample: 0
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
      description:
        - Memory limit in bytes, none where it has no.
        - For this and the two following, what the kernel enforces in whole pages; where its files are not found, or it does not run, what the engine holds.
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
    swap_used:
      description: Swap in use by it, in bytes. None where the kernel does not tell.
      type: int
      sample: 0
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
    oom_at:
      description:
        - The last time that the kernel killed a process of it for want of memory, in UTC. None where there was none, or nobody remembers.
        - >-
          The engine remembers its last 256 events. Beyond that, it is the time at which the container ended, if its main process was killed.
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
from ansible_collections.mycosoft.rack.plugins.module_utils._containers import Container, survey
from ansible_collections.mycosoft.rack.plugins.module_utils._docker import DOCKER_OPTIONS, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._history import append, last_line, replace
from ansible_collections.mycosoft.rack.plugins.module_utils._memory import LEVELS, Finding, Situation, assess, host_memory, status
from ansible_collections.mycosoft.rack.plugins.module_utils._metrics import history_line, render
from ansible_collections.mycosoft.rack.plugins.module_utils._outcome import Facts, InvalidInput, RackError, Unreachable, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._processes import biggest
from ansible_collections.mycosoft.rack.plugins.module_utils._procfs import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._swap import SwapCounters, rate, read_counters, recorded
from ansible_collections.mycosoft.rack.plugins.module_utils._thresholds import SIZES, Thresholds, read_thresholds
from ansible_collections.mycosoft.rack.plugins.module_utils._times import precisely

Params = t.Mapping[str, t.Any]


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
        **DOCKER_OPTIONS,
    }


def refuse_impossible(params: Params) -> None:
    """Raises InvalidInput for options that no host could follow."""
    for name in ("watch", "processes"):
        if params[name] < 0:
            raise InvalidInput("Cannot check memory with %s at %d: it cannot be negative. Use 0 to leave it out." % (name, params[name]))
    if params["metrics"] and not params["metrics"].endswith(".prom"):
        raise InvalidInput("Cannot write metrics to %s: node_exporter reads files named *.prom only. Give it such a name." % params["metrics"])


def gather(params: Params, kernel: Kernel) -> t.Tuple[t.List[Container], float, t.List[Finding]]:
    """The containers and the engine's time; or none, our time and the finding that no engine told of them."""
    if not params["containers"]:
        return [], kernel.now(), []
    try:
        engine = connect(params)
        local = params["docker_host"].startswith("unix://")
        now = kernel.now() if local else precisely(engine.get("/info").get("SystemTime")) or kernel.now()
        return survey(engine, kernel, now), now, []
    except Unreachable as error:
        help_text = "Make the engine answer, or set containers to false."
        return [], kernel.now(), [Finding("warn", "engine", "The containers were not checked. %s" % error.message, help_text)]


def observe(params: Params, kernel: Kernel) -> t.Tuple[Situation, t.Optional[SwapCounters], t.List[Finding]]:
    """All that is judged, the counters of swapping at the end, and what could not be looked at."""
    before = read_counters(kernel)
    containers, now, findings = gather(params, kernel)
    meminfo, pressure = kernel.meminfo(), kernel.pressure()
    processes = biggest(kernel, params["processes"], swapping=meminfo["SwapTotal"] > meminfo["SwapFree"])
    if params["watch"]:
        kernel.pause(params["watch"])
    elif params["history"]:
        before = recorded(last_line(params["history"]))
    after = read_counters(kernel)
    swap_rate = rate(before, after) if params["watch"] or params["history"] else None
    return Situation(host_memory(meminfo, pressure, swap_rate), containers, processes, now), after, findings


def record(params: Params, situation: Situation, findings: t.Sequence[Finding], swapped: t.Optional[SwapCounters]) -> t.List[str]:
    """Write what was asked for, both even if one cannot be written; the reasons where that is so."""
    refusals = []
    for option, write in (
        ("metrics", lambda path: replace(path, render(situation, findings, swapped))),
        ("history", lambda path: append(path, history_line(situation, findings, swapped))),
    ):
        if params[option]:
            try:
                write(params[option])
            except RackError as error:
                refusals.append(error.message)
    return refusals


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
