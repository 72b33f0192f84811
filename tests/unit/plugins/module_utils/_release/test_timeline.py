# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One timeline from what checks and deploys left behind."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._release.timeline import Sample, of_checks, of_releases, read_lines, runs, timeline

CHECK = {"time": "2026-11-23T05:00:00Z", "host": {"total": 100, "available": 40, "swap_used": 5}, "disk": {"path": "/", "total": 200, "used": 110, "free": 90}}
RUN = {"event": "release", "stack": "shop", "id": "r1", "result": "ok", "began": "2026-11-23T04:00:00Z", "ended": "2026-11-23T04:01:30Z", "by": "jane"}
ROOM = {"memory_available_before": 50, "memory_available_after": 45, "disk_available_before": 80, "disk_available_after": 70}
FIVE = 1795410000  # 2026-11-23T05:00:00Z


def test_a_check_gives_one_moment_with_all_that_it_measured() -> None:
    assert list(of_checks([CHECK])) == [Sample(FIVE, 100, 40, 5, 200, 90)]
    assert Sample(FIVE, 100).facts()["time"] == CHECK["time"]


def test_a_check_from_before_the_disk_was_written_down_has_none() -> None:
    assert list(of_checks([{**CHECK, "disk": None}])) == [Sample(FIVE, 100, 40, 5)]


def test_a_run_gives_the_moments_before_and_after_it() -> None:
    assert list(of_releases([{**RUN, **ROOM}])) == [
        Sample(FIVE - 3600, memory_available=50, disk_free=80),
        Sample(FIVE - 3510, memory_available=45, disk_free=70),
    ]


@pytest.mark.parametrize("line", [{}, {**RUN}, {**RUN, **ROOM, "event": "takeover"}, {**RUN, **ROOM, "began": 5, "ended": None}])
def test_what_is_no_measurement_is_left_out(line: dict[str, t.Any]) -> None:
    assert list(of_releases([line])) == []


@pytest.mark.parametrize("line", [{}, {"time": "soon", "host": {}}, {"time": "2026-13-23T05:00:00Z", "host": {}}, {"time": CHECK["time"], "host": 5}])
def test_a_line_of_a_check_that_is_none_is_left_out(line: dict[str, t.Any]) -> None:
    assert list(of_checks([line])) == []


def test_a_run_with_several_stacks_is_told_once_and_an_old_one_not_at_all() -> None:
    lines = [{**RUN, "id": "r0", "ended": "2026-11-01T00:00:00Z"}, RUN, {**RUN, "stack": "mas"}]
    assert runs(lines, FIVE - 86400) == [{"id": "r1", "result": "ok", "began": RUN["began"], "ended": RUN["ended"], "by": "jane", "stacks": ["shop", "mas"]}]


def test_only_whole_lines_that_can_be_understood_are_read() -> None:
    content = b'{"a": 1}\nnot json\n[1]\n{"b": 2}\n{"c'
    assert read_lines(content, whole=True) == [{"a": 1}, {"b": 2}]
    assert read_lines(content, whole=False) == [{"b": 2}]


def test_the_timeline_is_in_order_and_within_its_bounds() -> None:
    samples = [Sample(moment) for moment in (30, 10, 20, 5, 99)]
    assert [sample.time for sample in timeline(samples, 10, 30)] == [10, 20, 30]


def test_where_there_are_too_many_the_worst_of_each_span_stays() -> None:
    samples = [Sample(moment, memory_available=None if moment % 2 else (7 if moment == 500 else 1000)) for moment in range(1000)]
    thinned = timeline(samples, 0, 1000, most=10)
    assert len(thinned) == 10
    assert min(sample.memory_available or 0 for sample in thinned) == 7
    assert [sample.time for sample in thinned] == sorted(sample.time for sample in thinned)


def test_a_line_as_it_is_written_is_read_back() -> None:
    assert read_lines((json.dumps(CHECK) + "\n").encode(), whole=True) == [CHECK]
