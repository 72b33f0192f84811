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

from ansible_collections.mycosoft.rack.plugins.module_utils._inventory import Rack, Service, Stack, read_rack
from ansible_collections.mycosoft.rack.plugins.module_utils._needs import externals_of, graph, service_path, stages
from ansible_collections.mycosoft.rack.plugins.module_utils._outcome import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._schema import Where, each, suggestion
from ansible_collections.mycosoft.rack.plugins.module_utils._units import human, parse_size

Json = t.Dict[str, t.Any]

_size = each(parse_size)


@dataclass(frozen=True)
class Budget:
    """The memory of one host, in bytes; ``total`` is None where nobody measured it."""

    host: str
    total: t.Optional[int]
    reserve: int
    services: t.Tuple[Service, ...]

    @property
    def limits(self) -> int:
        return sum(service.memory for service in self.services)

    @property
    def headroom(self) -> t.Optional[int]:
        return None if self.total is None else self.total - self.reserve - self.limits

    def check(self, problems: t.List[str]) -> None:
        if self.headroom is None or self.headroom >= 0:
            return
        parts = ["%s %s" % (service.id, human(service.memory)) for service in self.services] + ["reserve %s" % human(self.reserve)]
        Where("memory of %s" % self.host, problems).refuse(
            "%s together need %s, the host has %s: %s is missing. Lower a limit or place a service on another host."
            % (" + ".join(parts), human(self.limits + self.reserve), human(self.total or 0), human(-self.headroom))
        )


def plan_rack(stacks: t.Any, hosts: t.Any, reserve: t.Any, memory: t.Any = None, externals: t.Any = None) -> Json:
    """The plan of the whole rack as plain JSON types.

    ``hosts``: names; ``reserve``: one size or host -> size; ``memory``: host ->
    size or None; all in plain types (``_schema.plain``). Raises InvalidInput
    with one line a problem; ``facts["problems"]`` has them as a list.
    """
    problems: t.List[str] = []
    names = _host_names(hosts, problems)
    rack = read_rack(stacks, externals or {}, problems)
    _check_hosts(rack, names, problems)
    _check_projects(rack, problems)
    _check_sources(rack, problems)
    stage = stages(graph(rack, problems), problems)
    budgets = _budgets(rack, names, reserve, memory or {}, problems)
    if problems:
        count = "1 problem" if len(problems) == 1 else "%d problems" % len(problems)
        raise InvalidInput("Cannot plan the rack: %s\n%s" % (count, "\n".join("- %s" % line for line in problems)), problems=problems)
    return _rendered(rack, budgets, stage)


def _host_names(hosts: t.Any, problems: t.List[str]) -> t.List[str]:
    if not isinstance(hosts, list) or not all(isinstance(host, str) and host for host in hosts):
        Where("hosts", problems).refuse("is not a list of host names. Hand over for example groups['rack'].")
        return []
    return list(dict.fromkeys(hosts))


def _check_hosts(rack: Rack, hosts: t.Sequence[str], problems: t.List[str]) -> None:
    for stack in rack.stacks.values():
        _check_host("rack_stacks.%s" % stack.name, stack.host, hosts, problems)
        for service in stack.services.values():
            if service.host != stack.host:
                _check_host(service_path(service), service.host, hosts, problems)


def _check_host(path: str, host: t.Optional[str], hosts: t.Sequence[str], problems: t.List[str]) -> None:
    if host is not None and host not in hosts:
        Where(path, problems).key("host").refuse("%r is not a host of the rack. %s" % (host, suggestion(host, hosts)))


def _check_projects(rack: Rack, problems: t.List[str]) -> None:
    stacks = list(rack.stacks.values())
    for number, stack in enumerate(stacks):
        for earlier in stacks[:number]:
            if earlier.project == stack.project:
                _check_pair(earlier, stack, problems)


def _check_pair(earlier: Stack, stack: Stack, problems: t.List[str]) -> None:
    where = Where("rack_stacks.%s" % stack.name, problems)
    for host in sorted(filter(None, earlier.hosts() & stack.hosts())):
        where.key("project").refuse(
            "%r is already the project of stack %s on %s; Compose would mix the two. Give each stack its own project." % (stack.project, earlier.name, host)
        )
    for name in stack.services:
        if name in earlier.services:
            where.key("services.%s" % name).refuse(
                "is placed twice: stack %s has it too, in the same project %s. Keep one of the two." % (earlier.name, stack.project)
            )


def _check_sources(rack: Rack, problems: t.List[str]) -> None:
    seen: t.Dict[str, t.Tuple[str, t.Any]] = {}
    for stack in rack.stacks.values():
        for number, source in enumerate(stack.sources):
            path = "rack_stacks.%s.sources[%d]" % (stack.name, number)
            first, other = seen.setdefault(source.dest, (path, source))
            if other != source:
                Where(path, problems).key("dest").refuse(
                    "%s is also the checkout of %s, from another repository or version. Give it its own directory." % (source.dest, first)
                )


