# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_prune while others work on the same engine, and while the engine refuses."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine
from ansible_collections.mycosoft.rack.tests.fakes.prune import names, prune, removed


@pytest.fixture
def engine(tmp_path: Path) -> t.Iterator[DockerEngine]:
    with DockerEngine(tmp_path) as running:
        yield running


def not_removed(result: dict[str, t.Any]) -> list[tuple[str, str]]:
    return [(found["name"], found["reason"]) for found in result["not_removed"]]


def test_a_container_started_after_the_plan_stays_with_its_image_and_network(engine: DockerEngine) -> None:
    image = engine.add_image("job:1")
    engine.add_network("jobs")
    job = engine.add_container("job", image.id, "exited", ["jobs"])
    engine.before("DELETE", "/containers/%s" % job.id, lambda: setattr(job, "state", "running"))
    result = prune(engine)
    assert not result["changed"]
    assert not_removed(result) == [
        ("job", "it is running by now"),
        ("job:1", "container job uses it by now"),
        ("jobs", "container job refers to it by now"),
    ]


def test_an_image_that_got_a_container_meanwhile_stays(engine: DockerEngine) -> None:
    image = engine.add_image("job:1")
    engine.before("GET", "/images/sha256", lambda: engine.add_container("job", image.id, "created"))
    assert not_removed(prune(engine)) == [("job:1", "container job uses it by now")]


def test_an_image_that_got_a_container_in_the_very_moment_stays(engine: DockerEngine) -> None:
    image = engine.add_image("job:1")
    engine.before("DELETE", "/images/", lambda: engine.add_container("job", image.id))
    assert not_removed(prune(engine)) == [("job:1", "container job uses it by now")]


def test_an_image_that_got_a_new_tag_meanwhile_stays(engine: DockerEngine) -> None:
    image = engine.add_image("job:1")
    engine.before("GET", "/images/sha256", lambda: image.tags.append("release:7"))
    assert not_removed(prune(engine)) == [("job:1", "it was tagged release:7 meanwhile")]


def test_a_tag_that_moved_to_a_new_build_stays_on_the_new_build(engine: DockerEngine) -> None:
    old = engine.add_image("job:1")

    def build() -> None:
        old.tags = []
        engine.add_image("new", tags=["job:1"])

    engine.before("GET", "/images/sha256", build)
    prune(engine)
    assert [image.tags for image in engine.images.values()] == [["job:1"]]


def test_an_image_that_lost_some_tags_before_it_came_into_use_counts_as_a_change(engine: DockerEngine) -> None:
    image = engine.add_image("job:1", tags=["job:1", "job:2"])
    engine.before("DELETE", "/images/sha256", lambda: engine.add_container("job", image.id))
    result = prune(engine)
    assert result["changed"]
    assert names(result["not_removed"]) == ["job:1"]


def test_a_network_joined_in_the_very_moment_stays(engine: DockerEngine) -> None:
    engine.add_network("jobs")
    engine.before("DELETE", "/networks/", lambda: engine.add_container("job", state="running", networks=["jobs"]))
    assert not_removed(prune(engine)) == [("jobs", "container job refers to it by now")]


def test_a_volume_that_the_engine_alone_counts_as_used_does_not_fail_the_run(engine: DockerEngine) -> None:
    """Seen on Docker 28.5: the container was gone, the engine's count of its volume was not."""
    volume = engine.add_volume()
    engine.refuse("DELETE", "/volumes/", 409, "remove %s: volume is in use - [f00d]" % volume.name)
    result = prune(engine, volumes=True, volumes_grace="0")
    assert "failed" not in result
    assert "no container refers to it: Docker Engine refused DELETE" in not_removed(result)[0][1]


@pytest.mark.parametrize("kind", ["containers", "images", "networks", "volumes"])
def test_what_vanished_meanwhile_is_told_and_no_error(engine: DockerEngine, kind: str) -> None:
    engine.add_container("job")
    engine.add_image("job")
    engine.add_network("job")
    engine.add_volume("job")
    engine.before("DELETE", "/%s/" % kind, getattr(engine, kind).clear)
    result = prune(engine, named_volumes=["job"], remove_named_volumes=True)
    assert not_removed(result) == [("job", "it was gone already")]
    assert kind not in removed(result)


