# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order to stop services in, and how many of them are enough."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.order import enough, stop_order


def test_users_stop_before_what_they_use_and_otherwise_the_lowest_priority_first() -> None:
    needs = {"web": ["db"], "api": ["db"], "db": [], "mail": []}
    assert stop_order(needs, {"web": 3, "api": 2, "db": 0, "mail": 1}) == ["mail", "api", "web", "db"]


def test_only_what_has_a_priority_is_stopped() -> None:
    assert stop_order({"web": ["db"], "db": []}, {"db": 1}) == ["db"]


@pytest.mark.parametrize(("missing", "chosen"), [(0, []), (-5, []), (1, [3]), (3, [3]), (4, [3, 2]), (99, [3, 2, 1])])
def test_no_more_is_chosen_than_is_missing(missing: int, chosen: list[int]) -> None:
    assert enough([3, 2, 1], missing, lambda size: size) == chosen
