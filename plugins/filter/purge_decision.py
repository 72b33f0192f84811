# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.purge_decision``; documented in purge_decision.yml."""

from __future__ import annotations

import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.purge import Settings, decide


def purge_decision(targets: t.Any, selector: str, when: str, changed: t.Any, zone_id: str = "", zone: str = "", token: bool = True) -> t.Dict[str, t.Any]:
    """What to purge, and why not."""
    return decide(plain(targets), Settings(str(selector), str(when), boolean(changed), str(zone_id), str(zone), token))


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"purge_decision": purge_decision}
