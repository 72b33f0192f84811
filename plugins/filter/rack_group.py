# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.rack_group``; documented in rack_group.yml."""

from __future__ import annotations

import typing as t

from ansible import context
from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.invocation import GROUP, Invocation, checked_group

#: Options with which ansible-playbook runs nothing; ansible-lint uses the first one, without an inventory.
_SHOWS = ("syntax", "listhosts", "listtasks", "listtags")


def rack_group(groups: t.Any, reached: t.Any) -> str:
    """The group of servers; raises AnsibleFilterError for a run that would leave out steps or reach no server."""
    options = context.CLIARGS
    if any(options.get(option) for option in _SHOWS):
        return GROUP
    invocation = Invocation(
        only=list(options.get("tags") or ()),
        skip=list(options.get("skip_tags") or ()),
        start_at=options.get("start_at_task"),
        step=bool(options.get("step")),
        limit=options.get("subset"),
    )
    try:
        return checked_group(plain(groups), plain(reached), invocation)
    except RackError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"rack_group": rack_group}
