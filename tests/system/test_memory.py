# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory as it really is on a server: measured truthfully, while it grows short, when it is out, and with hardly any left."""

from __future__ import annotations

import contextlib
import datetime
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest

from tests.rig.meminfo import Memory
from tests.rig.rig import Rig
from tests.rig.ssh import wait_for
from tests.support.module_server import ModuleServer
from tests.system.eater import MIB, PROJECT, Eater, eaters, fates

SERVER = "sandbox"
CGROUPS = "/sys/fs/cgroup/memory"
LEFT = 64 * MIB
MODULES = "ansible_collections.mycosoft.rack.plugins.modules"

Check = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def server(rig: Rig) -> ModuleServer:
    return ModuleServer(rig, SERVER)


@pytest.fixture(scope="module")
def client(rig: Rig) -> Iterator[docker.DockerClient]:
    with rig.docker(SERVER) as client:
        yield client


@pytest.fixture(autouse=True)
def _calm_afterwards(rig: Rig, client: docker.DockerClient) -> Iterator[None]:
    with eaters(client):
        yield
    rig.set_memory(SERVER, "calm")


@pytest.fixture
def check(server: ModuleServer) -> Check:
    def run(**options: Any) -> dict[str, Any]:
        return server.run_module(f"{MODULES}.memory_check", options)[1]

    return run


def number(server: ModuleServer, *path: str) -> int:
    return int(server.say("cat", "/".join((CGROUPS, *path))))


def in_use(server: ModuleServer) -> int:
    """Anonymous memory of all that runs on the server."""
    return int(server.say("sed", "-n", "s/^total_rss //p", f"{CGROUPS}/memory.stat"))


def near(value: float) -> Any:
    return pytest.approx(value, rel=0.01)


def about(result: dict[str, Any], subject: str) -> dict[str, Any]:
    """The finding about it; one that says ok where there is none."""
    return next((finding for finding in result["findings"] if finding["subject"] == subject), {"level": "ok", "message": ""})


def test_the_incident_is_critical_and_every_number_is_what_others_measure(rig: Rig, server: ModuleServer, client: docker.DockerClient, check: Check) -> None:
    unlimited, limited = Eater(client, "unlimited", first=400), Eater(client, "limited", first=200, limit=300)
    rig.set_memory(SERVER, "incident")
    result = check(fail_on="never")
    assert result["status"] == "critical"
    assert f"The biggest containers are {unlimited.name} 4" in about(result, "host")["message"]
    assert f"{limited.name} 2" in about(result, "host")["message"]
    assert unlimited.name in about(result, "limits")["message"]
    assert limited.name not in about(result, "limits")["message"]

    memory, swap = (line.split() for line in server.say("free", "--bytes").splitlines()[1:])
    host = result["host"]
    assert [host["total"], host["available"], host["used"]] == [near(int(memory[column])) for column in (1, 6, 2)]
    assert [host["swap_total"], host["swap_used"]] == [near(int(swap[column])) for column in (1, 2)]

    found = {container["id"]: container for container in result["containers"]}
    for eater in (unlimited, limited):
        stats = eater.stats()
        usage = number(server, "docker", eater.id, "memory.usage_in_bytes")
        assert found[eater.id]["working_set"] == near(stats["usage"] - stats["stats"]["total_inactive_file"])  # what docker stats shows
        assert found[eater.id]["working_set"] == near(usage - stats["stats"]["total_inactive_file"])
    assert found[limited.id]["limit"] == number(server, "docker", limited.id, "memory.limit_in_bytes") == 300 * MIB
    assert found[unlimited.id]["limit"] is None


