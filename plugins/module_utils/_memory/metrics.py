# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check for those who watch over time: metrics for the textfile collector of node_exporter, and a line of history.

Pure. Metrics are in the text format of Prometheus. Their names follow https://prometheus.io/docs/practices/naming/:
base units, and ``_total`` for what only grows.
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict

from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import Disk
from ansible_collections.mycosoft.rack.plugins.module_utils._host.swap import SwapCounters
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.containers import Container
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.findings import LEVELS, Finding, HostMemory, Situation, status

Json = t.Dict[str, t.Any]
Sample = t.Tuple[t.Mapping[str, t.Optional[str]], t.Optional[float]]
Value = t.Callable[[Container], t.Optional[float]]

_PREFIX = "mycosoft_rack_"

#: Name, type, help and value of what is told of each container.
_OF_CONTAINERS: t.Sequence[t.Tuple[str, str, str, Value]] = (
    ("container_memory_limit_bytes", "gauge", "Memory limit of the container.", lambda it: it.limit),
    ("container_memory_swap_limit_bytes", "gauge", "Limit of memory and swap of the container together.", lambda it: it.memory_swap),
    ("container_memory_reservation_bytes", "gauge", "Memory reservation of the container.", lambda it: it.reservation),
    ("container_memory_working_set_bytes", "gauge", "Memory in use without the inactive page cache.", lambda it: it.working_set),
    ("container_memory_peak_bytes", "gauge", "Highest usage since the container was started.", lambda it: it.cgroup.peak if it.cgroup else None),
    ("container_swap_used_bytes", "gauge", "Swap in use by the container.", lambda it: it.cgroup.swap_used if it.cgroup else None),
    ("container_oom_kills_total", "counter", "Processes killed for want of memory since the start.", lambda it: it.cgroup.oom_kills if it.cgroup else None),
    ("container_last_oom_timestamp_seconds", "gauge", "When a process was last killed for want of memory.", lambda it: it.oom_at),
    ("container_restarts_total", "counter", "Starts of the container by the engine itself after the first.", lambda it: it.restarts),
)


def render(situation: Situation, findings: t.Sequence[Finding], swapped: t.Optional[SwapCounters]) -> str:
    """The whole file."""
    lines = [
        *_family("memory_status", "gauge", "How memory stands: 0 is ok, 1 warn, 2 critical.", [({}, LEVELS.index(status(findings)))]),
        *_family("memory_findings", "gauge", "Number of findings.", [({"level": level}, _count(findings, level)) for level in LEVELS[1:]]),
        *_family("memory_check_timestamp_seconds", "gauge", "When memory was checked.", [({}, situation.now)]),
        *_of_host(situation.host, swapped),
    ]
    for name, kind, text, value in _OF_CONTAINERS:
        lines += _family(name, kind, text, [(_labels(container), value(container)) for container in situation.containers])
    return "".join(line + "\n" for line in lines)


def history_line(situation: Situation, findings: t.Sequence[Finding], swapped: t.Optional[SwapCounters], disk: t.Optional[Disk]) -> Json:
    """What is worth keeping, in plain JSON types; with the counters from which a later check tells how fast the host swapped since."""
    keep = ("name", "working_set", "limit", "swap_used", "oom_kills", "restarts")
    containers = [container.facts() for container in situation.containers]
    return {
        "time": iso(situation.now),
        "status": status(findings),
        "findings": [finding.message for finding in findings],
        "host": situation.host.facts(),
        "disk": disk and asdict(disk),
        "containers": [{key: container[key] for key in keep} for container in containers],
        **(swapped.facts() if swapped else {}),
    }


def _count(findings: t.Sequence[Finding], level: str) -> int:
    return sum(finding.level == level for finding in findings)


def _of_host(host: HostMemory, swapped: t.Optional[SwapCounters]) -> t.Iterator[str]:
    yield from _family("host_memory_bytes", "gauge", "All memory of the host.", [({}, host.total)])
    yield from _family("host_memory_available_bytes", "gauge", "Memory to be had without swapping.", [({}, host.available)])
    yield from _family("host_swap_bytes", "gauge", "All swap of the host.", [({}, host.swap_total)])
    yield from _family("host_swap_used_bytes", "gauge", "Swap in use.", [({}, host.swap_used)])
    if swapped:
        yield from _family("host_swap_in_bytes_total", "counter", "Read from swap since the start of the host.", [({}, swapped.swapped_in)])
        yield from _family("host_swap_out_bytes_total", "counter", "Written to swap since the start of the host.", [({}, swapped.swapped_out)])
    pressure: t.List[Sample] = [
        ({"kind": kind, "window": "%ss" % name[len("avg") :]}, round(percent / 100, 6))
        for kind, averages in (host.pressure or {}).items()
        for name, percent in averages.items()
    ]
    yield from _family("host_memory_pressure_ratio", "gauge", "Share of time in which some or all (full) tasks waited for memory.", pressure)


def _labels(container: Container) -> t.Dict[str, t.Optional[str]]:
    return {"container": container.name, "project": container.project, "service": container.service}


def _family(name: str, kind: str, text: str, samples: t.Sequence[Sample]) -> t.Iterator[str]:
    """One metric with its samples; nothing where none has a value, because a metric without samples says nothing."""
    known = [(labels, value) for labels, value in samples if value is not None]
    if not known:
        return
    yield "# HELP %s%s %s" % (_PREFIX, name, text)
    yield "# TYPE %s%s %s" % (_PREFIX, name, kind)
    for labels, value in known:
        inside = ",".join('%s="%s"' % (key, _escaped(text or "")) for key, text in labels.items())
        yield "%s%s%s %s" % (_PREFIX, name, "{%s}" % inside if inside else "", repr(value))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
