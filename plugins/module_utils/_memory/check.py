# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A check of the memory of one host: everything looked at once, and what was seen handed on."""

from __future__ import annotations

import concurrent.futures
import contextlib
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput, RackError, Unreachable
from ansible_collections.mycosoft.rack.plugins.module_utils._base.jsonlines import append, last_line, replace
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import parse_size
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import state_path
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import precisely
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import connect
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import Disk, measure
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._host.processes import biggest
from ansible_collections.mycosoft.rack.plugins.module_utils._host.swap import SwapCounters, rate, read_counters, recorded
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.containers import Container, Listing, list_containers, read_containers, read_kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.findings import Finding, Situation, host_memory
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.metrics import history_line, render

#: The options of memory_check, those of the engine included.
Params = t.Mapping[str, t.Any]

#: Bytes of a history of which half holds the line of a host with hundreds of containers.
_LEAST_HISTORY = 128 << 10


def refuse_impossible(params: Params) -> None:
    """Raises InvalidInput for options that no host could follow."""
    for name in ("watch", "processes"):
        if params[name] < 0:
            raise InvalidInput("Cannot check memory with %s at %d: it cannot be negative. Use 0 to leave it out." % (name, params[name]))
    if params["metrics"] and not params["metrics"].endswith(".prom"):
        raise InvalidInput("Cannot write metrics to %s: node_exporter reads files named *.prom only. Give it such a name." % params["metrics"])
    try:
        most = parse_size(params["history_max"])
    except ValueError as error:
        raise InvalidInput("Cannot keep a history within history_max: %s" % error) from error
    if most < _LEAST_HISTORY:
        raise InvalidInput("Cannot keep a history within history_max at %s: its half may be less than a line. Give it 128K or more." % params["history_max"])


def ask_engine(params: Params, kernel: Kernel) -> t.Tuple[Listing, float]:
    """What the engine says of its containers, and the time by its clock."""
    engine = connect(params)
    local = params["docker_host"].startswith("unix://")
    now = kernel.now() if local else precisely(engine.get("/info").get("SystemTime")) or kernel.now()
    return list_containers(engine, now), now


def observe(params: Params, kernel: Kernel) -> t.Tuple[Situation, t.Optional[SwapCounters], t.List[Finding]]:
    """All that is judged, the counters of swapping at the end, and what could not be looked at."""
    before = read_counters(kernel)
    containers: t.List[Container] = []
    now, findings = kernel.now(), []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:  # to read the kernel's files while the engine makes its list
        asked = pool.submit(ask_engine, params, kernel) if params["containers"] else None
        meminfo, pressure = kernel.meminfo(), kernel.pressure()
        processes = biggest(kernel, params["processes"], swapping=meminfo["SwapTotal"] > meminfo["SwapFree"])
        held = read_kernel(kernel)
        try:
            if asked is not None:
                listing, now = asked.result()
                containers = read_containers(kernel, listing, held)
        except Unreachable as error:
            help_text = "Make the engine answer, or set containers to false."
            findings.append(Finding("warn", "engine", "The containers were not checked. %s" % error.message, help_text))
    if params["watch"]:
        kernel.pause(params["watch"])
    elif params["history"]:
        before = recorded(last_line(state_path(params["state_directory"], "memory")))
    after = read_counters(kernel)
    swap_rate = rate(before, after) if params["watch"] or params["history"] else None
    return Situation(host_memory(meminfo, pressure, swap_rate), containers, processes, now), after, findings


def disk_of_engine(params: Params) -> t.Optional[Disk]:
    """The disk of the engine's data, for the history; None where nobody asked for an engine, where none answers, and where it is on another machine."""
    if not params["containers"]:
        return None
    with contextlib.suppress(RackError):
        return measure(connect(params).get("/info").get("DockerRootDir") or "")
    return None


def record(params: Params, situation: Situation, findings: t.Sequence[Finding], swapped: t.Optional[SwapCounters]) -> t.List[str]:
    """Write what was asked for, both even if one cannot be written; the reasons where that is so."""

    def write_history() -> None:
        line = history_line(situation, findings, swapped, disk_of_engine(params))
        append(state_path(params["state_directory"], "memory"), line, parse_size(params["history_max"]))

    refusals = []
    for option, write in (("metrics", lambda: replace(params["metrics"], render(situation, findings, swapped))), ("history", write_history)):
        if params[option]:
            try:
                write()
            except RackError as error:
                refusals.append(error.message)
    return refusals
