# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's answers, read into one shape."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import (
    Need,
    cache_record,
    container,
    disk_usage,
    image,
    network,
    volume,
)


@pytest.mark.parametrize(("text", "seconds"), [("1970-01-01T00:00:01.25Z", 1.25), ("1970-01-01T00:00:01Z", 1.0), ("0001-01-01T00:00:00Z", None), (None, None)])
def test_last_use_is_read_with_fractions(text: str | None, seconds: float | None) -> None:
    assert cache_record({"ID": "r", "LastUsedAt": text}).used == seconds


@pytest.mark.parametrize("state", ["running", "paused", "restarting", "removing", "unheard-of"])
def test_a_container_in_any_state_but_the_stopped_ones_is_held(state: str) -> None:
    assert container({"Id": "c", "State": state}, {}).held == "it is %s" % state


@pytest.mark.parametrize("state", ["created", "exited", "dead"])
def test_a_stopped_container_is_not_held(state: str) -> None:
    assert container({"Id": "c", "State": state}, {}).held == ""


def test_a_container_needs_its_image_its_networks_by_name_and_id_and_mounted_images() -> None:
    answer = {
        "Id": "c",
        "Names": ["/web", "/proxy/alias"],
        "ImageID": "sha256:i",
        "State": "exited",
        "Labels": None,
        "HostConfig": {"NetworkMode": "edge"},
        "NetworkSettings": {"Networks": {"mas_default": {"NetworkID": "n1"}, "gone": None}},
        "Mounts": [{"Type": "volume", "Name": "data"}, {"Type": "image", "Name": "assets"}],
    }
    found = container(answer, {"c": 5})
    assert (found.names, found.size, found.labels) == (("web",), 5, {})
    assert {(need.kind, need.name) for need in found.needs if need.name} == {
        ("images", "sha256:i"),
        ("images", "docker.io/library/assets:latest"),
        ("networks", "mas_default"),
        ("networks", "n1"),
        ("networks", "gone"),
        ("networks", "edge"),
        ("volumes", "data"),
    }


def test_an_image_without_names_is_told_from_one_named_none() -> None:
    assert image({"Id": "i", "RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"], "ParentId": "", "Labels": None}, {}).names == ()
    assert image({"Id": "i", "RepoTags": None, "RepoDigests": None}, {}).needs == ()


def test_an_image_knows_its_parent_and_what_it_shares() -> None:
    found = image({"Id": "i", "RepoTags": ["b:1", "a:1"], "RepoDigests": ["a@x"], "ParentId": "p", "Size": 9, "Created": 3}, {"i": 4})
    assert (found.names, found.digests, found.name, found.size, found.shared, found.created) == (("a:1", "b:1"), ("a@x",), "a:1", 9, 4, 3)
    assert found.needs == (Need("images", "p"),)


@pytest.mark.parametrize(
    ("more", "held"),
    [
        pytest.param({}, "", id="user-defined"),
        pytest.param({"Name": "bridge"}, "it is the engine's own", id="bridge"),
        pytest.param({"Name": "docker_gwbridge"}, "it is the engine's own", id="gateway of the swarm"),
        pytest.param({"Ingress": True}, "it belongs to the swarm, so another server may use it", id="ingress"),
        pytest.param({"Scope": "swarm"}, "it belongs to the swarm, so another server may use it", id="overlay"),
        pytest.param({"Containers": {"c": {}}}, "containers are attached to it", id="attached"),
    ],
)
def test_networks_that_must_stay(more: dict[str, t.Any], held: str) -> None:
    assert network({"Name": "edge", "Id": "n", "Scope": "local", **more}).held == held


def test_a_network_needs_the_one_it_takes_its_configuration_from() -> None:
    assert network({"Name": "edge", "Id": "n", "ConfigFrom": {"Network": "template"}}).needs == (Need("networks", "template"),)


@pytest.mark.parametrize(
    ("parents", "needed"),
    [
        pytest.param({"Parent": ""}, [], id="none"),
        pytest.param({"Parent": "p"}, ["p"], id="up to API 1.41"),
        pytest.param({" Parents": ["p", "q"]}, ["p", "q"], id="from API 1.42 on, as engines write it"),
        pytest.param({"Parents": ["p", "q"]}, ["p", "q"], id="from API 1.42 on, as it is documented"),
        pytest.param({"Parents": None}, [], id="none, from API 1.42 on"),
    ],
)
def test_a_cache_record_needs_its_parents(parents: dict[str, t.Any], needed: list[str]) -> None:
    assert [need.name for need in cache_record({"ID": "r", **parents}).needs] == needed


