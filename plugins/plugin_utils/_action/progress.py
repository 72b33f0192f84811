# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an action plugin that waits shows a line."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.durations import clock


class Progress:
    """Decides what of a command that runs is worth a line: something new, not too often. ``began``: seconds on any clock."""

    def __init__(self, every: float, began: float) -> None:
        self._every = every
        self._shown = (began, "")

    def line(self, now: float, seconds: int, last: str) -> t.Optional[str]:
        """The line to show, or None. ``now``: seconds on the same clock; ``seconds``: how long the command has run."""
        moment, shown = self._shown
        if now - moment < self._every or (last == shown and now - moment < 6 * self._every):
            return None
        self._shown = (now, last)
        return "%s  %s" % (clock(seconds), last)
