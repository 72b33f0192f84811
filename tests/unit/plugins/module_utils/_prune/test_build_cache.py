# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which records a prune of the build cache names."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import DockerObject
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.build_cache import ID_DIGITS, RECORDS_AT_ONCE, filters, held_by_images, in_batches

FIRST, SECOND, THIRD = "k7" * 12 + "a", "m3" * 12 + "b", "x9" * 12 + "c"
TWIN = FIRST[:ID_DIGITS] + "0" * 15


def matched(wanted: list[str], known: list[str]) -> list[str]:
    """What the engine would find: it searches every id for the quoted pattern."""
    (pattern,) = json.loads(filters(wanted, known))["id"]
    assert pattern[0] + pattern[-1] == '""'
    return [identifier for identifier in known if re.search(pattern[1:-1], identifier)]


@pytest.mark.parametrize("wanted", [[FIRST], [SECOND, THIRD], [FIRST, SECOND, THIRD]])
@pytest.mark.parametrize("known", [[FIRST, SECOND, THIRD], [FIRST, TWIN, SECOND, THIRD]], ids=["all different", "two that begin alike"])
def test_exactly_the_wanted_of_the_known_records_are_named(wanted: list[str], known: list[str]) -> None:
    assert matched(wanted, known) == wanted


def test_a_name_in_the_middle_of_another_does_not_count() -> None:
    assert matched([FIRST], [FIRST, "0" + FIRST[:24]]) == [FIRST]


def test_ids_are_short_where_that_is_enough() -> None:
    assert filters([FIRST], [FIRST, SECOND]) == json.dumps({"id": ['"^(%s)"' % FIRST[:ID_DIGITS]]})


@pytest.mark.parametrize("count", [0, 1, RECORDS_AT_ONCE, RECORDS_AT_ONCE + 1])
def test_batches_hold_every_record_once_in_order(count: int) -> None:
    batches = list(in_batches(range(count)))
    assert [number for batch in batches for number in batch] == list(range(count))
    assert all(0 < len(batch) <= RECORDS_AT_ONCE for batch in batches)


def test_bytes_that_images_hold_as_well_are_told_apart() -> None:
    cache = [DockerObject("build_cache", "a", size=7, shared=7), DockerObject("build_cache", "b", size=5), DockerObject("build_cache", "c", shared=3)]
    assert held_by_images({"a", "b"}, cache) == 7
