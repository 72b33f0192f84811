# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.placement``; documented in placement.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.hosts import HostInput
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.propose import propose


def placement(
    rack_stacks: t.Any, hosts: t.Any, reserve: t.Any, memory: t.Any = None, externals: t.Any = None, containers: t.Any = None, pins: t.Any = None
) -> t.Dict[str, t.Any]:
    """The moves that make the rack fit; raises AnsibleFilterError if the inventory is wrong."""
    given = HostInput(names=plain(hosts), reserve=plain(reserve), memory=plain(memory), containers=plain(containers))
    try:
        return propose(plain(rack_stacks), plain(externals), given, plain(pins))
    except RackError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"placement": placement}
