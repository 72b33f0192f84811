# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new version that starts first: there is a healthy copy at every moment, and one that does not become healthy is as if it had never been."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.rig.rig import Rig
from tests.support.module_server import ModuleServer
from tests.support.playbooks import Run, run_playbook, run_task
from tests.support.servers import docker, running
from tests.support.shop import PORT, Shop
from tests.support.visitors import Seen, visitors
from tests.system.test_memory import MODULES

SERVER = "overflow2"  # nothing else runs there
FOLDER = "/var/tmp/shop"  # noqa: S108 (on a server of the rig)
DRAIN = ["touch", "/run/drained"]

Json = dict[str, Any]
Rollout = Callable[..., Json]

#: One service. The image declares a volume that nobody named; memory in its place is no volume.
WEB: Json = {
    "image": "redis:8.0",
    "tmpfs": ["/data"],
    "environment": {"VERSION": "1"},
    "healthcheck": {"test": ["CMD", "redis-cli", "ping"], "interval": "1s"},
}


@pytest.fixture(scope="module")
def rig(engines: Rig) -> Rig:
    """One server of a rack is all that is needed, and nothing is placed on this one."""
    return engines


@pytest.fixture(scope="module")
def server(rig: Rig) -> ModuleServer:
    return ModuleServer(rig, SERVER)


@pytest.fixture(autouse=True)
def since(rig: Rig, server: ModuleServer) -> Iterator[str]:
    """The first version, which runs, and the server's time before it did: the copies of every test have the same names."""
    began = rig.run(SERVER, ["date", "+%s.%N"]).stdout.strip()
    write(rig, WEB)
    docker(rig, SERVER, "pull", "--quiet", WEB["image"])
    docker(rig, SERVER, *compose("up", "--detach", "--wait"))
    yield began
    docker(rig, SERVER, *compose("down", "--volumes", "--timeout", "0"))
    rig.run(SERVER, ["rm", "--recursive", FOLDER])


@pytest.fixture
def rollout(server: ModuleServer) -> Rollout:
    def run(check: bool = False, **more: Any) -> Json:
        drain = {"command": DRAIN, "seconds": 1}
        options = {"project": "shop", "arguments": compose()[1:], "wait_timeout": 20, "_ansible_check_mode": check}
        rollouts = [{"service": "web", "mode": "start-first", "memory": 1, "drain": drain, **more}]
        return server.run_module(f"{MODULES}.compose_rollout", {**options, "rollouts": rollouts}, may_fail=True)[1]

    return run


def compose(*words: str) -> list[str]:
    return ["compose", "--project-name", "shop", "--file", f"{FOLDER}/compose.yml", *words]


def write(rig: Rig, web: Json) -> None:
    content = json.dumps({"services": {"web": web}})
    rig.run(SERVER, ["sh", "-c", f"mkdir -p {FOLDER} && cat >{FOLDER}/compose.yml <<'END'\n{content}\nEND"])


def version(rig: Rig, number: str, **more: Any) -> None:
    write(rig, {**WEB, "environment": {"VERSION": number}, **more})


def copies(rig: Rig) -> dict[str, str]:
    """Name -> version of every container of the service."""
    names = docker(rig, SERVER, "ps", "--all", "--filter", "label=com.docker.compose.project=shop", "--format", "{{.Names}}").split()
    found = json.loads(docker(rig, SERVER, "inspect", *names)) if names else []
    return {one["Name"].lstrip("/"): next(entry[8:] for entry in one["Config"]["Env"] if entry.startswith("VERSION=")) for one in found}


def happened(rig: Rig, since: str) -> list[str]:
    """What the engine remembers of the copies since then, the oldest first, as ``<action> <name>``."""
    # "0s" is cut to the whole second that has begun: what came in it would be missing. A second later than now is waited for.
    until = int(rig.run(SERVER, ["date", "+%s"]).stdout) + 1
    events = docker(
        rig, SERVER, "events", "--since", since, "--until", str(until), "--filter", "label=com.docker.compose.project=shop", "--format", "{{json .}}"
    )
    return [f"{event['Action']} {event['Actor']['Attributes']['name']}" for event in map(json.loads, events.splitlines())]


def test_the_old_copy_ends_when_the_new_one_is_healthy_and_it_has_been_drained(rig: Rig, rollout: Rollout, since: str) -> None:
    """Check mode foretells it, and what Compose starts afterwards leaves the new copy alone."""
    version(rig, "2")
    before = running(rig, SERVER)
    foreseen = rollout(check=True)
    assert (foreseen["changed"], foreseen["rollouts"]) == (True, [{"service": "web", "rollout": "start-first", "old": ["shop-web-1"]}])
    assert running(rig, SERVER) == before

    result = rollout()
    assert result["rollouts"] == [{"service": "web", "rollout": "start-first", "old": ["shop-web-1"], "new": "shop-web-2"}], result
    assert copies(rig) == {"shop-web-2": "2"}
    seen = happened(rig, since)
    order = [
        seen.index("health_status: healthy shop-web-2"),
        seen.index(f"exec_start: {' '.join(DRAIN)} shop-web-1"),
        seen.index("kill shop-web-1"),
    ]
    assert order == sorted(order), seen

    after = running(rig, SERVER)
    docker(rig, SERVER, *compose("up", "--detach", "--wait"))
    assert (running(rig, SERVER), rollout()["rollouts"]) == (after, [{"service": "web", "rollout": "unchanged"}])


