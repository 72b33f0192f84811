# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's texts of moments, and ours."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso, precisely, timestamp


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("1970-01-02T00:00:01Z", 86401, id="UTC"),
        pytest.param("2026-11-22T22:42:50.730262923Z", 1795387370, id="nanoseconds"),
        pytest.param("2026-11-22T23:42:50.7+01:00", 1795387370, id="east"),
        pytest.param("2026-11-22T19:12:50-03:30", 1795387370, id="west"),
        pytest.param("0001-01-01T00:00:00Z", None, id="never"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="absent"),
    ],
)
def test_times_become_seconds(text: str | None, seconds: int | None) -> None:
    assert timestamp(text) == seconds


def test_the_fraction_of_a_second_is_kept_where_it_is_asked_for() -> None:
    assert precisely("1970-01-02T00:00:01.25Z") == 86401.25


def test_moments_are_told_in_utc_and_whole_seconds() -> None:
    assert iso(86401.9) == "1970-01-02T00:00:01Z"
    assert iso(None) is None
