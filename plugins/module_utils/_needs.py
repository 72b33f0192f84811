# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who needs whom: references resolved, circles refused, start stages counted, the order to stop in."""

from __future__ import annotations

import heapq
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._inventory import External, Rack, Service
from ansible_collections.mycosoft.rack.plugins.module_utils._schema import Where, suggestion

#: service id (``stack/service``) -> ids of the services it needs
Graph = t.Dict[str, t.List[str]]


def service_path(service: Service) -> str:
    return "rack_stacks.%s.services.%s" % (service.stack, service.name)


def externals_of(rack: Rack, service: Service) -> t.List[External]:
    """The externals that ``service`` needs. A service of the same stack takes precedence over an external of its name."""
    siblings = rack.stacks[service.stack].services
    return [rack.externals[name] for name in service.needs if name in rack.externals and name not in siblings]


def graph(rack: Rack, problems: t.List[str]) -> Graph:
    """What every service needs; an entry that names nothing, or what may be stopped under it, becomes a problem."""
    services = {service.id: service for service in rack.services()}
    return {identity: _resolved(rack, service, services, problems) for identity, service in services.items()}


def _resolved(rack: Rack, service: Service, services: t.Mapping[str, Service], problems: t.List[str]) -> t.List[str]:
    resolved = []
    siblings = rack.stacks[service.stack].services
    for number, name in enumerate(service.needs):
        identity = "%s/%s" % (service.stack, name) if name in siblings else name
        where = Where("%s.needs" % service_path(service), problems).index(number)
        if identity in services:
            resolved.append(identity)
            if services[identity].optional and not service.optional:
                where.refuse("%r is optional and may be stopped, %s is not. Make both optional, or neither." % (name, service.name))
        elif name not in rack.externals:
            known = [*siblings, *rack.externals, *(other for other in services if not other.startswith(service.stack + "/"))]
            where.refuse("%r is no service of the rack and no external. %s" % (name, suggestion(name, known)))
    return resolved


def stages(needs: Graph, problems: t.List[str]) -> t.Dict[str, int]:
    """The stage of every service: 0 needs nothing, otherwise one more than the highest stage it needs.

    A circle becomes a problem; its services, and those that need them, get no stage.
    """
    stage: t.Dict[str, int] = {}
    waiting = {name: len(set(needed)) for name, needed in needs.items()}
    needed_by = _reversed(needs)
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:  # grows while it is walked
        stage[name] = max((stage[other] + 1 for other in needs[name]), default=0)
        ready += _freed(needed_by[name], waiting)
    if len(stage) < len(needs):
        _refuse_circle({name: needed for name, needed in needs.items() if name not in stage}, problems)
    return stage


def _reversed(needs: Graph) -> Graph:
    result: Graph = {name: [] for name in needs}
    for name, needed in needs.items():
        for other in set(needed):
            result[other].append(name)
    return result


def _freed(names: t.Iterable[str], waiting: t.Dict[str, int]) -> t.List[str]:
    """One thing less to wait for: those of ``names`` that wait for nothing any more."""
    for name in names:
        waiting[name] -= 1
    return [name for name in names if not waiting[name]]


def stop_order(needs: Graph, harm: t.Mapping[str, t.Any]) -> t.List[str]:
    """The keys of ``harm``, each before everything that it needs; among those whose turn it may be, the least harm first.

    Nobody outside ``harm`` needs one of them, and ``needs`` has no circle.
    """
    among = {name: [other for other in needs[name] if other in harm] for name in harm}
    waiting = {name: len(users) for name, users in _reversed(among).items()}
    ready = [(harm[name], name) for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        _harm, name = heapq.heappop(ready)
        order.append(name)
        for other in _freed(set(among[name]), waiting):
            heapq.heappush(ready, (harm[other], other))
    return order


def needed_by(needs: Graph, roots: t.Sequence[str]) -> t.Dict[str, t.Optional[str]]:
    """``roots`` and all that they need, directly or not; each with the root that needs it, None for a root itself."""
    found: t.Dict[str, t.Optional[str]] = dict.fromkeys(roots)
    for root in roots:
        waiting = [root]
        for name in waiting:  # grows while it is walked
            fresh = [other for other in needs[name] if other not in found]
            found.update(dict.fromkeys(fresh, root))
            waiting += fresh
    return found


def _refuse_circle(waiting: Graph, problems: t.List[str]) -> None:
    trail = [next(iter(waiting))]
    while trail[-1] not in trail[:-1]:
        trail.append(next(other for other in waiting[trail[-1]] if other in waiting))
    circle = trail[trail.index(trail[-1]) :]
    stack, service = circle[0].split("/", 1)
    Where("rack_stacks.%s.services.%s.needs" % (stack, service), problems).refuse("goes in a circle: %s. Remove one of these needs." % " -> ".join(circle))
