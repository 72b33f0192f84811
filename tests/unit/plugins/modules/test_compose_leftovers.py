# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose_leftovers, run for real against an engine on a real socket."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import compose_leftovers
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine
from ansible_collections.mycosoft.rack.tests.fakes.docker_objects import Container

Result = dict[str, t.Any]
Run = t.Callable[..., Result]


@pytest.fixture
def engine(tmp_path: Path) -> t.Iterator[DockerEngine]:
    with DockerEngine(tmp_path) as running:
        yield running


@pytest.fixture
def run(engine: DockerEngine, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(check: bool = False) -> Result:
        with patch_module_args({"projects": ["shop"], "docker_host": engine.address, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            compose_leftovers.main()
        assert engine.violations == []
        result: Result = json.loads(capsys.readouterr().out)
        return result

    return call


def labels(service: str = "web", **more: str) -> dict[str, str]:
    given = {"project": "shop", "service": service, "config-hash": "1", "oneoff": "False", **more}
    return {"com.docker.compose.%s" % name: value for name, value in given.items()}


def replacement(engine: DockerEngine, old: Container, state: str = "created", **more: str) -> Container:
    """As Compose leaves it."""
    return engine.add_container("%s_%s" % (old.id[:12], old.name), state=state, labels=labels(**{"replace": "web-1", **more}))


@pytest.mark.parametrize("old_state", ["running", "exited"])
def test_a_replacement_that_was_never_started_goes_and_what_it_was_to_replace_stays(engine: DockerEngine, run: Run, old_state: str) -> None:
    old = engine.add_container("shop-web-1", state=old_state, labels=labels())
    new = replacement(engine, old)

    foreseen = run(check=True)
    assert (foreseen["changed"], engine.writes) == (True, [])
    assert foreseen["diff"]["before"] == "%s (never started)\n" % new.name
    done = run()
    assert done["leftovers"] == [{"id": new.id, "name": new.name, "project": "shop", "service": "web", "replaces": "shop-web-1"}]
    assert engine.writes == ["DELETE /containers/%s" % new.id]
    assert run()["changed"] is False


def test_a_replacement_whose_predecessor_is_gone_stays(engine: DockerEngine, run: Run) -> None:
    """It may have taken over the volumes, and the next start finds it."""
    old = engine.add_container("shop-web-1", labels=labels())
    replacement(engine, old)
    del engine.containers[old.id]
    assert run()["changed"] is False


@pytest.mark.parametrize(
    ("state", "more"),
    [
        pytest.param("running", {}, id="it runs"),
        pytest.param("exited", {}, id="it ran"),
        pytest.param("created", {"project": "other"}, id="of another project"),
        pytest.param("created", {"service": "db"}, id="of another service than the container of that id"),
        pytest.param("created", {"oneoff": "True"}, id="made by docker compose run"),
    ],
)
def test_everything_else_stays(engine: DockerEngine, run: Run, state: str, more: dict[str, str]) -> None:
    replacement(engine, engine.add_container("shop-web-1", state="running", labels=labels()), state, **more)
    assert run()["changed"] is False


def test_what_somebody_created_by_hand_stays(engine: DockerEngine, run: Run) -> None:
    old = engine.add_container("shop-web-1", state="running", labels=labels())
    engine.add_container("%s_mine" % old.id[:12], state="created", labels=labels())
    engine.add_container("shop-web-2", state="created", labels=labels(replace="web-1"))
    assert run()["changed"] is False


def test_one_that_was_started_meanwhile_is_not_removed(engine: DockerEngine, run: Run) -> None:
    new = replacement(engine, engine.add_container("shop-web-1", state="running", labels=labels()))
    engine.before("DELETE", new.id, lambda: setattr(new, "state", "running"))
    assert "You cannot remove a running container" in run()["msg"]
    assert new.id in engine.containers
