# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server is filled with before it is pruned."""

from __future__ import annotations

import io
import ipaddress
import itertools
import tarfile

import pytest

from tests.studies.bench.on_server.objects import IMAGE_BYTES, RECORDS_OF_ITS_SOURCES, copies_by_build, image, requests, subnet

MANY = 1000


@pytest.mark.parametrize(
    ("records", "copies"),
    [
        pytest.param(10, [7], id="one build"),
        pytest.param(100, [97], id="as much as one build may have"),
        pytest.param(200, [97, 97], id="two builds"),
        pytest.param(250, [97, 97, 47], id="a rest"),
    ],
)
def test_builds_leave_as_many_records_as_were_asked_for(records: int, copies: list[int]) -> None:
    assert copies_by_build(records) == copies
    assert sum(copies) + RECORDS_OF_ITS_SOURCES * len(copies) == records


@pytest.mark.parametrize("records", [3, 102])
def test_a_number_of_records_that_no_builds_leave_is_refused(records: int) -> None:
    with pytest.raises(ValueError, match=f"Cannot leave {records} build cache records"):
        copies_by_build(records)


def test_networks_do_not_share_addresses() -> None:
    subnets = sorted(ipaddress.ip_network(subnet(number)) for number in range(MANY))
    assert not any(one.overlaps(following) for one, following in itertools.pairwise(subnets))


def test_images_are_of_one_size_and_share_no_layer() -> None:
    images = [image(number) for number in range(3)]
    assert len(set(images)) == len(images)
    for content in images:
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            assert [member.size for member in tar] == [IMAGE_BYTES]


@pytest.mark.parametrize("kind", ["images", "containers", "networks"])
def test_no_two_objects_have_one_name(kind: str) -> None:
    assert len({str(requests(kind, number)) for number in range(MANY)}) == MANY


def test_volumes_are_anonymous() -> None:
    assert requests("volumes", 7) == ("POST", "/volumes/create", {})
