# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that the inventory sets for services: apart from the plan, because their values may be secret and a plan is shown."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.inventory import read_rack

#: Stack -> service -> variable -> value.
Environments = t.Dict[str, t.Dict[str, t.Dict[str, str]]]


def environments(stacks: t.Any, planned: t.Mapping[str, t.Any]) -> Environments:
    """The variables of the services in ``planned`` (``hosts[host].stacks`` of the plan). Raises InvalidInput, without values."""
    problems: t.List[str] = []
    rack = read_rack(stacks, {}, problems)
    if problems:
        raise InvalidInput("Cannot read the environment of the services: %s" % " ".join(problems), problems=problems)
    return {
        name: {service: dict(rack.stacks[name].services[service].env) for service in stack.get("services", ()) if service in rack.stacks[name].services}
        for name, stack in planned.items()
        if name in rack.stacks
    }
