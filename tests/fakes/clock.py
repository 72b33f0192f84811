# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock on which waiting takes no time."""

from __future__ import annotations

from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.transport import Clock


class SimulatedClock(Clock):
    """Runs with real time, jumps ahead instead of sleeping, and leaves nothing to chance."""

    def __init__(self) -> None:
        #: Seconds of each pause, in order.
        self.pauses: list[float] = []
        self._skipped = 0.0

    def now(self) -> float:
        return super().now() + self._skipped

    def unix(self) -> float:
        return super().unix() + self._skipped

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._skipped += seconds

    def chance(self) -> float:
        return 0.0
