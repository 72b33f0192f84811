# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory as it is when some services have moved to another host. Pure."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._base.foreign import HIDDEN
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import suggestion
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.inventory import Service, read_rack

Json = t.Dict[str, t.Any]


def relocate(stacks: t.Any, wanted: t.Sequence[str], to: str, hosts: t.Sequence[str]) -> Json:
    """``wanted``: services by name, or as ``stack/service`` where the name is in several stacks. Raises InvalidInput with all problems at once."""
    problems: t.List[str] = []
    rack = read_rack(stacks, {}, problems)
    if not to:
        problems.append("no server is named to move to. Name one of %s; playbooks/placement.yml proposes moves." % ", ".join(hosts))
    elif to not in hosts:
        problems.append("%r is no server of the rack. %s" % (to, suggestion(to, hosts)))
    if not wanted:
        problems.append("no service is named. Name one of %s." % ", ".join(service.id for service in rack.services()))
    named = [_find(name, list(rack.services()), problems) for name in wanted]
    moving = [service for service in named if service is not None]
    problems += _obstacles(moving, to)
    if problems:
        raise InvalidInput("Cannot move services: %s" % " ".join(problems), problems=problems)
    result = _without_values(stacks)
    for service in moving:
        result[service.stack]["services"][service.name]["host"] = to
    return {
        "stacks": result,
        "from": moving[0].host,
        "to": to,
        "stack": moving[0].stack,
        "project": rack.stacks[moving[0].stack].project,
        "services": [service.name for service in moving],
        "users": list(_users(rack.services(), moving)),
        "inventory": ["rack_stacks.%s.services.%s.host: %s" % (service.stack, service.name, to) for service in moving],
    }


def _without_values(stacks: Json) -> Json:
    """A copy of the inventory with the names of its variables only: what moves is kept as a fact, which is shown."""
    result: Json = copy.deepcopy(stacks)
    for stack in result.values():
        for service in (stack.get("services") or {}).values():
            if service.get("env"):
                service["env"] = dict.fromkeys(service["env"], HIDDEN)
    return result


def _obstacles(moving: t.Sequence[Service], to: str) -> t.Iterator[str]:
    for service in moving:
        if service.public:
            yield "%s is public: the edge asks for it where it is. Move what it needs instead." % service.id
        if service.host == to:
            yield "%s is on %s already. Name another server." % (service.id, to)
    names = ", ".join(service.id for service in moving)
    places = sorted({service.host for service in moving} - {to})
    if len(places) > 1:
        yield "%s are on %s. Move those of one server at a time." % (names, " and ".join(places))
    if len({service.stack for service in moving}) > 1:
        yield "%s are of several stacks. Move those of one stack at a time." % names


def _users(services: t.Iterable[Service], moving: t.Sequence[Service]) -> t.Iterator[Json]:
    """Services that stay and need one that moves, each with one that it needs. ``by_hand``: whether it sets the variable with the address itself."""
    ids = {service.id for service in moving}
    for service in services:
        needed = next((one for one in moving if one.id in service.needs or (one.stack == service.stack and one.name in service.needs)), None)
        if service.id not in ids and needed is not None:
            by_hand = needed.address is not None and needed.address.env in service.env
            yield {"stack": service.stack, "service": service.name, "needs": needed.name, "by_hand": by_hand}


def _find(name: str, services: t.Sequence[Service], problems: t.List[str]) -> t.Optional[Service]:
    found = [service for service in services if name in (service.id, service.name)]
    if len(found) == 1:
        return found[0]
    if found:
        problems.append("%r is in several stacks. Write one of %s." % (name, ", ".join(service.id for service in found)))
    else:
        problems.append("%r is no service of the rack. %s" % (name, suggestion(name, [service.id for service in services])))
    return None
