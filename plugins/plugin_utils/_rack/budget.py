# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of each host against what is placed on it.

What may be used is the limits plus the reserve. A running container that
nobody planned counts too: at its limit, where it has one. Within the reserve are
the system, Docker, what a build may take, and every container without a limit,
which is charged at what it uses.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Where, each
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.host_sizes import Measure, Resources
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.hosts import Host, HostContainer
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.inventory import Rack, Service
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.needs import service_path


@dataclass(frozen=True)
class MemoryBudget:
    """The memory of one host, in bytes.

    ``granted``: what the services there get, by their id; ``limited`` and ``unlimited``: what runs there and will not get a limit of the plan.
    """

    host: Host
    granted: t.Mapping[str, Resources]
    limited: t.Tuple[HostContainer, ...]
    unlimited: t.Tuple[HostContainer, ...]

    @property
    def limits(self) -> int:
        return sum(granted.memory for granted in self.granted.values())

    @property
    def others(self) -> int:
        """The limits that nobody planned."""
        return sum(container.limit or 0 for container in self.limited)

    @property
    def headroom(self) -> t.Optional[int]:
        """What neither a limit nor the reserve takes; None where the host's memory is unknown."""
        return None if self.host.total is None else self.host.total - self.host.reserve - self.limits - self.others

    @property
    def charged(self) -> int:
        """What containers without a limit use. It is a part of the reserve."""
        return sum(container.working_set or 0 for container in self.unlimited)

    def facts(self) -> t.Dict[str, t.Optional[int]]:
        """Plain JSON types."""
        host = self.host
        return {
            "total": host.total,
            "reserve": host.reserve,
            "build": host.build,
            "limits": self.limits,
            "others": self.others,
            "unlimited": self.charged,
            "headroom": self.headroom,
        }

    def check(self, problems: t.List[str]) -> None:
        """Refuse more limits than there is memory, and more within the reserve than it holds."""
        where = Where("memory of %s" % self.host.name, problems)
        self._check_reserve(where)
        if self.headroom is None or self.headroom >= 0:
            return
        parts = ["%s %s" % (name, human(granted.memory)) for name, granted in self.granted.items()]
        parts += ["%s (not in the inventory) %s" % (container.name, human(container.limit or 0)) for container in self.limited]
        parts += ["reserve %s" % human(self.host.reserve)]
        where.refuse(
            "%s together need %s, the host has %s: %s is missing. Lower a limit%s or place a service on another host."
            % (
                " + ".join(parts),
                human(self.limits + self.others + self.host.reserve),
                human(self.host.total or 0),
                human(-self.headroom),
                ", remove what is not in the inventory" if self.limited else "",
            )
        )

    def _check_reserve(self, where: Where) -> None:
        host = self.host
        if host.build > host.reserve:
            where.refuse(
                "the build allowance of %s is more than the reserve of %s, of which it is a part. Lower rack_build_allowance or raise rack_system_reserve."
                % (human(host.build), human(host.reserve))
            )
        elif self.charged + host.build > host.reserve:
            parts = ["%s %s" % (container.name, human(container.working_set or 0)) for container in self.unlimited]
            parts += ["build allowance %s" % human(host.build)] if host.build else []
            where.refuse(
                "%s together take %s of the reserve of %s: %s is missing. Limit these containers, list them as services, or raise rack_system_reserve."
                % (" + ".join(parts), human(self.charged + host.build), human(host.reserve), human(self.charged + host.build - host.reserve))
            )


def budgets(rack: Rack, hosts: t.Mapping[str, Host], problems: t.List[str]) -> t.Dict[str, MemoryBudget]:
    """The budget of every host; one that does not hold becomes a problem."""
    granted: t.Dict[str, t.Dict[str, Resources]] = {name: {} for name in hosts}
    planned: t.Dict[str, t.Set[t.Tuple[t.Optional[str], t.Optional[str]]]] = {name: set() for name in hosts}
    for service in rack.services():
        if service.host in hosts:
            granted[service.host][service.id] = _resources(service, hosts[service.host].measure, problems)
            planned[service.host].add((rack.stacks[service.stack].project, service.name))
    result = {}
    for name, host in hosts.items():
        limited, unlimited = _unplanned(host, planned[name])
        result[name] = MemoryBudget(host, granted[name], limited, unlimited)
    for budget in result.values():
        budget.check(problems)
    return result


def _resources(service: Service, measure: Measure, problems: t.List[str]) -> Resources:
    """What a service gets there; no memory where what was written is refused."""
    where = Where(service_path(service), problems)
    memory = 0 if service.memory is None else where.key("memory").read(each(measure.limit), service.memory, 0)
    reservation = None if service.reservation is None else where.key("reservation").read(each(measure.limit), service.reservation, None)
    if memory and reservation is not None and reservation > memory:
        where.key("reservation").refuse("%s is more than the limit of %s. Lower it or raise memory." % (human(reservation), human(memory)))
    return Resources(memory, reservation, where.key("swap").read(each(measure.size), service.swap, 0))


def _unplanned(
    host: Host, planned: t.Container[t.Tuple[t.Optional[str], t.Optional[str]]]
) -> t.Tuple[t.Tuple[HostContainer, ...], t.Tuple[HostContainer, ...]]:
    """What runs and will not get a limit of the plan: those with a limit of their own, then those without; the largest first."""
    found = [one for one in host.containers if one.working_set and (one.project, one.service) not in planned]
    limited = sorted((one for one in found if one.limit is not None), key=lambda container: (-(container.limit or 0), container.name))
    unlimited = sorted((one for one in found if one.limit is None), key=lambda container: (-(container.working_set or 0), container.name))
    return tuple(limited), tuple(unlimited)
