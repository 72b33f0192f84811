# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a step of a deploy has the memory it needs, and what would give it what is missing.

Pure: from what memory_check read and what memory_plan planned. Sizes in bytes.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._base.order import enough
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human

Json = t.Dict[str, t.Any]

STEPS = ("build", "start")

_NAMED = 3  # biggest containers that a refusal names


def gate(memory: Json, plan: Json, step: str, pressure_maximum: float = 100.0) -> Json:
    """What ``step`` needs on this host, what is missing, and which optional services to stop for it, in stop order.

    ``memory``: the answer of memory_check with containers; ``plan``:
    ``hosts[h]`` of memory_plan; ``pressure_maximum``: the percentage that :func:`pressure` has to stay below. No service is stopped if stopping
    all of them would not free enough.
    """
    if step not in STEPS:
        raise InvalidInput("Cannot judge the step %r: it is not known. Use %s." % (step, " or ".join(STEPS)))
    containers = memory["containers"]
    need = _build_need(plan) if step == "build" else _start_need(plan, containers)
    available = memory["host"]["available"]
    missing = max(need - available, 0)
    optional = _running(plan["optional"], containers)
    stop = enough(optional, missing, _frees)
    suffices = sum(map(_frees, stop)) >= missing
    return {
        "step": step,
        "need": need,
        "available": available,
        "missing": missing,
        "pressure": pressure(memory["host"]),
        "fits": missing == 0 and pressure(memory["host"]) < pressure_maximum,
        "stop": stop if suffices else [],
        "enough": suffices,
        "message": _message(step, need, available, missing, optional, containers),
    }


def pressure(host: Json) -> float:
    """The share of the last 10 seconds, in percent, in which everything on the host waited for memory; 0 where the kernel does not tell (PSI)."""
    full = (host.get("pressure") or {}).get("full") or {}
    return float(full.get("avg10") or 0.0)


def _build_need(plan: Json) -> int:
    return t.cast(int, plan["memory"]["build"])


def _start_need(plan: Json, containers: t.Sequence[Json]) -> int:
    """What the reservations of the planned services promise beyond what their containers already hold."""
    held = _held(containers)
    planned = ((stack["project"], name, service) for stack in plan["stacks"].values() for name, service in stack["services"].items())
    return sum(max((service["reservation"] or 0) - held.get((project, name), 0), 0) for project, name, service in planned)


def _held(containers: t.Sequence[Json]) -> t.Dict[t.Tuple[str, str], int]:
    held: t.Dict[t.Tuple[str, str], int] = {}
    for container in containers:
        key = (container["project"], container["service"])
        held[key] = held.get(key, 0) + (container["working_set"] or 0)
    return held


def _running(optional: t.Sequence[Json], containers: t.Sequence[Json]) -> t.List[Json]:
    """The optional services of which a container runs, in the order of the plan, each with its containers and what stopping gives back."""
    result = []
    for service in optional:
        own = [one for one in containers if (one["project"], one["service"]) == (service["project"], service["service"]) and one["working_set"] is not None]
        if own:
            result.append(
                {
                    "project": service["project"],
                    "service": service["service"],
                    "containers": [one["id"] for one in own],
                    "frees": sum(one["working_set"] for one in own),
                }
            )
    return result


def _frees(service: Json) -> int:
    return t.cast(int, service["frees"])


def _message(step: str, need: int, available: int, missing: int, optional: t.Sequence[Json], containers: t.Sequence[Json]) -> str:
    """A clause that follows a colon, and the sentences after it."""
    if not missing:
        return "the %s needs %s, %s are available." % (step, human(need), human(available))
    running = sorted((one for one in containers if one["working_set"]), key=lambda one: (-one["working_set"], one["name"]))[:_NAMED]
    biggest = ", ".join("%s %s" % (one["name"], human(one["working_set"])) for one in running)
    given = ", ".join("%(project)s/%(service)s" % one + " " + human(one["frees"]) for one in optional)
    return "the %s needs %s, %s are available: %s (%d bytes) are missing. %s%s" % (
        step,
        human(need),
        human(available),
        human(missing),
        missing,
        "Optional services that run: %s." % given if given else "No optional service runs that could be stopped.",
        " The biggest containers are %s." % biggest if biggest else "",
    )
