# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_release_info, run for real against an engine on a real socket, real files and a real git checkout."""

from __future__ import annotations

import json
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso
from ansible_collections.mycosoft.rack.plugins.modules import docker_release, docker_release_info
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine

Result = dict[str, t.Any]
G = 1024**3
RUN = "20261123T050000Z-0001"


@pytest.fixture
def engine(tmp_path: Path) -> t.Iterator[DockerEngine]:
    with DockerEngine(tmp_path) as running:
        yield running


class Shop:
    """A stack of one service with 2G, on a host with records."""

    def __init__(self, engine: DockerEngine, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.engine, self.folder, self.capsys = engine, folder, capsys
        self.override, self.checkout = folder / "state/stacks/shop.yml", folder / "checkout"
        self.state, self.history = folder / "state", folder / "state/memory.jsonl"
        for made in (self.checkout, self.override.parent):
            made.mkdir(parents=True)
        for argv in (["init", "--quiet"], ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--allow-empty", "--message", "one"]):
            subprocess.run(["git", "-C", str(self.checkout), *argv], check=True)
        self.override.write_text("limits", encoding="utf-8")
        image = engine.add_image("shop-web:latest")
        labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web", "com.docker.compose.config-hash": "h1"}
        self.web = engine.add_container("shop-web-1", image.id, "running", labels=labels, reference="shop-web:latest", memory=2 * G)

    def _run(self, module: t.Any, **options: t.Any) -> Result:
        stacks = {"shop": {"project": "shop", "sources": [str(self.checkout)]}}
        with (
            patch_module_args({"stacks": stacks, "state_directory": str(self.state), "docker_host": self.engine.address, **options}),
            pytest.raises(SystemExit),
        ):
            module.main()
        result: Result = json.loads(self.capsys.readouterr().out)
        return result

    def release(self, state: str, **options: t.Any) -> None:
        assert "failed" not in self._run(docker_release, **{"state": state, "run": RUN, **options})

    def look(self, **options: t.Any) -> Result:
        """Nothing is written by a look."""
        before = self.engine.writes[:]
        result = self._run(docker_release_info, **options)
        assert (self.engine.writes, self.engine.violations) == (before, [])
        return result

    def drift(self) -> list[str]:
        return [one["what"] for one in self.look()["stacks"]["shop"]["drift"]]


@pytest.fixture
def shop(engine: DockerEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(engine, tmp_path, capsys)


@pytest.fixture
def deployed(shop: Shop) -> Shop:
    shop.release("pinned")
    shop.release("finished")
    return shop


def test_before_the_first_release_there_is_nothing_to_differ_from(shop: Shop) -> None:
    result = shop.look()
    assert (result["changed"], result["engine"]) == (False, None)
    assert result["stacks"] == {"shop": {"current": None, "last": None, "drift": None, "problem": None}}
    assert (result["runs"], result["samples"]) == ([], [])
    assert result["disk"]["total"] >= result["disk"]["free"] > 0


def test_what_was_released_is_told_and_does_not_differ(deployed: Shop) -> None:
    result = deployed.look()
    stack = result["stacks"]["shop"]
    assert (stack["current"]["id"], stack["current"]["result"], stack["last"]["id"], stack["drift"]) == (RUN, "ok", RUN, [])
    assert [(run["id"], run["result"], run["stacks"]) for run in result["runs"]] == [(RUN, "ok", ["shop"])]
    assert [(sample["memory_available"] > 0, sample["disk_free"] > 0) for sample in result["samples"]] == [(True, True)] * 2


def test_what_is_changed_by_hand_is_drift(deployed: Shop) -> None:
    deployed.web.memory = 3 * G
    assert deployed.drift() == ["limit"]
    deployed.web.image = deployed.engine.add_image("other:latest").id
    deployed.web.labels["com.docker.compose.config-hash"] = "h2"
    deployed.override.write_text("other", encoding="utf-8")
    assert deployed.drift() == ["image", "configuration", "limit", "override"]
    deployed.web.state = "exited"
    assert "stopped" in deployed.drift()
    deployed.engine.containers.clear()
    assert deployed.drift() == ["missing", "override"]


def test_what_had_ended_when_it_was_released_is_not_missed(shop: Shop) -> None:
    shop.web.state = "exited"
    shop.release("pinned")
    assert shop.look()["stacks"]["shop"]["current"]["result"] == "found"
    assert shop.drift() == []


def test_a_release_of_before_limits_were_recorded_has_none_to_compare(deployed: Shop) -> None:
    path = deployed.state / f"releases/shop/{RUN}/release.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    assert (record["state"]["services"]["web"].pop("memory"), record["state"]["services"]["web"].pop("running")) == (2 * G, True)
    path.write_text(json.dumps(record), encoding="utf-8")
    deployed.web.memory = 0
    assert deployed.drift() == []
    deployed.web.state = "exited"
    assert deployed.drift() == ["stopped"]


def test_a_run_that_is_under_way_is_the_last_one(deployed: Shop) -> None:
    deployed.release("pinned", run=RUN + "2")
    stack = deployed.look()["stacks"]["shop"]
    assert (stack["current"]["id"], stack["last"]["id"], stack["last"]["result"]) == (RUN, RUN + "2", "started")


def test_where_no_engine_answers_the_records_are_told_all_the_same(deployed: Shop) -> None:
    result = deployed.look(docker_host="unix:///nowhere/docker.sock")
    assert "Cannot reach the Docker Engine at unix:///nowhere/docker.sock" in result["engine"]
    assert (result["stacks"]["shop"]["current"]["id"], result["stacks"]["shop"]["drift"], result["disk"]) == (RUN, None, None)


def test_a_record_that_cannot_be_read_is_a_problem_of_its_stack(deployed: Shop) -> None:
    path = deployed.state / f"releases/shop/{RUN}/release.json"
    path.write_text("{", encoding="utf-8")
    stack = deployed.look()["stacks"]["shop"]
    assert stack["problem"].startswith(f"Cannot read the release {path}")
    assert (stack["current"], stack["drift"]) == (None, None)


def test_the_samples_of_checks_are_in_the_timeline_as_far_back_as_is_asked_for(shop: Shop) -> None:
    now = time.time()
    lines = [
        {"time": iso(now - days * 86400), "host": {"total": 8 * G, "available": days * G, "swap_used": 0}, "disk": {"total": 9, "free": 4}}
        for days in (3, 2, 1)
    ]
    shop.history.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"half', encoding="utf-8")
    expected = {"memory_total": 8 * G, "swap_used": 0, "disk_total": 9, "disk_free": 4}
    assert shop.look(within="2d12h")["samples"] == [{"time": iso(now - days * 86400), "memory_available": days * G, **expected} for days in (2, 1)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"within": "long"}, "Cannot use within: 'long' is no span of time.", id="no span"),
        pytest.param({"stacks": {"shop": {}}}, "stacks.shop.project", id="no project"),
    ],
)
def test_bad_input_is_refused(shop: Shop, options: Result, said: str) -> None:
    result = shop.look(**options)
    assert result["failed"] is True
    assert said in result["msg"]


def test_what_moved_away_and_what_it_left_is_told_as_long_as_it_is_there(shop: Shop) -> None:
    left = {"path": "/nowhere", "volume": "shop_data", "stack": "shop", "project": "shop", "services": ["web"], "host": "overflow1"}
    entries = [left, {**left, "volume": "gone"}, {**left, "path": str(shop.checkout), "volume": None}, {**left, "volume": None}, {**left, "host": "overflow2"}]
    shop.engine.add_volume("shop_data")
    (shop.state / "moved.json").write_text('{"shop": {"web": "overflow1"}}', encoding="utf-8")
    (shop.state / "moved_data.json").write_text(json.dumps({"left": entries}), encoding="utf-8")
    result = shop.look()
    assert (result["moved"], result["left"], result["unreadable"]) == ({"shop": {"web": "overflow1"}}, [entries[0], entries[2]], [])
    (shop.state / "moved_data.json").write_text("[", encoding="utf-8")
    assert [text.partition(":")[0] for text in shop.look()["unreadable"]] == ["Cannot tell whose data is here"]
