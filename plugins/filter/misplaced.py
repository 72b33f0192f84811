# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.misplaced``; documented in misplaced.yml."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack import misplaced as decide


def misplaced(plan: t.Any, checked: t.Any, arriving: t.Any = ()) -> t.Dict[str, t.Any]:
    """Services that would start on the wrong data, and containers that are superseded."""
    found = {host: result.get("present", {}) for host, result in checked.items()}
    return decide.misplaced(plain(plan["hosts"]), plain(found), plain(arriving))


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"misplaced": misplaced}
