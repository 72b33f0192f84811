# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds become ratios, round by round, and one table."""

from __future__ import annotations

import pytest

from tests.support.figures import Measured, grid, middle, ratios, table, tasks_per_host

RECAP = """
TASK [Say] *********
ok: [sandbox] => msg : ok=9 was said

PLAY RECAP *********
overflow1                  : ok=4    changed=2    unreachable=0    failed=0    skipped=3    rescued=0    ignored=0
sandbox                    : ok=12   changed=2    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
"""


def test_tasks_that_ran_and_that_were_skipped_are_counted_for_each_host() -> None:
    assert tasks_per_host(RECAP) == {"overflow1": 7, "sandbox": 12}


def test_what_slows_a_whole_round_leaves_its_ratio_alone() -> None:
    assert ratios(Measured("ours", (3.0, 30.0)), Measured("other", (2.0, 20.0))) == (1.5, 1.5)


def test_rounds_of_unequal_number_are_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios(Measured("ours", (3.0, 30.0)), Measured("other", (2.0,)))


def test_the_table_has_medians_ranges_and_tasks_of_every_way() -> None:
    ours = Measured("ours", (30.0, 36.0, 33.0), {"sandbox": 60, "overflow1": 20})
    by_hand = Measured("by hand", (20.0, 20.0, 20.0))
    assert table(ours, [by_hand]).splitlines() == [
        "          seconds               ours / it             tasks per host",
        "ours      33.0 (30.0 to 36.0)   1                     20 to 60",
        "by hand   20.0 (20.0 to 20.0)   1.65 (1.50 to 1.80)   none",
    ]


def test_a_way_with_as_many_tasks_on_every_host_names_their_number_once() -> None:
    assert table(Measured("ours", (2.0,), {"sandbox": 5, "overflow1": 5}), []).splitlines()[1] == "ours   2.0 (2.0 to 2.0)   1           5"


def test_columns_of_a_grid_are_as_wide_as_what_is_in_them() -> None:
    assert grid([("", "seconds"), ("ours", "1"), ("a longer name", "12")]).splitlines() == [
        "                seconds",
        "ours            1",
        "a longer name   12",
    ]


def test_the_middle_of_an_even_number_of_rounds_lies_between_two() -> None:
    assert middle((0.2, 0.4, 0.1, 0.9), 2) == "0.30 (0.10 to 0.90)"
