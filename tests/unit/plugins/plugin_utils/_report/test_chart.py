# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The geometry of a drawing: places are those of the values, and what nobody saw is not drawn."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.plugin_utils._report.chart import Span, area, dots, lines, span_of, stroke

DAY = 86400


def test_a_value_stands_where_its_moment_and_its_share_are() -> None:
    assert lines([(0, 0.0), (50, 25.0), (100, 100.0)], Span(0, 100), 100) == [[(0.0, 100.0), (500.0, 75.0), (1000.0, 0.0)]]


def test_a_value_beyond_the_edges_stays_within_the_drawing() -> None:
    assert lines([(0, -5.0), (100, 105.0)], Span(0, 100), 100) == [[(0.0, 100.0), (1000.0, 0.0)]]


def test_where_nobody_looked_there_is_no_line() -> None:
    points = [(moment, 1.0) for moment in (*range(20), *range(60, 100))]
    assert [len(piece) for piece in lines(points, Span(0, 100), 1)] == [20, 40]


def test_what_was_not_measured_is_left_out() -> None:
    assert lines([(0, 1.0), (1, None), (2, 1.0)], Span(0, 100), 1) == [[(0.0, 0.0), (20.0, 0.0)]]


def test_paths_are_such_as_svg_reads() -> None:
    pieces = [[(0.0, 100.0), (500.0, 75.5)], [(900.0, 0.0)]]
    assert stroke(pieces) == "M0 100 L500 75.5"
    assert area(pieces) == "M0 100 L0 100 L500 75.5 L500 100 Z"
    assert dots(pieces) == "M0 100 h0 M500 75.5 h0 M900 0 h0"


def test_of_many_moments_only_those_on_their_own_are_dots() -> None:
    many = [(float(place), 50.0) for place in range(30)]
    assert dots([many, [(900.0, 0.0)]]) == "M900 0 h0"


@pytest.mark.parametrize(
    ("length", "texts"),
    [
        pytest.param(3600, ["00:15", "00:30", "00:45"], id="an hour"),
        pytest.param(DAY, ["06:00", "12:00", "18:00"], id="a day, the ends of which have no room"),
        pytest.param(2 * DAY, ["12:00", "02 Jan", "12:00"], id="two days, the midnight with its date"),
        pytest.param(14 * DAY, ["05 Jan", "09 Jan", "13 Jan"], id="two weeks"),
    ],
)
def test_the_axis_has_a_few_round_moments_in_utc(length: int, texts: list[str]) -> None:
    assert [mark["text"] for mark in Span(0, length).marks()] == texts


def test_a_timeline_is_an_hour_at_least() -> None:
    assert (span_of([], 5000).start, span_of([4999], 5000).start, span_of([100], 5000).start) == (1400, 1400, 100)
