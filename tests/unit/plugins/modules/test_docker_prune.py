# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_prune, run for real against a stand-in of the engine over a unix socket."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine
from ansible_collections.mycosoft.rack.tests.fakes.prune import names, prune, reason, removed

MAS = {"com.docker.compose.project": "mas"}


@pytest.fixture
def engine(tmp_path: Path) -> t.Iterator[DockerEngine]:
    with DockerEngine(tmp_path) as running:
        yield running


def fill(engine: DockerEngine) -> None:
    """A server after some deploys: a project that runs, one that is stopped, and what earlier builds and tries left behind."""
    web = engine.add_image("web:2", labels=MAS, layers={"base": 1000, "web2": 300})
    engine.add_image("web:1", tags=[], labels=MAS, layers={"base": 1000, "web1": 200})
    tool = engine.add_image("tool:1", layers={"tool": 50})
    engine.add_image("spare:1", tags=["spare:1", "copy/spare:2"], layers={"spare": 70})
    for network in ("bridge", "host", "none"):
        engine.add_network(network)
    engine.add_network("mas_default", MAS)
    engine.add_network("left")
    engine.add_container("web", web.id, "running", ["mas_default"], MAS)
    engine.add_container("try", tool.id, "exited", ["left"], size=9)
    engine.add_cache("busy", in_use=True)
    engine.add_cache("idle", size=40)


def test_what_nothing_needs_goes_and_what_runs_stays(engine: DockerEngine) -> None:
    fill(engine)
    result = prune(engine)
    assert result["changed"]
    assert removed(result) == {
        "containers": ["try"],
        "images": [result["removed"]["images"][0]["name"], "copy/spare:2", "tool:1"],
        "networks": ["left"],
        "build_cache": ["mount / from exec /bin/sh -c make"],
    }
    assert names(result["kept"]["images"]) == ["web:2"]
    assert reason(result, "images", "web:2") == "container web (running) needs it"
    assert reason(result, "networks", "bridge") == "it is the engine's own"
    assert result["kept"]["build_cache"][0]["reason"] == "a build uses it"
    assert [container.name for container in engine.containers.values()] == ["web"]
    assert sorted(network.name for network in engine.networks.values()) == ["bridge", "host", "mas_default", "none"]


def test_bytes_freed_are_those_that_left_the_disk(engine: DockerEngine) -> None:
    fill(engine)
    before = engine.disk
    freed = prune(engine)["freed"]
    assert freed == {"containers": 9, "images": 200 + 50 + 70, "networks": 0, "volumes": 0, "build_cache": 40, "total": 369}
    assert before - engine.disk == freed["images"] + freed["build_cache"]


def test_layers_that_images_and_build_cache_share_are_counted_once(engine: DockerEngine) -> None:
    keeper = engine.add_image("kept:1", layers={"a": 500})
    engine.add_container("up", keeper.id, "running")
    engine.add_image("old:1", layers={"a": 500, "b": 300})
    engine.add_cache("a", size=500, layer="a")
    engine.add_cache("b", size=300, layer="b")
    before = engine.disk
    freed = prune(engine)["freed"]
    assert (freed["images"], freed["build_cache"]) == (300, 0)
    assert before - engine.disk == freed["total"]


def test_layers_that_stay_in_the_build_cache_are_not_called_freed(engine: DockerEngine) -> None:
    engine.add_image("old:1", layers={"b": 300, "c": 20})
    engine.add_cache("b", size=300, layer="b")
    assert prune(engine, build_cache=False)["freed"]["total"] == 20


def test_check_mode_returns_the_plan_of_the_real_run_and_changes_nothing(engine: DockerEngine) -> None:
    fill(engine)
    foreseen = prune(engine, check=True)
    assert engine.writes == []
    done = prune(engine)
    for key in ("changed", "removed", "kept", "diff", "not_removed", "failed_objects", "unmatched_rules"):
        assert foreseen[key] == done[key], key
    assert foreseen["freed"]["total"] == 0


def test_a_second_run_changes_nothing(engine: DockerEngine) -> None:
    fill(engine)
    prune(engine)
    again = prune(engine)
    assert not again["changed"]
    assert again["diff"]["before"] == again["diff"]["after"] == ""
    assert again["freed"]["total"] == 0


def test_the_diff_names_what_goes_and_counts_it(engine: DockerEngine) -> None:
    fill(engine)
    tool = next(image for image in engine.images.values() if image.tags == ["tool:1"])
    diff = prune(engine, check=True)["diff"]
    assert "image tool:1 %s 50B: no container that stays uses it\n" % tool.id[7:19] in diff["before"]
    assert diff["after"] == "removed: 1 container, 3 images, 1 network, 1 build cache record\n"


def test_a_stopped_service_of_a_kept_project_keeps_container_image_and_network(engine: DockerEngine) -> None:
    image = engine.add_image("docker.io/pulled:1")
    engine.add_network("mas_default")
    engine.add_network("shared")
    engine.add_container("orchestrator", image.id, "exited", ["mas_default", "shared"], MAS)
    result = prune(engine, keep_projects=["mas"])
    assert not result["changed"]
    assert reason(result, "containers", "orchestrator") == "keep_projects: mas"
    assert reason(result, "networks", "shared") == "container orchestrator (exited) needs it"


def test_a_container_that_never_ran_keeps_its_network_by_name(engine: DockerEngine) -> None:
    engine.add_network("edge")
    engine.add_container("new", state="created", networks=["edge"], labels=MAS)
    assert not prune(engine, keep_projects=["mas"])["changed"]


