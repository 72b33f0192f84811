# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thresholds: what is refused, and what a value is to them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.thresholds import SIZES, Thresholds, read_thresholds

DEFAULTS = {**{name: getattr(Thresholds, name) for name in Thresholds.__dataclass_fields__ if "_percent_" in name}, **SIZES}


def test_the_defaults_of_the_options_are_those_of_the_code() -> None:
    assert read_thresholds(DEFAULTS, "24h") == Thresholds()


REFUSED: dict[str, tuple[dict[str, t.Any], str]] = {
    "available, the wrong way round": (
        {"available_percent_warn": 5},
        "Cannot judge memory by the thresholds of available_percent: 5 and 7. Choose them so that the warning comes before the critical one.",
    ),
    "available size, the wrong way round": (
        {"available_warn": "1G", "available_critical": "2G"},
        "Cannot judge memory by the thresholds of available: 1G and 2G. Choose them so that the warning comes before the critical one.",
    ),
    "rate of swapping, the wrong way round": (
        {"swap_in_critical": "1M"},
        "Cannot judge memory by the thresholds of swap_in: 2M and 1M. Choose them so that the warning comes before the critical one.",
    ),
    "pressure, the wrong way round": (
        {"pressure_full_percent_warn": 31},
        "Cannot judge memory by the thresholds of pressure_full_percent: 31 and 30. Choose them so that the warning comes before the critical one.",
    ),
    "above all": (
        {"pressure_some_percent_critical": 101},
        "Cannot judge memory by the thresholds of pressure_some_percent: 101 is no share. Use percent between 0 and 100.",
    ),
    "below nothing": (
        {"container_percent_warn": -1},
        "Cannot judge memory by the thresholds of container_percent: -1 is no share. Use percent between 0 and 100.",
    ),
    "no size": ({"available_warn": "much"}, "Cannot judge memory by these thresholds: 'much' is not a size. Write for example 16G."),
}


@pytest.mark.parametrize(("given", "message"), REFUSED.values(), ids=REFUSED)
def test_thresholds_that_mean_nothing_are_refused(given: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_thresholds({**DEFAULTS, **given}, "24h")
    assert refused.value.message == message


def test_a_span_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Cannot judge memory by these thresholds: 'a while' is no span of time"):
        read_thresholds(DEFAULTS, "a while")


@pytest.mark.parametrize(
    ("name", "value", "level"),
    [
        ("available", 3, "ok"),
        ("available", 2, "warn"),
        ("available", 1, "critical"),
        ("swap_in", 2 * 1024**2 - 1, "ok"),
        ("swap_in", 2 * 1024**2, "warn"),
        ("swap_in", 20 * 1024**2, "critical"),
        ("swap_in", None, "ok"),
    ],
)
def test_a_value_at_the_threshold_counts_and_an_unknown_one_does_not(name: str, value: float | None, level: str) -> None:
    assert Thresholds(available_warn=2, available_critical=1).level(name, value) == level


def test_a_size_that_is_not_set_is_not_looked_at() -> None:
    assert Thresholds(available_critical=1).level("available", 2) == "ok"
    assert Thresholds().level("available", 0) == "ok"
