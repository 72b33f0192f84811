# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border to the engine: what it says when the engine does not answer, or says no."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput, RackError, Unreachable
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Conflict, Engine, NotFound, connect
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine


@pytest.fixture
def fake(tmp_path: Path) -> t.Iterator[DockerEngine]:
    with DockerEngine(tmp_path) as running:
        yield running


def connected(fake: DockerEngine, api_version: str = "auto") -> Engine:
    return connect({"docker_host": fake.address, "api_version": api_version, "timeout": 10})


def test_versions_are_those_of_the_engine(fake: DockerEngine) -> None:
    engine = connected(fake)
    assert (engine.version, engine.api_version) == ("20.10.24+dfsg1", "1.41")


def test_a_pinned_api_version_is_spoken(fake: DockerEngine) -> None:
    assert connected(fake, "1.40").api_version == "1.40"


@pytest.mark.parametrize(("newest", "spoken"), [("1.41", "1.41"), ("1.45", "1.45"), ("1.51", "1.51"), ("1.53", "1.51")])
def test_the_newest_version_that_the_tests_know_is_spoken(tmp_path: Path, newest: str, spoken: str) -> None:
    with DockerEngine(tmp_path, newest) as fake:
        assert connected(fake).api_version == spoken


@pytest.mark.parametrize("written", ["latest", "1", "v1.45", ""])
def test_what_is_no_version_is_refused(fake: DockerEngine, written: str) -> None:
    with pytest.raises(InvalidInput, match="Write auto, or for example 1.45"):
        connected(fake, written)


def test_containers_and_inspection_are_the_engines_own_json(fake: DockerEngine) -> None:
    made = fake.add_container("web", state="running")
    engine = connected(fake)
    assert [found["Names"] for found in engine.containers()] == [["/web"]]
    assert engine.inspect(made.id)["State"]["Status"] == "running"


def test_an_answer_without_content_is_none(fake: DockerEngine) -> None:
    made = fake.add_container("web")
    assert connected(fake).delete("/containers/%s" % made.id) is None


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (409, Conflict), (403, RackError), (500, RackError)])
def test_a_refusal_carries_the_engines_words_and_status(fake: DockerEngine, status: int, kind: type[RackError]) -> None:
    engine = connected(fake)
    fake.refuse("GET", "/networks", status, "  no, because\n")
    with pytest.raises(RackError) as refused:
        engine.get("/networks")
    assert refused.value.__class__ is kind
    assert refused.value.message == "Docker Engine refused GET /networks: no, because"
    assert refused.value.facts == {"status": status}


def test_no_engine_at_the_address_is_told_with_the_address(tmp_path: Path) -> None:
    address = "unix://%s" % (tmp_path / "nobody.sock")
    with pytest.raises(Unreachable, match="Cannot reach the Docker Engine at %s" % address):
        connect({"docker_host": address, "api_version": "auto", "timeout": 1})


def test_an_address_that_makes_no_sense_is_told_with_the_address() -> None:
    with pytest.raises(InvalidInput, match="at nonsense://here: it is no address"):
        connect({"docker_host": "nonsense://here", "api_version": "auto", "timeout": 1})


def test_an_engine_that_hangs_up_is_unreachable(fake: DockerEngine) -> None:
    engine = connected(fake)
    fake.before("GET", "/info", fake.hang_up)
    with pytest.raises(Unreachable, match="Cannot ask the Docker Engine for GET /info"):
        engine.get("/info")
