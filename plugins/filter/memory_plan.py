# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.memory_plan``; documented in memory_plan.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.hosts import HostInput
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.plan import plan_rack


def memory_plan(
    rack_stacks: t.Any,
    hosts: t.Any,
    reserve: t.Any,
    memory: t.Any = None,
    externals: t.Any = None,
    build: t.Any = None,
    scale: t.Any = None,
    addresses: t.Any = None,
    containers: t.Any = None,
    measured: t.Any = None,
) -> t.Dict[str, t.Any]:
    """The plan of the rack; raises AnsibleFilterError with every problem of the inventory."""
    given = (hosts, reserve, memory, build, scale, addresses, containers, measured)
    try:
        return plan_rack(plain(rack_stacks), plain(externals), HostInput(*(plain(value) for value in given)))
    except RackError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"memory_plan": memory_plan}