def test_it_is_told_which_new_copy_is_waited_for_and_for_how_long(rig: Rig) -> None:
    version(rig, "2", command=["sh", "-c", "sleep 4; exec redis-server"], healthcheck={**WEB["healthcheck"], "retries": 60})
    rollouts = [{"service": "web", "mode": "start-first", "memory": 1}]
    run = run_task("mycosoft.rack.compose_rollout", SERVER, rig.inventory, {"project": "shop", "arguments": compose()[1:], "rollouts": rollouts, "every": 1})
    assert re.search(rf"^{SERVER}: rollout of shop/web: 0:0[1-9]  shop-web-2 is starting$", run.succeeded().output, re.MULTILINE), run.output
    assert copies(rig) == {"shop-web-2": "2"}


def test_a_copy_that_does_not_become_healthy_is_removed_and_the_old_one_runs_on(rig: Rig, rollout: Rollout) -> None:
    before = running(rig, SERVER)
    version(rig, "2", command=["redis-server", "--no-such-option"])
    result = rollout()
    assert result["failed"] is True
    assert "the new container was not healthy after " in result["msg"]
    assert " s, but ended. It was removed" in result["msg"]
    assert any("Configuration" in line for line in result["logs"]["shop-web-2"]), result
    assert running(rig, SERVER) == before


def test_two_copies_that_a_dead_run_left_are_replaced_by_one(rig: Rig, rollout: Rollout) -> None:
    version(rig, "2")
    docker(rig, SERVER, *compose("up", "--detach", "--no-recreate", "--scale", "web=2", "web"))
    assert copies(rig) == {"shop-web-1": "1", "shop-web-2": "2"}
    assert rollout()["rollouts"][0]["new"] == "shop-web-3"
    assert copies(rig) == {"shop-web-3": "2"}


def test_where_two_copies_cannot_be_the_service_is_left_alone_and_the_reason_said(rig: Rig, rollout: Rollout) -> None:
    reasons: list[tuple[Json, Json, str]] = [
        ({"ports": ["3998:6379"]}, {}, "it publishes the port 3998 of the host"),
        ({}, {"memory": 1024**5}, "a second copy needs 1P, and "),
        ({}, {"blocker": "the plan is full"}, "the plan is full"),
    ]
    before = running(rig, SERVER)
    for change, more, why in reasons:
        version(rig, "2", **change)
        [done] = rollout(**more)["rollouts"]
        assert done["rollout"] == "recreate"
        assert done["why"].startswith(why), done
        assert running(rig, SERVER) == before


def deploy(rig: Rig, *arguments: str) -> Run:
    """The stack as a part of a rack, where nothing else is planned."""
    web = {"memory": "64M", "rollout": "start-first", "drain": {"command": DRAIN, "seconds": 1}}
    shop = {"directory": FOLDER, "files": ["compose.yml"], "host": SERVER, "services": {"web": web}}
    return run_playbook("tests/system/plays/compose_deploy.yml", rig.inventory, *arguments, extra={"rack_stacks": {"shop": shop}}).succeeded()


def test_a_deploy_starts_first_what_asks_for_it_and_says_why_where_it_cannot(rig: Rig, since: str) -> None:
    deploy(rig)
    version(rig, "2")
    foreseen = deploy(rig, "--check", "--diff").output
    assert "-web: shop-web-2" in foreseen, foreseen
    deploy(rig)
    assert copies(rig) == {"shop-web-3": "2"}
    seen = happened(rig, since)
    assert seen.index("health_status: healthy shop-web-3") < seen.index("kill shop-web-2"), seen
    version(rig, "3", ports=["3998:6379"])
    output = " ".join(deploy(rig).output.split())
    assert f"web on {SERVER} is recreated, not started first: it publishes the port 3998 of the host, which one container can have." in output, output
    assert list(copies(rig).values()) == ["3"]


def test_a_volume_that_nobody_named_would_stay_behind(rig: Rig, rollout: Rollout) -> None:
    write(rig, {key: value for key, value in WEB.items() if key != "tmpfs"})
    docker(rig, SERVER, *compose("up", "--detach", "--wait"))
    [done] = rollout()["rollouts"]
    assert done == {"service": "web", "rollout": "recreate", "why": "it has a volume without a name at /data, which a second copy would not get"}


def test_no_visitor_meets_an_error_while_a_service_behind_an_edge_is_started_first(rig: Rig) -> None:
    """A service that needs 2 s until it can answer; the edge is the example of docs/guides/rollout.md."""
    shop = Shop(rig, SERVER)
    converge = "tests/system/plays/compose_deploy.yml"
    try:
        old = shop.release(start_seconds=2)
        shop.deploy("start-first", converge).succeeded()
        new = shop.release(start_seconds=2)
        with visitors(shop.address, PORT) as visits:
            shop.deploy("start-first", converge).succeeded()
    finally:
        shop.remove()
    seen = Seen(tuple(visits))
    assert (seen.failed("GET"), seen.failed("POST")) == (0, 0), seen
    assert seen.versions == [old, new]
