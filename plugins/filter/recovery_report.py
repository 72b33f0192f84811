# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.recovery_report``; documented in recovery_report.yml."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain
from ansible_collections.mycosoft.rack.plugins.plugin_utils._report.recovery import recovery_text


def recovery_report(memory: t.Any, stopped: t.Any, started: t.Any, check: bool = False) -> t.Dict[str, t.Any]:
    """What was stopped and started, how the server is now, and why memory is still short."""
    return recovery_text(plain(stopped), plain(started), plain(memory), check)


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"recovery_report": recovery_report}
