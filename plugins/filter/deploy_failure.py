# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.deploy_failure``; documented in deploy_failure.yml."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain
from ansible_collections.mycosoft.rack.plugins.plugin_utils._report.failure import failure_text


def deploy_failure(result: t.Any, action: str, lost: t.Any = (), problems: t.Any = (), restored: t.Any = None, not_rolled_back: t.Any = None) -> str:
    """The text of one host."""
    return failure_text(str(action), plain(result or {}), plain(list(lost)), plain(list(problems)), plain(restored or {}), plain(not_rolled_back or {}))


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"deploy_failure": deploy_failure}
