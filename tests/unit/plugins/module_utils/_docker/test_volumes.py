# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volumes nobody named, on engines that say so and on earlier ones."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.volumes import is_anonymous, mounts_anonymous

GENERATED = "0123456789abcdef" * 4
MARKED = {"com.docker.volume.anonymous": ""}


@pytest.mark.parametrize(
    ("name", "labels", "anonymous"),
    [
        pytest.param(GENERATED, MARKED, True, id="of an engine from 23.0 on"),
        pytest.param(GENERATED, {**MARKED, "tier": "db"}, True, id="and somebody labelled it"),
        pytest.param(GENERATED, None, True, id="of an earlier engine"),
        pytest.param(GENERATED, {}, True, id="of an earlier engine, no labels"),
        pytest.param(GENERATED, {"com.docker.compose.volume": GENERATED}, False, id="Compose named it"),
        pytest.param("data", MARKED, False, id="named, and marked by hand"),
        pytest.param(GENERATED + "0", MARKED, False, id="longer than a generated name"),
    ],
)
def test_a_volume_is_anonymous_where_the_engine_generated_its_name(name: str, labels: dict[str, str] | None, anonymous: bool) -> None:
    assert is_anonymous(name, labels) is anonymous


@pytest.mark.parametrize(
    ("mount", "anonymous"),
    [
        ({"Type": "volume", "Name": GENERATED}, True),
        ({"Type": "volume", "Name": ""}, True),
        ({"Type": "volume", "Name": "data"}, False),
        ({"Type": "bind", "Source": "/srv"}, False),
    ],
)
def test_a_mount_without_a_name_is_anonymous(mount: dict[str, str], anonymous: bool) -> None:
    assert mounts_anonymous(mount, {GENERATED}) is anonymous
