# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.memory_gate``; documented in memory_gate.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.gate import gate


def memory_gate(memory: t.Any, plan: t.Any, step: str, pressure_maximum: float = 100.0) -> t.Dict[str, t.Any]:
    """What a step needs, whether it fits, and which services to stop if that much is not available."""
    try:
        return gate(plain(memory), plain(plan), str(step), float(pressure_maximum))
    except RackError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"memory_gate": memory_gate}