def test_an_unlimited_container_grows_to_critical_is_capped_and_its_kill_is_reported(
    rig: Rig, server: ModuleServer, client: docker.DockerClient, check: Check
) -> None:
    first = 200
    # a quarter of the machine is available at first, and each step takes 6 % of it: less than there is between warn and critical
    total = (in_use(server) + first * MIB) * 4 // 3
    eater = Eater(client, "unlimited", first, step=total * 6 // 100 // MIB)

    def level() -> str:
        """What the check says of a machine with so much memory, of which this server's real use is taken."""
        rig.set_memory(SERVER, Memory(total, max(total - in_use(server), 0), 0, 0))
        return str(about(check(), "host")["level"])

    seen = [level()]
    while seen[-1] != "critical" and len(seen) < 6:
        eater.grow()
        seen.append(level())
    assert list(dict.fromkeys(seen)) == ["ok", "warn", "critical"]
    assert f"The biggest containers are {eater.name} " in about(check(), "host")["message"]

    limit = number(server, "docker", eater.id, "memory.usage_in_bytes") // MIB * MIB + 50 * MIB
    limits = [{"project": PROJECT, "service": "unlimited", "memory": limit}]
    capped = server.run_module(f"{MODULES}.docker_memory_limits", {"limits": limits})[1]
    assert (capped["changed"], number(server, "docker", eater.id, "memory.limit_in_bytes")) == (True, limit)
    assert server.run_module(f"{MODULES}.docker_memory_limits", {"limits": limits, "_ansible_check_mode": True})[1]["changed"] is False

    before = int(time.time())
    eater.grow_to_death()
    result = check()
    after = time.time()
    [container] = [container for container in result["containers"] if container["id"] == eater.id]
    assert container["oom_killed"]
    assert before <= datetime.datetime.fromisoformat(container["oom_at"]).timestamp() <= after
    assert about(result, eater.name)["message"] == f"{eater.name} ran out of memory at {container['oom_at']}: the kernel killed it."
    assert about(check(oom_within="0s"), eater.name)["level"] == "ok"


def test_with_hardly_any_memory_left_it_still_tells_how_things_are(
    rig: Rig, server: ModuleServer, client: docker.DockerClient, record_property: Callable[[str, object], None]
) -> None:
    eater = Eater(client, "unlimited", first=100)
    rig.set_memory(SERVER, Memory(3 << 30, LEFT, 0, 0))
    with bounded(server, LEFT) as under:
        work, result = server.run_module(f"{MODULES}.memory_check", {}, *under)
        peak = number(server, "check", "memory.max_usage_in_bytes")
    assert result["status"] == "critical"
    assert eater.name in about(result, "host")["message"]
    assert work.peak <= peak + 16 * MIB  # libraries that others have loaded, too, are not charged again
    assert peak <= LEFT
    record_property("peak_memory_of_the_module", work.peak)
    record_property("peak_memory_charged_with_page_cache", peak)


@contextlib.contextmanager
def bounded(server: ModuleServer, size: int) -> Iterator[list[str]]:
    """Within, the command runs what follows it in a cgroup that has no more than this many bytes, and no swap."""
    group = f"{CGROUPS}/check"
    limits = f"echo {size} >{group}/memory.limit_in_bytes; echo {size} >{group}/memory.memsw.limit_in_bytes"
    server.say("sudo", "sh", "-c", f"mkdir {group}; {limits}; chmod a+w {group}/cgroup.procs")
    try:
        yield ["sh", "-c", f'echo $$ >{group}/cgroup.procs; exec "$0" "$@"']
    finally:
        wait_for("the end of the module", lambda: not server.say("cat", f"{group}/cgroup.procs"))
        server.say("sudo", "rmdir", group)


def test_asking_the_engine_for_few_tells_the_same_as_asking_for_all(server: ModuleServer, client: docker.DockerClient, check: Check) -> None:
    fates(client)
    found = {container["service"]: container for container in check()["containers"] if container["project"] == PROJECT}
    ids = [container["id"] for container in found.values()]
    asked = {detail["Config"]["Labels"]["com.docker.compose.service"]: detail for detail in json.loads(server.say("docker", "inspect", *ids))}
    assert {name: known(container) for name, container in found.items() if name != "looping"} == {
        name: inspected(detail) for name, detail in asked.items() if name != "looping"
    }
    # it goes on meanwhile
    assert 3 <= found["looping"]["restarts"] <= asked["looping"]["RestartCount"]
    assert {name for name, container in found.items() if container["oom_at"]} == {"child-killed", "killed", "looping"}
    assert found["child-killed"]["oom_kills"] == 1


def known(container: dict[str, Any]) -> tuple[object, ...]:
    return tuple(container[key] or 0 for key in ("state", "restarts", "oom_killed", "limit", "reservation", "memory_swap"))


def inspected(detail: dict[str, Any]) -> tuple[object, ...]:
    state, config = detail["State"], detail["HostConfig"]
    limits = (max(config[key], 0) for key in ("Memory", "MemoryReservation", "MemorySwap"))
    return (state["Status"], detail["RestartCount"], state["OOMKilled"] or 0, *limits)