GENERATED = "0123456789abcdef" * 4
MARKED = {"com.docker.volume.anonymous": ""}


@pytest.mark.parametrize(
    ("more", "anonymous"),
    [
        pytest.param({"Labels": MARKED}, True, id="as engines from 23.0 on make it"),
        pytest.param({"Labels": None}, True, id="as earlier engines make it"),
        pytest.param({"Name": "data", "Labels": None}, False, id="named"),
        pytest.param({"Name": "data", "Labels": MARKED}, False, id="named, and marked by hand"),
        pytest.param({"Name": GENERATED + "0"}, False, id="longer than a generated name"),
        pytest.param({"Labels": {**MARKED, "tier": "db"}}, False, id="somebody gave it a label"),
        pytest.param({"Driver": "nfs"}, False, id="of a plugin"),
        pytest.param({"Options": {"type": "nfs"}}, False, id="made with options"),
    ],
)
def test_only_a_volume_that_nobody_can_have_named_is_anonymous(more: dict[str, t.Any], anonymous: bool) -> None:
    assert volume({"Name": GENERATED, "Driver": "local", "Scope": "local", **more}).anonymous is anonymous


def test_a_volume_is_known_by_its_name_and_its_path_and_one_of_a_swarm_is_held() -> None:
    found = volume({"Name": "data", "Driver": "local", "Scope": "local", "CreatedAt": "1970-01-02T00:00:01Z", "Mountpoint": "/v/data"})
    assert (found.id, found.created, found.handles, found.held) == ("data", 86401, {"data", "/v/data"}, "")
    assert volume({"Name": "data", "Driver": "x", "Scope": "global"}).held == "it belongs to the swarm, so another server may use it"


def test_a_container_needs_a_volume_by_its_path_where_the_engine_leaves_out_its_name() -> None:
    """Docker 28.5: an anonymous volume that was asked for in the request, once the container has run."""
    answer = {"Id": "c", "State": "exited", "Mounts": [{"Type": "volume", "Source": "/v/data", "Destination": "/data"}]}
    assert Need("volumes", "/v/data") in container(answer, {}).needs


def test_a_cache_record_in_use_is_held_and_a_shared_one_frees_nothing() -> None:
    found = cache_record({"ID": "r", "Type": "regular", "InUse": True, "Shared": True, "Size": 7})
    assert (found.held, found.name, found.size, found.shared) == ("a build uses it", "regular", 7, 7)


IMAGES = [{"Id": "i", "SharedSize": 4}, {"Id": "j", "SharedSize": -1}]
RECORDS = [{"ID": "r", "Size": 7}]
VOLUMES = [{"Name": "v", "UsageData": {"Size": 5}}, {"Name": "w", "UsageData": {"Size": -1}}, {"Name": "x"}]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"LayersSize": 12, "Images": IMAGES, "BuildCache": RECORDS, "BuilderSize": 7, "Volumes": VOLUMES}, id="up to API 1.51"),
        pytest.param(
            {"ImageUsage": {"TotalSize": 12, "Items": IMAGES}, "BuildCacheUsage": {"Items": RECORDS}, "VolumeUsage": {"Items": VOLUMES}}, id="from API 1.53 on"
        ),
    ],
)
def test_disk_usage_is_read_in_both_shapes(answer: dict[str, t.Any]) -> None:
    usage = disk_usage(answer)
    assert (usage.layers, usage.shared, [record.id for record in usage.cache], usage.volumes) == (12, {"i": 4}, ["r"], {"v": 5})


@pytest.mark.parametrize("answer", [{"LayersSize": 0, "Images": [], "BuildCache": None}, {"ImageUsage": {}, "BuildCacheUsage": {}}, {}])
def test_disk_usage_of_an_empty_engine(answer: dict[str, t.Any]) -> None:
    usage = disk_usage(answer)
    assert (usage.layers, usage.shared, usage.cache, usage.volumes) == (0, {}, (), {})
