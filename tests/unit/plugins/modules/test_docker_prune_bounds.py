# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_prune within bounds: volumes and their grace, cache within a budget, thresholds, guards against a plan gone wrong."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._prune import snapshot
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.unused_record import Clock
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine
from ansible_collections.mycosoft.rack.tests.fakes.prune import names, prune, reason, removed

DAY = 86400
ONLY_VOLUMES = {"containers": False, "images": False, "networks": False, "build_cache": False, "volumes": True}


@pytest.fixture
def engine(tmp_path: Path) -> t.Iterator[DockerEngine]:
    with DockerEngine(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def _kernel_goes_with_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel counts the time that the engine's clock shows."""
    monkeypatch.setattr(snapshot, "_clock", lambda now: Clock(now, "boot", now))


def test_volumes_stay_unless_they_are_asked_for(engine: DockerEngine) -> None:
    engine.add_volume()
    engine.add_volume("data")
    result = prune(engine)
    assert not result["changed"]
    assert result["kept"]["volumes"] == []
    assert not Path(engine.root, "unused_since.json").exists()


def test_the_grace_of_an_anonymous_volume_begins_when_it_is_found_without_a_container(engine: DockerEngine) -> None:
    volume = engine.add_volume(files=7)
    container = engine.add_container("db", volumes=[volume.name])
    assert not prune(engine, **ONLY_VOLUMES)["changed"]
    del engine.containers[container.id]
    engine.now += 30 * DAY
    assert reason(prune(engine, **ONLY_VOLUMES), "volumes", volume.name) == "it has not been without a container for 7d yet"
    engine.now += 7 * DAY - 1
    assert not prune(engine, **ONLY_VOLUMES)["changed"]
    engine.now += 1
    result = prune(engine, **ONLY_VOLUMES)
    assert removed(result) == {"volumes": [volume.name]}
    assert result["freed"]["volumes"] == result["freed"]["total"] == 7


def test_a_volume_that_a_container_names_by_its_path_only_is_in_use(engine: DockerEngine) -> None:
    volume = engine.add_volume()
    engine.add_container("db", volumes=[volume.name])
    engine.mounts_by_path = True
    result = prune(engine, **ONLY_VOLUMES, volumes_grace="0")
    assert reason(result, "volumes", volume.name) == "container db (exited) needs it"


def test_a_volume_that_served_again_begins_a_new_grace(engine: DockerEngine) -> None:
    volume = engine.add_volume()
    prune(engine, **ONLY_VOLUMES)
    engine.now += 6 * DAY
    container = engine.add_container("db", volumes=[volume.name])
    prune(engine, **ONLY_VOLUMES)
    del engine.containers[container.id]
    engine.now += 2 * DAY
    assert not prune(engine, **ONLY_VOLUMES)["changed"]


def test_a_volume_of_a_container_that_goes_in_the_same_run_begins_its_grace_then(engine: DockerEngine) -> None:
    volume = engine.add_volume()
    engine.add_container("job", volumes=[volume.name])
    result = prune(engine, volumes=True)
    assert removed(result) == {"containers": ["job"]}
    assert list(engine.volumes) == [volume.name]


def test_without_a_grace_it_goes_in_the_same_run_and_nothing_is_noted(engine: DockerEngine) -> None:
    volume = engine.add_volume()
    engine.add_container("job", volumes=[volume.name])
    result = prune(engine, volumes=True, volumes_grace="0")
    assert removed(result) == {"containers": ["job"], "volumes": [volume.name]}
    assert not Path(engine.root, "unused_since.json").exists()


def test_check_mode_notes_nothing(engine: DockerEngine) -> None:
    engine.add_volume()
    prune(engine, check=True, **ONLY_VOLUMES)
    assert not Path(engine.root, "unused_since.json").exists()
    prune(engine, **ONLY_VOLUMES)
    assert json.loads(Path(engine.root, "unused_since.json").read_text(encoding="utf-8"))["unused_since"] == {"volumes": {engine.add_volume().name: engine.now}}


def by_hand(engine: DockerEngine) -> None:
    """What somebody left on a server, who has nothing to do with the rack: a result, a tool, and a stopped container of it that wrote nothing."""
    pulled = engine.add_image("report:1", digests=["report@sha256:%064d" % 1])
    engine.add_container("report", pulled.id, size=182)
    engine.add_container("clean", engine.add_image("tool:1").id)
    engine.add_image("other:1", labels={"com.docker.compose.project": "other"})
    engine.add_image("old", tags=[], labels={"com.docker.compose.project": "mas"})


GRACE: dict[str, t.Any] = {"irreplaceable_grace": "7d", "keep_projects": ["mas"]}


def test_what_nothing_could_bring_back_is_kept_for_a_grace_and_named_then_removed(engine: DockerEngine) -> None:
    by_hand(engine)
    foreseen = prune(engine, check=True, **GRACE)
    assert not Path(engine.root, "unused_since.json").exists()
    first = prune(engine, **GRACE)
    assert (foreseen["kept"], foreseen["removed"]) == (first["kept"], first["removed"])
    assert names(first["removed"]["containers"]) == []
    assert [found["reason"] for found in first["removed"]["images"]] == ["it has no tag, and no container that stays uses it"]
    assert reason(first, "containers", "report") == "its own layer holds 182B, and it has not been unused for 7d yet"
    assert reason(first, "containers", "clean") == "nothing else has its configuration and its log, and it has not been unused for 7d yet"
    assert reason(first, "images", "report:1") == "container report (exited) needs it"
    assert {found["name"]: found["until"] for kind in ("containers", "images") for found in first["kept"][kind]} == {
        "report": "2026-11-29T23:45:56Z",
        "clean": "2026-11-29T23:45:56Z",
        "tool:1": "2026-11-29T23:45:56Z",
        "other:1": "2026-11-29T23:45:56Z",
        "report:1": None,
    }
    engine.now += 7 * DAY - 1
    assert not prune(engine, **GRACE)["changed"]
    engine.now += 1
    assert removed(prune(engine, **GRACE)) == {"containers": ["clean", "report"], "images": ["other:1", "report:1"]}
    prune(engine, **GRACE)  # from now on nothing uses tool:1
    engine.now += 7 * DAY
    assert removed(prune(engine, **GRACE)) == {"images": ["tool:1"]}
    assert (engine.containers, engine.images) == ({}, {})


@pytest.mark.parametrize(("kind", "again", "name"), [("containers", "finished", "report"), ("images", "tagged", "other:1")])
def test_what_was_used_between_two_runs_begins_a_new_grace(engine: DockerEngine, kind: str, again: str, name: str) -> None:
    by_hand(engine)
    prune(engine, **GRACE)
    engine.now += 6 * DAY
    for found in getattr(engine, kind).values():
        setattr(found, again, engine.now)
    engine.now += 2 * DAY
    assert name in names(prune(engine, **GRACE)["kept"][kind])


def test_a_clock_that_was_ahead_when_a_container_ended_does_not_keep_it_for_ever(engine: DockerEngine) -> None:
    by_hand(engine)
    for container in engine.containers.values():
        container.finished = engine.now + 1000 * DAY
    prune(engine, **GRACE)
    engine.now += DAY
    assert {kept["until"] for kept in prune(engine, **GRACE)["kept"]["containers"]} == {"2026-11-29T23:45:56Z"}


def test_nothing_to_note_needs_no_directory(engine: DockerEngine) -> None:
    engine.add_container("mas-job-1", labels={"com.docker.compose.project": "mas"})
    engine.add_network("job")
    assert removed(prune(engine, **GRACE, state_directory="/nowhere")) == {"networks": ["job"]}


def test_a_record_that_cannot_be_written_stops_the_run_before_anything_goes(engine: DockerEngine) -> None:
    engine.add_container("job")
    engine.add_volume()
    result = prune(engine, volumes=True, state_directory="/nowhere")
    assert result["failed"]
    assert "/nowhere/unused_since.json" in result["msg"]
    assert engine.writes == []


def test_a_named_volume_goes_only_where_it_is_named_and_that_is_confirmed(engine: DockerEngine) -> None:
    engine.add_volume("data")
    engine.add_volume("other")
    refused = prune(engine, named_volumes=["data"])
    assert refused["failed"]
    assert "Cannot remove the volumes data: named_volumes names them, but remove_named_volumes does not confirm it" in refused["msg"]
    assert reason(prune(engine, **ONLY_VOLUMES), "volumes", "data") == "it has a name"
    result = prune(engine, named_volumes=["data", "dtaa"], remove_named_volumes=True)
    assert removed(result) == {"volumes": ["data"]}
    assert result["unmatched_rules"] == [{"option": "named_volumes", "rule": "dtaa"}]
    assert list(engine.volumes) == ["other"]


def test_a_named_volume_of_a_kept_project_stays_all_the_same(engine: DockerEngine) -> None:
    engine.add_volume("mas_data", labels={"com.docker.compose.project": "mas"})
    result = prune(engine, named_volumes=["mas_data"], remove_named_volumes=True, keep_projects=["mas"])
    assert reason(result, "volumes", "mas_data") == "keep_projects: mas"


def test_naming_volumes_takes_no_anonymous_ones_along(engine: DockerEngine) -> None:
    volume = engine.add_volume()
    engine.add_volume("data")
    result = prune(engine, named_volumes=["data"], remove_named_volumes=True, volumes_grace="0")
    assert reason(result, "volumes", volume.name) == "anonymous volumes were not asked for"


def test_build_cache_stays_within_its_budget(engine: DockerEngine) -> None:
    for number in range(4):
        engine.add_cache("r%d" % number, size=100, used=engine.now - number)
    result = prune(engine, build_cache_policy="budget", build_cache_max_used="250")
    assert len(result["removed"]["build_cache"]) == 2
    assert result["freed"]["build_cache"] == 200
    assert {record.used for record in engine.cache.values()} == {engine.now, engine.now - 1}


def test_room_on_the_disk_is_made_from_the_cache(engine: DockerEngine) -> None:
    engine.add_cache("old", size=100)
    assert not prune(engine, build_cache_policy="budget", build_cache_min_free="1")["changed"]
    assert prune(engine, build_cache_policy="budget", build_cache_min_free="1P")["changed"]


def test_nothing_goes_below_the_threshold_and_the_reason_says_so(engine: DockerEngine) -> None:
    engine.add_container("job")
    engine.add_image("job:1")
    result = prune(engine, only_if_disk_used="100%")
    assert not result["changed"]
    assert result["kept"]["images"][0]["reason"].endswith("and only_if_disk_used is 100%")
    assert result["disk"]["path"] == engine.root
    assert prune(engine, only_if_disk_used="0%")["changed"]


@pytest.mark.parametrize(("option", "value"), [("only_if_disk_used", "80%"), ("build_cache_min_free", "5G")])
def test_a_disk_that_cannot_be_measured_fails_or_counts_as_having_room(engine: DockerEngine, option: str, value: str) -> None:
    engine.add_cache("old")
    engine.root = "/nowhere"
    more: dict[str, t.Any] = {option: value, **({"build_cache_policy": "budget"} if option != "only_if_disk_used" else {})}
    refused = prune(engine, **more)
    assert refused["failed"]
    assert "Cannot see how full the engine's disk is, which %s asks for" % option in refused["msg"]
    result = prune(engine, disk_unknown="warn", **more)
    assert not result["changed"]
    assert result["disk"] is None


def test_a_plan_that_removes_too_much_is_refused_as_a_whole_and_shown(engine: DockerEngine) -> None:
    for name in "abc":
        engine.add_image(name)
    engine.add_container("job")
    for check in (True, False):
        result = prune(engine, check=check, max_delete={"images": 2, "containers": 1})
        assert result["failed"]
        assert "would remove 3 of kind images, where max_delete allows 2. Nothing was removed" in result["msg"]
        assert len(result["removed"]["images"]) == 3
    assert engine.writes == []
    assert prune(engine, max_delete={"images": 3})["changed"]


def test_newest_images_age_last_use_and_releases_keep(engine: DockerEngine) -> None:
    ago = {name: engine.now - number * DAY for number, name in enumerate(("today", "yesterday", "earlier", "long_ago"))}
    for name, when in ago.items():
        engine.add_image("web:" + name, created=when, tagged=ago["long_ago"])
    engine.add_image("job:1", created=0, tagged=ago["yesterday"] + 1)
    engine.add_image("rollback.mycosoft.rack/mas/web:7", created=0, tagged=0)
    kept = {"keep_newest_images": 2, "keep_used_within": "1d", "keep_regex": ["earl.er$"]}
    result = prune(engine, check=True, **kept)
    assert names(result["removed"]["images"]) == ["web:long_ago"]
    assert reason(result, "images", "web:yesterday") == "keep_newest_images: 2"
    assert reason(result, "images", "job:1") == "keep_used_within: 1d"
    assert reason(result, "images", "rollback.mycosoft.rack/mas/web:7") == "keep_rollback: a release can go back to it"
    assert names(prune(engine, keep_newer_than="3d", keep_rollback=False)["kept"]["images"]) == ["web:today", "web:yesterday", "web:earlier"]


def test_a_container_that_ended_lately_stays_with_its_image_where_that_is_wanted(engine: DockerEngine) -> None:
    image = engine.add_image("job:1", tagged=0, created=0)
    engine.add_container("late", image.id, finished=engine.now - 10)
    engine.add_container("early", image.id, finished=engine.now - 2 * DAY)
    result = prune(engine, keep_used_within="1d")
    assert removed(result) == {"containers": ["early"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"volumes_grace": "soon"}, "Cannot use volumes_grace: 'soon' is no span of time", id="grace"),
        pytest.param({"only_if_disk_used": "full"}, "Cannot use only_if_disk_used: 'full' is not a size", id="threshold"),
        pytest.param({"build_cache_max_used": "5G"}, "build_cache_policy is full, which removes all of it", id="bound without budget"),
        pytest.param({"build_cache_policy": "budget"}, "no bound is given. Give one of build_cache_reserved", id="budget without bound"),
        pytest.param({"build_cache_policy": "budget", "build_cache_reserved": "much"}, "Cannot use build_cache_reserved: 'much' is not a size", id="bound"),
        pytest.param({"keep_regex": ["("]}, r"Cannot keep '\(' (keep_regex): it is no regular expression", id="regular expression"),
        pytest.param({"keep_newer_than": "1 day"}, "Cannot keep '1 day' (keep_newer_than): '1 day' is no span of time", id="age"),
        pytest.param({"keep_newest_images": -1}, "Cannot keep '-1' (keep_newest_images): it is no number of images", id="newest images"),
        pytest.param({"docker_host": "tcp:/engine"}, "Cannot reach a Docker Engine at tcp:/engine: it is no address of one", id="address"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(engine: DockerEngine, options: dict[str, t.Any], message: str) -> None:
    result = prune(engine, **options)
    assert result["failed"]
    assert message.replace("\\", "") in result["msg"]
    assert engine.asked == []


def test_where_time_went_is_told(engine: DockerEngine) -> None:
    durations = prune(engine)["durations"]
    assert set(durations) == {"read", "containers", "images", "networks", "volumes", "build_cache", "total"}
    assert 0 < durations["read"] <= durations["total"]
