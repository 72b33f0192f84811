# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spans of time."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.durations import clock, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("36h", 129600),
        ("7d", 604800),
        ("2w", 1209600),
        ("1d12h", 129600),
        ("1w1d1h1m1s", 694861),
        (" 7D ", 604800),
        ("0", 0),
    ],
)
def test_what_people_write_is_read_as_seconds(written: str, seconds: int) -> None:
    assert parse_duration(written) == seconds


@pytest.mark.parametrize("written", ["", " ", "soon", "7 days", "-1d", "1.5h", "12h1d", "1d1d", "d"])
def test_what_is_no_span_of_time_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ValueError, match="Write for example 7d, 36h or 1d12h"):
        parse_duration(written)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59, "0:59"), (247, "4:07"), (3753, "1:02:33")])
def test_a_duration_reads_as_on_a_clock(seconds: int, text: str) -> None:
    assert clock(seconds) == text