def test_containers_out_of_scope_keep_what_they_use(engine: DockerEngine) -> None:
    fill(engine)
    result = prune(engine, containers=False)
    assert "containers" not in removed(result)
    assert "networks" not in removed(result)
    assert reason(result, "images", "tool:1") == "container try (exited) needs it"


def test_an_old_build_of_a_kept_project_goes_and_its_tagged_image_stays(engine: DockerEngine) -> None:
    engine.add_image("web:2", labels=MAS)
    old = engine.add_image("old", tags=[], labels=MAS)
    result = prune(engine, keep_projects=["mas"])
    assert [found["id"] for found in result["removed"]["images"]] == [old.id]
    assert result["removed"]["images"][0]["reason"] == "it has no tag, and no container that stays uses it"


def test_parents_of_a_kept_image_stay_and_other_chains_go_from_the_top(engine: DockerEngine) -> None:
    base = engine.add_image("base:1", created=1)
    step = engine.add_image("step", tags=[], parent=base.id, created=2)
    engine.add_image("kept:1", parent=step.id, created=2)
    low = engine.add_image("low", tags=[], created=9)
    engine.add_image("top:1", parent=low.id, created=9)
    result = prune(engine, keep_images=["kept:1"])
    assert [found["id"] for found in result["removed"]["images"]] == [engine.add_image("top:1").id, low.id]
    assert reason(result, "images", "base:1").startswith("image ")


@pytest.mark.parametrize(
    ("tags", "digests"),
    [
        pytest.param(["a:1"], [], id="one tag"),
        pytest.param(["a:1", "a:2", "reg.example.org:5000/b/c:3"], [], id="tags in two repositories"),
        pytest.param([], [], id="no tag"),
        pytest.param(["a:1"], ["a@sha256:%064d" % 1], id="tag and digest"),
        pytest.param([], ["a@sha256:%064d" % 1, "b@sha256:%064d" % 1], id="pulled by digest from two repositories"),
    ],
)
@pytest.mark.parametrize("containerd", [False, True], ids=["graph driver", "containerd store"])
def test_an_image_goes_with_all_its_references_and_without_force(engine: DockerEngine, tags: list[str], digests: list[str], containerd: bool) -> None:
    engine.containerd_store = containerd
    engine.add_image("x", tags=tags, digests=digests)
    assert len(prune(engine)["removed"]["images"]) == 1
    assert engine.images == {}


def test_the_containerd_store_leaves_no_untagged_rest_of_a_removed_base(engine: DockerEngine) -> None:
    engine.containerd_store = True
    base = engine.add_image("base:1")
    child = engine.add_image("child:1", parent=base.id)
    engine.add_container("up", child.id, "running")
    prune(engine)
    assert list(engine.images) == [child.id]


def test_the_shape_of_disk_usage_from_api_1_53_on_is_read_too(tmp_path: Path) -> None:
    with DockerEngine(tmp_path, api_version="1.53") as engine:
        fill(engine)
        before = engine.disk
        result = prune(engine, api_version="1.53")
        assert result["engine"] == {"version": "20.10.24+dfsg1", "api_version": "1.53", "storage_driver": "overlay2"}
        assert before - engine.disk == result["freed"]["images"] + result["freed"]["build_cache"]


def test_rules_that_match_nothing_are_told(engine: DockerEngine) -> None:
    fill(engine)
    result = prune(engine, keep_projects=["mas", "msa"], keep_images=["web:*", "wbe:*"], keep_networks=["lfet"], keep_labels=["k=v"])
    assert result["unmatched_rules"] == [
        {"option": "keep_projects", "rule": "msa"},
        {"option": "keep_images", "rule": "wbe:*"},
        {"option": "keep_networks", "rule": "lfet"},
        {"option": "keep_labels", "rule": "k=v"},
    ]


def test_an_empty_rule_is_refused_before_anything_is_asked(engine: DockerEngine) -> None:
    fill(engine)
    result = prune(engine, keep_projects=[""])
    assert result["failed"]
    assert "keep_projects" in result["msg"]
    assert engine.writes == []


def test_what_a_recovery_stopped_stays_with_its_image_and_network(engine: DockerEngine, tmp_path: Path) -> None:
    fill(engine)
    (stopped,) = [container for container in engine.containers.values() if container.name == "try"]
    noted: dict[str, t.Any] = {"id": stopped.id, "name": "try", "project": None, "service": None, "restart": {}, "memory": 9, "number": 1}
    record = tmp_path / "recovery.json"
    record.write_text(json.dumps({"version": 1, "began": "2026-11-28T08:24:44Z", "containers": [noted]}))
    result = prune(engine, state_directory=str(tmp_path))
    assert reason(result, "containers", "try") == "recovery.json: a recovery stopped it, and is to bring it back"
    assert {"containers", "networks"}.isdisjoint(removed(result))
    assert "tool:1" in names(result["kept"]["images"])


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 2, "containers": []}', '{"version": 1, "began": "", "containers": [{"id": 1}]}'])
def test_a_record_that_cannot_be_understood_lets_nothing_go(engine: DockerEngine, tmp_path: Path, content: str) -> None:
    fill(engine)
    (tmp_path / "recovery.json").write_text(content)
    result = prune(engine, state_directory=str(tmp_path))
    assert result["msg"].startswith("Cannot read what a recovery stopped: %s" % (tmp_path / "recovery.json"))
    assert len(engine.containers) == 2
