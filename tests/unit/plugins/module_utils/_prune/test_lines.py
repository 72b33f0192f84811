# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is told of a prune: names, sizes, groups."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import DiskUsage, DockerObject
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.lines import estimate, lines
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.plan import Decision, PrunePlan

MIB = 1024**2
CI = {"com.docker.compose.project": "ci"}


def goes(target: DockerObject) -> Decision:
    return Decision(target, remove=True, reason="")


def image(name: str, size: int = 10 * MIB, shared: int | None = 0) -> DockerObject:
    return DockerObject("images", "sha256:" + name, (name,) if name else (), size=size, shared=shared)


def cache(name: str, size: int = MIB, shared: int = 0) -> DockerObject:
    return DockerObject("build_cache", name, ("step",), size=size, shared=shared)


def containers(count: int, **more: object) -> list[Decision]:
    return [goes(DockerObject("containers", "c%02d" % n, ("c%02d" % n,), size=MIB, state="exited", **more)) for n in range(count)]  # type: ignore[arg-type]


def test_each_object_is_named_with_its_size() -> None:
    going = [
        *containers(1),
        goes(DockerObject("containers", "unmeasured", ("new",), state="created")),
        goes(DockerObject("images", "sha256:1", ("a:1", "b:2"), size=10 * MIB, shared=4 * MIB)),
        goes(DockerObject("networks", "n", ("left",), size=0)),
        goes(DockerObject("volumes", "v", ("v",), size=7)),
    ]
    assert lines(going, []) == [
        "container c00 (exited, 1M)",
        "container new (created)",
        "image a:1, b:2 (10M, 4M of it shared with other images)",
        "network left",
        "volume v (7B)",
    ]


def test_build_cache_is_one_line_without_what_images_hold() -> None:
    assert lines([goes(cache("a")), goes(cache("b", shared=MIB))], []) == ["2 build cache records (1M)"]
    assert lines([goes(cache("a"))], []) == ["1 build cache record (1M)"]


def test_many_are_grouped_the_biggest_first() -> None:
    assert len(lines(containers(10), [])) == 10
    going = [*containers(11), *containers(1, labels=CI)]
    assert lines(going, []) == ["11 containers of no project (11M) such as c00, c01, c02", "container c00 (exited, 1M)"]
    images = [goes(image("hub/tool:%d" % n)) for n in range(3)] + [goes(DockerObject("images", "sha256:f%d" % n, size=5 * MIB)) for n in range(8)]
    assert lines(images, []) == ["8 images without a tag (40M) such as f0, f1, f2", "3 images of hub/tool (30M) such as hub/tool:0, hub/tool:1, hub/tool:2"]
    networks = [goes(DockerObject("networks", "n%d" % n, ("n%d" % n,), size=0, labels=CI)) for n in range(11)]
    assert lines(networks, []) == ["11 networks of the project ci such as n0, n1, n2"]


def test_what_waits_is_named_with_the_reason_and_the_moment() -> None:
    waiting = [Decision(image("tool:%d" % n), remove=False, reason="nobody has it", until=1796000000 + n) for n in range(11)]
    assert lines([], waiting[:1]) == ["image tool:0 (10M) is kept until 2026-11-30T00:53:20Z, because nobody has it"]
    assert lines([], waiting) == [
        "11 images of tool (110M) such as tool:0, tool:1, tool:2 are kept until 2026-11-30T00:53:20Z to 2026-11-30T00:53:30Z, because nobody has it"
    ]


def plan(*going: DockerObject) -> PrunePlan:
    return PrunePlan(tuple(map(goes, going)), ())


@pytest.mark.parametrize(
    ("going", "usage", "expected"),
    [
        pytest.param([], None, "0B of disk", id="nothing"),
        pytest.param([containers(1)[0].target, cache("a", shared=MIB), cache("b")], None, "2M of disk", id="no images"),
        pytest.param([image("a:1")], DiskUsage(50 * MIB, {}, (), {}), "10M of disk", id="no layer is shared"),
        pytest.param(
            [image("a:1", shared=4 * MIB), image("b:1", shared=4 * MIB)],
            DiskUsage(50 * MIB, {}, (), {}),
            "12M to 20M of disk, estimated because images share layers",
            id="layers shared",
        ),
        pytest.param(
            [image("a:1", shared=8 * MIB), image("b:1", shared=8 * MIB)],
            DiskUsage(12 * MIB, {}, (), {}),
            "4M to 12M of disk, estimated because images share layers",
            id="not more than there is",
        ),
        pytest.param(
            [image("a:1", shared=None)], DiskUsage(50 * MIB, {}, (), {}), "0B to 10M of disk, estimated because images share layers", id="nothing is known"
        ),
        pytest.param(
            [image("a:1")],
            DiskUsage(50 * MIB, {}, (cache("r", 3 * MIB, 3 * MIB),), {}),
            "7M to 10M of disk, estimated because images share layers",
            id="build cache that stays holds a part",
        ),
    ],
)
def test_how_much_disk_it_frees(going: list[DockerObject], usage: DiskUsage | None, expected: str) -> None:
    assert str(estimate(plan(*going), usage)) == expected