def _budgets(rack: Rack, hosts: t.Sequence[str], reserve: t.Any, memory: t.Any, problems: t.List[str]) -> t.Dict[str, Budget]:
    where = Where("memory", problems)
    if not isinstance(memory, dict):
        where.refuse("is not a mapping of host names to bytes.")
        memory = {}
    reserves = _reserves(hosts, reserve, problems)
    budgets = {}
    for host in hosts:
        total = memory.get(host)
        budgets[host] = Budget(
            host=host,
            total=None if total is None else where.key(host).read(_size, total, None),
            reserve=reserves[host],
            services=tuple(service for service in rack.services() if service.host == host),
        )
        budgets[host].check(problems)
    return budgets


def _reserves(hosts: t.Sequence[str], reserve: t.Any, problems: t.List[str]) -> t.Dict[str, int]:
    where = Where("rack_system_reserve", problems)
    if not isinstance(reserve, dict):
        return dict.fromkeys(hosts, where.read(_size, reserve, 0))
    for host in hosts:
        if host not in reserve:
            where.key(host).refuse("is missing. Say what is kept for the system and Docker there, for example 6G.")
    return {host: where.key(host).read(_size, reserve.get(host, 0), 0) for host in hosts}


def _rendered(rack: Rack, budgets: t.Mapping[str, Budget], stage: t.Mapping[str, int]) -> Json:
    return {
        "hosts": {host: _host(rack, budget, stage) for host, budget in budgets.items()},
        "stages": max(list(stage.values()) or [0]) + 1 if rack.stacks else 0,
        "projects": [stack.project for stack in rack.stacks.values()],
        "public": [
            {"stack": service.stack, "service": service.name, "host": service.host, "urls": list(service.urls)} for service in rack.services() if service.public
        ],
    }


def _host(rack: Rack, budget: Budget, stage: t.Mapping[str, int]) -> Json:
    here = [stack for stack in rack.stacks.values() if budget.host in stack.hosts()]
    starts = [start for stack in here for start in _starts(stack, budget.host, stage)]
    return {
        "memory": {"total": budget.total, "reserve": budget.reserve, "limits": budget.limits, "headroom": budget.headroom},
        "stacks": {stack.name: _stack(rack, stack, budget.host) for stack in here},
        "starts": sorted(starts, key=lambda start: start["stage"]),
        "limits": [_limit(here_stack, service) for here_stack in here for service in here_stack.services.values() if service.host == budget.host],
    }


def _stack(rack: Rack, stack: Stack, host: str) -> Json:
    return {
        "project": stack.project,
        "directory": stack.directory,
        "files": list(stack.files),
        "env_file": stack.env_file,
        "arguments": _arguments(stack),
        "networks": list(stack.networks),
        "sources": [{"repo": source.repo, "dest": source.dest, "version": source.version} for source in stack.sources],
        "home": stack.host == host,
        "services": {service.name: _service(rack, service) for service in stack.services.values() if service.host == host},
        "elsewhere": {service.name: service.host for service in stack.services.values() if service.host != host},
    }


def _limit(stack: Stack, service: Service) -> Json:
    return {
        "project": stack.project,
        "service": service.name,
        "memory": service.memory,
        "reservation": service.reservation,
        "memory_swap": service.memory + service.swap,
    }


def _arguments(stack: Stack) -> t.List[str]:
    """What stands between ``docker compose`` and its verb, so that every call means the same project and files."""
    arguments = ["--project-name", stack.project, "--project-directory", stack.directory]
    if stack.env_file is not None:
        arguments += ["--env-file", posixpath.join(stack.directory, stack.env_file)]
    for name in stack.files:
        arguments += ["--file", posixpath.join(stack.directory, name)]
    return arguments


def _service(rack: Rack, service: Service) -> Json:
    addresses = {external.env: external.url for external in externals_of(rack, service) if external.env}
    return {
        "host": service.host,
        "memory": service.memory,
        "reservation": service.reservation,
        "memory_swap": service.memory + service.swap,
        "essential": service.essential,
        "public": service.public,
        "urls": list(service.urls),
        "health": service.health,
        "env": {**addresses, **service.env},
    }


def _starts(stack: Stack, host: str, stage: t.Mapping[str, int]) -> t.List[Json]:
    """The starts of one stack on one host. At home the last one is the whole stack: services that nobody listed come up with it."""
    waves: t.Dict[int, t.List[Service]] = {}
    for service in stack.services.values():
        if service.host == host:
            waves.setdefault(stage[service.id], []).append(service)
    last = max(waves, default=0) if stack.host == host else None
    if last is not None:
        waves.setdefault(last, [])
    return [
        {
            "stage": number,
            "stack": stack.name,
            "services": [] if number == last else [service.name for service in wave],
            "probes": [{"service": service.name, "url": service.health} for service in wave if service.health],
        }
        for number, wave in sorted(waves.items())
    ]
