# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""long_command on the controller: which of the looks is worth a line."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.action.long_command import Progress, still_open, warnings


def shown(looks: list[tuple[float, str]]) -> list[str]:
    progress = Progress(every=10, began=0)
    return [line for now, last in looks if (line := progress.line(now, int(now), last))]


def test_a_short_command_says_nothing() -> None:
    assert shown([(0, "a"), (4, "b"), (9, "c")]) == []


def test_something_new_is_shown_but_not_too_often() -> None:
    assert shown([(0, "a"), (10, "b"), (15, "c"), (21, "d")]) == ["0:10  b", "0:21  d"]


def test_the_same_line_is_a_sign_of_life_once_a_minute() -> None:
    assert shown([(0, "a"), (10, "b"), (30, "b"), (60, "b"), (71, "b"), (90, "b")]) == ["0:10  b", "1:11  b"]


WAITING = [" Container shop-web-1  Waiting", " Container shop-edge-1  Waiting", " Container shop-edge-1  Healthy"]


@pytest.mark.parametrize(
    ("lines", "done", "line"),
    [
        pytest.param(WAITING, [], "Container shop-edge-1  Healthy", id="nothing is done: the last line"),
        pytest.param(WAITING, ["Healthy"], "Container shop-web-1  Waiting", id="the one that is waited for"),
        pytest.param(WAITING[1:], ["Healthy"], "Container shop-edge-1  Healthy", id="all is done: the last line"),
        pytest.param(["#1 DONE 0.1s", "#2 RUN make"], [], "#2 RUN make", id="a build"),
        pytest.param([], ["Healthy"], "", id="it said nothing yet"),
    ],
)
def test_of_what_goes_on_at_once_the_open_one_is_shown(lines: list[str], done: list[str], line: str) -> None:
    assert still_open(lines, done) == line


def test_a_warning_is_told_once_and_as_it_was_meant() -> None:
    said = r'time="2026-11-28T16:30:00Z" level=warning msg="Found orphan containers ([gone-1]). Run with \"--remove-orphans\""'
    meant = 'Found orphan containers ([gone-1]). Run with "--remove-orphans"'
    assert warnings(["Container a Running", said, said], 'level=warning msg="(.*)"') == [meant]
    assert warnings([said], None) == []
