# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who needs whom: references resolved, circles refused, start stages counted."""

from __future__ import annotations

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
    """What every service needs; an entry that names nothing becomes a problem."""
    ids = {service.id for service in rack.services()}
    return {service.id: _resolved(rack, service, ids, problems) for service in rack.services()}


def _resolved(rack: Rack, service: Service, ids: t.Set[str], problems: t.List[str]) -> t.List[str]:
    resolved = []
    siblings = rack.stacks[service.stack].services
    for number, name in enumerate(service.needs):
        identity = "%s/%s" % (service.stack, name) if name in siblings else name
        if identity in ids:
            resolved.append(identity)
        elif name not in rack.externals:
            known = [*siblings, *rack.externals, *(other for other in ids if not other.startswith(service.stack + "/"))]
            where = Where("%s.needs" % service_path(service), problems).index(number)
            where.refuse("%r is no service of the rack and no external. %s" % (name, suggestion(name, known)))
    return resolved


def stages(needs: Graph, problems: t.List[str]) -> t.Dict[str, int]:
    """The stage of every service: 0 needs nothing, otherwise one more than the highest stage it needs.

    A circle becomes a problem; its services, and those that need them, get no stage.
    """
    stage: t.Dict[str, int] = {}
    waiting = dict(needs)
    while waiting:
        ready = [name for name, needed in waiting.items() if all(other in stage for other in needed)]
        if not ready:
            _refuse_circle(waiting, problems)
            break
        stage.update({name: max((stage[other] + 1 for other in waiting[name]), default=0) for name in ready})
        for name in ready:
            del waiting[name]
    return stage


def _refuse_circle(waiting: Graph, problems: t.List[str]) -> None:
    trail = [next(iter(waiting))]
    while trail[-1] not in trail[:-1]:
        trail.append(next(other for other in waiting[trail[-1]] if other in waiting))
    circle = trail[trail.index(trail[-1]) :]
    stack, service = circle[0].split("/", 1)
    Where("rack_stacks.%s.services.%s.needs" % (stack, service), problems).refuse("goes in a circle: %s. Remove one of these needs." % " -> ".join(circle))
