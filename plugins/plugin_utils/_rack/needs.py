# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who needs whom: references resolved, circles refused, start stages counted, the order to stop in."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.order import Graph, freed, users
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Where, suggestion
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.inventory import External, Rack, Service


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
    needed_by = users(needs)
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:  # grows while it is walked
        stage[name] = max((stage[other] + 1 for other in needs[name]), default=0)
        ready += freed(needed_by[name], waiting)
    if len(stage) < len(needs):
        _refuse_circle({name: needed for name, needed in needs.items() if name not in stage}, problems)
    return stage


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
