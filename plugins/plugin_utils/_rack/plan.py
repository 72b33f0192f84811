# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a rack: what runs where, with which limits, in which order.

Pure: the same data gives the same plan, and an impossible rack is refused
with all its problems at once, before anything is touched.
"""

from __future__ import annotations

import posixpath
import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._base.order import Graph, stop_order
from ansible_collections.mycosoft.rack.plugins.module_utils._override.heap import heap
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.blockers import RECREATE, beyond_plan
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.addresses import addresses
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.budget import MemoryBudget, budgets
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.host_sizes import Resources
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.hosts import HostInput, read_hosts
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.inventory import Rack, Service, Stack, read_rack
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.needs import externals_of, graph, needed_by, stages
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.placement import check_placement
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.purge import targets

Json = t.Dict[str, t.Any]


@dataclass(frozen=True)
class RackPlan:
    """Everything that was worked out. It may be shown: it holds no values of the inventory's ``env``.

    ``stage``, ``granted``, ``addresses``, ``essential`` by service id; ``stops``: host -> its services, least harm first.
    """

    rack: Rack
    budgets: t.Mapping[str, MemoryBudget]
    stage: t.Mapping[str, int]
    granted: t.Mapping[str, Resources]
    addresses: t.Mapping[str, t.Mapping[str, str]]
    stops: t.Mapping[str, t.Sequence[Service]]
    essential: t.Mapping[str, t.Optional[str]]


def plan_rack(stacks: t.Any, externals: t.Any, given: HostInput) -> Json:
    """The plan of the whole rack as plain JSON types.

    All in plain types (``plain`` in ``_base/schema.py``). Raises InvalidInput with one line a
    problem; ``facts["problems"]`` has them as a list.
    """
    problems: t.List[str] = []
    hosts = read_hosts(given, problems)
    rack = read_rack(stacks, externals or {}, problems)
    check_placement(rack, hosts, problems)
    needs = graph(rack, problems)
    stage = stages(needs, problems)
    told = addresses(rack, needs, hosts, problems)
    of_hosts = budgets(rack, hosts, problems)
    if problems:
        count = "1 problem" if len(problems) == 1 else "%d problems" % len(problems)
        raise InvalidInput("Cannot plan the rack: %s\n%s" % (count, "\n".join("- %s" % line for line in problems)), problems=problems)
    granted = {name: resources for budget in of_hosts.values() for name, resources in budget.granted.items()}
    essential = needed_by(needs, [service.id for service in rack.services() if service.essential])
    return _rendered(RackPlan(rack, of_hosts, stage, granted, told, _stops(rack, needs, granted, essential), essential))


def _stops(rack: Rack, needs: Graph, granted: t.Mapping[str, Resources], essential: t.Container[str]) -> t.Dict[str, t.List[Service]]:
    """Host -> its services in the order to stop them.

    Users first, also those on other hosts; then what is optional before what is not, and that before what is essential; then what frees the most, then by name.
    """
    services = {service.id: service for service in rack.services()}
    stop_priority = {name: (name in essential, not service.optional, -granted[name].memory, service.name) for name, service in services.items()}
    result: t.Dict[str, t.List[Service]] = {}
    for name in stop_order(needs, stop_priority):
        result.setdefault(services[name].host, []).append(services[name])
    return result


def _rendered(plan: RackPlan) -> Json:
    here: t.Dict[str, t.List[Stack]] = {host: [] for host in plan.budgets}
    for stack in plan.rack.stacks.values():
        for host in stack.hosts():
            here[host].append(stack)
    public = [service for service in plan.rack.services() if service.public]
    return {
        "hosts": {host: _host(plan, budget, here[host]) for host, budget in plan.budgets.items()},
        "stages": max(list(plan.stage.values()) or [0]) + 1 if plan.rack.stacks else 0,
        "projects": [stack.project for stack in plan.rack.stacks.values()],
        "public": [
            {"stack": service.stack, "project": plan.rack.stacks[service.stack].project, "service": service.name, "host": service.host} for service in public
        ],
        "purge": targets(public),
    }


def _host(plan: RackPlan, budget: MemoryBudget, stacks: t.Sequence[Stack]) -> Json:
    name = budget.host.name
    services = {stack.name: [service for service in stack.services.values() if service.host == name] for stack in stacks}
    starts = [start for stack in stacks for start in _starts(plan, stack, budget, services[stack.name])]
    return {
        "memory": budget.facts(),
        "stacks": {stack.name: _stack(plan, stack, name, services[stack.name]) for stack in stacks},
        "releases": {stack.name: _release(stack) for stack in stacks},
        "starts": sorted(starts, key=lambda start: start["stage"]),
        "limits": [{**_identity(plan, service), **_sizes(plan, service)} for stack in stacks for service in services[stack.name]],
        "externals": sorted({external.name for stack in stacks for service in services[stack.name] for external in externals_of(plan.rack, service)}),
        "optional": [{**_identity(plan, service), "memory": plan.granted[service.id].memory} for service in plan.stops.get(name, []) if service.optional],
        "recovery": [
            {**_identity(plan, service), "essential": service.id in plan.essential, "needed_by": plan.essential.get(service.id)}
            for service in plan.stops.get(name, [])
        ],
    }


def _identity(plan: RackPlan, service: Service) -> Json:
    return {"project": plan.rack.stacks[service.stack].project, "service": service.name}


def _sizes(plan: RackPlan, service: Service) -> Json:
    granted = plan.granted[service.id]
    return {"memory": granted.memory, "reservation": granted.reservation, "memory_swap": granted.memory_swap}


def _stack(plan: RackPlan, stack: Stack, host: str, services: t.Sequence[Service]) -> Json:
    return {
        "project": stack.project,
        "directory": stack.directory,
        "files": list(stack.files),
        "env_file": stack.env_file,
        "arguments": _arguments(stack),
        "networks": list(stack.networks),
        "sources": [{"repo": source.repo, "dest": source.dest, "version": source.version} for source in stack.sources],
        "home": stack.host == host,
        "services": {service.name: _service(plan, service) for service in services},
        "elsewhere": {service.name: service.host for service in stack.services.values() if service.host != host},
    }


def _release(stack: Stack) -> Json:
    """What docker_release has to know of a stack. Values of its environment, which may be secret, are not among it."""
    return {"project": stack.project, "sources": [source.dest for source in stack.sources], "arguments": _arguments(stack)}


def _arguments(stack: Stack) -> t.List[str]:
    """What stands between ``docker compose`` and its verb, so that every call means the same project and files."""
    arguments = ["--project-name", stack.project, "--project-directory", stack.directory]
    if stack.env_file is not None:
        arguments += ["--env-file", posixpath.join(stack.directory, stack.env_file)]
    for name in stack.files:
        arguments += ["--file", posixpath.join(stack.directory, name)]
    return arguments


def _service(plan: RackPlan, service: Service) -> Json:
    return {
        "host": service.host,
        **_sizes(plan, service),
        "essential": service.essential,
        "public": service.public,
        "urls": [target.url for target in service.urls],
        "health": service.health,
        "addresses": {variable: url for variable, url in plan.addresses[service.id].items() if variable not in service.env},
        "heap": service.heap and heap(service.heap, service.heap_percent, plan.granted[service.id].memory),
        "oom_score_adj": service.oom_score_adj,
    }


def _starts(plan: RackPlan, stack: Stack, budget: MemoryBudget, services: t.Sequence[Service]) -> t.List[Json]:
    """The starts of one stack on one host. At home the last one is the whole stack: services that nobody listed come up with it."""
    waves: t.Dict[int, t.List[Service]] = {}
    for service in services:
        waves.setdefault(plan.stage[service.id], []).append(service)
    last = max(waves, default=0) if stack.host == budget.host.name else None
    if last is not None:
        waves.setdefault(last, [])
    return [
        {
            "stage": number,
            "stack": stack.name,
            "services": [] if number == last else [service.name for service in wave],
            "waits": [_identity(plan, service) for service in (services if number == last else wave)],
            "probes": [{"service": service.name, "url": service.health} for service in wave if service.health],
            "rollouts": [_rollout(plan, service, budget) for service in wave if service.rollout != RECREATE],
        }
        for number, wave in sorted(waves.items())
    ]


def _rollout(plan: RackPlan, service: Service, budget: MemoryBudget) -> Json:
    memory = plan.granted[service.id].memory
    return {
        "service": service.name,
        "mode": service.rollout,
        "memory": memory,
        "blocker": beyond_plan(memory, budget.headroom),
        "drain": service.drain and {"command": list(service.drain.command), "seconds": service.drain.seconds},
    }
