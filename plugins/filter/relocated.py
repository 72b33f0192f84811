# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.relocated``; documented in relocated.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.relocate import relocate


def relocated(rack_stacks: t.Any, services: t.Any, to: t.Any, hosts: t.Any) -> t.Dict[str, t.Any]:
    """The inventory after the move; raises AnsibleFilterError if the move is refused."""
    names = plain(services)
    try:
        return relocate(plain(rack_stacks), [name.strip() for name in names.split(",")] if isinstance(names, str) else names, str(plain(to)), plain(hosts))
    except RackError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"relocated": relocated}
