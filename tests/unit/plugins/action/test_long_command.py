# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""long_command on the controller: which of the looks is worth a line."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.action.long_command import Progress, clock


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59, "0:59"), (247, "4:07"), (3753, "1:02:33")])
def test_a_duration_reads_as_on_a_clock(seconds: int, text: str) -> None:
    assert clock(seconds) == text


def shown(looks: list[tuple[float, str]]) -> list[str]:
    progress = Progress(every=10)
    return [line for now, last in looks if (line := progress.line(now, int(now), last))]


def test_a_short_command_says_nothing() -> None:
    assert shown([(0, "a"), (4, "b"), (9, "c")]) == []


def test_something_new_is_shown_but_not_too_often() -> None:
    assert shown([(0, "a"), (10, "b"), (15, "c"), (21, "d")]) == ["0:10  b", "0:21  d"]


def test_the_same_line_is_a_sign_of_life_once_a_minute() -> None:
    assert shown([(0, "a"), (10, "b"), (30, "b"), (60, "b"), (71, "b"), (90, "b")]) == ["0:10  b", "1:11  b"]