def test_a_removal_by_somebody_else_is_waited_for(engine: DockerEngine) -> None:
    job = engine.add_container("job")
    engine.refuse("DELETE", "/containers/", 409, "removal of container %s is already in progress" % job.id)
    assert removed(prune(engine)) == {"containers": ["job"]}


def test_a_prune_by_somebody_else_is_waited_for(engine: DockerEngine) -> None:
    engine.add_cache("idle", size=40)
    engine.refuse("POST", "/build/prune", 409, "a prune operation is already running")
    assert prune(engine)["freed"]["build_cache"] == 40


def test_waiting_has_an_end(engine: DockerEngine) -> None:
    engine.add_cache("idle")
    engine.refuse("POST", "/build/prune", 409, "a prune operation is already running", times=99)
    result = prune(engine, busy_timeout=0)
    assert result["failed"]
    assert "a prune operation is already running" in result["msg"]
    assert [found["reason"] for found in result["not_removed"]] == ["the prune failed"]


def test_build_cache_released_after_the_plan_stays(engine: DockerEngine) -> None:
    engine.add_cache("idle")
    busy = engine.add_cache("busy", in_use=True)
    engine.before("POST", "/build/prune", lambda: setattr(busy, "in_use", False))
    assert len(prune(engine)["removed"]["build_cache"]) == 1
    assert list(engine.cache) == [busy.id]


def test_a_build_that_runs_is_waited_for_where_that_is_wanted(engine: DockerEngine) -> None:
    busy = engine.add_cache("busy", in_use=True)
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        busy.in_use = len(looks) < 2

    engine.before("GET", "/system/df", look, times=9)
    assert len(prune(engine, wait_for_builds=60)["removed"]["build_cache"]) == 1


def test_a_volume_that_came_into_use_stays(engine: DockerEngine) -> None:
    volume = engine.add_volume()
    engine.before("DELETE", "/volumes/", lambda: engine.add_container("job", state="created", volumes=[volume.name]))
    assert not_removed(prune(engine, volumes=True, volumes_grace="0")) == [(volume.name, "container job refers to it by now")]


def test_build_cache_that_came_into_use_is_listed_as_not_removed(engine: DockerEngine) -> None:
    idle = engine.add_cache("idle")
    engine.before("POST", "/build/prune", lambda: setattr(idle, "in_use", True))
    result = prune(engine)
    assert not result["changed"]
    assert [found["id"] for found in result["not_removed"]] == [idle.id]


def test_one_object_that_cannot_be_removed_does_not_hide_the_rest(engine: DockerEngine) -> None:
    stuck = engine.add_container("stuck")
    engine.add_container("zombie")
    engine.add_network("left")
    engine.refuse("DELETE", "/containers/%s" % stuck.id, 500, "driver overlay2 failed to remove root filesystem: device or resource busy")
    result = prune(engine)
    assert result["failed"]
    assert result["changed"]
    assert removed(result) == {"containers": ["zombie"], "networks": ["left"]}
    assert names(result["failed_objects"]) == ["stuck"]
    assert result["msg"].startswith("Cannot remove container stuck: Docker Engine refused DELETE /containers/%s: driver overlay2 failed" % stuck.id)


def test_an_engine_that_stops_answering_is_not_asked_again_and_again(engine: DockerEngine) -> None:
    engine.add_container("one")
    engine.add_container("two")
    engine.add_image("three:1")
    engine.add_cache("four")
    engine.before("DELETE", "/containers/", engine.hang_up, times=2)
    result = prune(engine)
    assert result["failed"]
    # both were under way when the engine went silent
    assert {*names(result["failed_objects"]), *(name for name, _why in not_removed(result))} >= {"one", "two"}
    assert "one" in names(result["failed_objects"]) or "two" in names(result["failed_objects"])
    assert ("three:1", "not tried, because the engine had stopped answering") in not_removed(result)
    assert set(removed(result)) <= {"build_cache"}, "its prune was under way, too"
