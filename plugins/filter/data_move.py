# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.data_move``; documented in data_move.yml."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.move import Seconds, Source, Target, move_state


def data_move(move: t.Any, plan: t.Any, source: t.Any, target: t.Any, copy_timeout: int, stop_seconds: int) -> t.Dict[str, t.Any]:
    """How far a move is, what is copied and how, what blocks it."""
    moving = {key: value for key, value in move.items() if key != "stacks"}  # the whole inventory, which the plan has already
    return move_state(plain(moving), plain(plan["hosts"]), Source(**plain(source)), Target(**plain(target)), Seconds(int(copy_timeout), int(stop_seconds)))


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"data_move": data_move}
