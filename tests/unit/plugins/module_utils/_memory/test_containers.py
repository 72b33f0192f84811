# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers: asking the engine for few tells the same as asking for all."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.containers import list_containers, read_container, read_containers, read_kernel
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import MIB, NOW, Machine, StandingKernel

layouts = pytest.mark.parametrize(
    ("cgroup", "driver"), [(1, "cgroupfs"), (1, "systemd"), (2, "cgroupfs"), (2, "systemd")], ids=["v1-cgroupfs", "v1-systemd", "v2-cgroupfs", "v2-systemd"]
)

#: What can happen to a container, and whether the engine must be asked about it.
FATES: dict[str, tuple[dict[str, t.Any], bool]] = {
    "plain": ({"limit": 64 * MIB, "memory_swap": 128 * MIB, "reservation": 16 * MIB}, False),
    "unlimited": ({}, False),
    "swap without limit": ({"limit": 64 * MIB, "memory_swap": -1}, False),
    "paused": ({"state": "paused"}, False),
    "started a second after it was created": ({"started": NOW - 3599.0}, False),
    "restarted by the engine": ({"started": NOW - 60, "restarts": 2}, True),
    "started by hand after it was created": ({"started": NOW - 60}, True),
    "in a restart loop": ({"state": "restarting", "oom_killed": True, "restarts": 7, "finished": NOW - 2.0}, True),
    "running between two restarts": ({"started": NOW - 1.0, "oom_killed": True, "restarts": 7, "finished": NOW - 2.0}, True),
    "a child was killed": ({"oom_kills": 1, "oom_killed": True}, True),
    "a child was killed and the engine says nothing": ({"oom_kills": 1}, True),
    "the main process was killed": ({"state": "exited", "oom_killed": True, "finished": NOW - 90.0}, True),
    "stopped": ({"state": "exited", "finished": NOW - 90.0}, True),
    "never started": ({"state": "created"}, True),
    "in a cgroup of its own choice": ({"place": "custom"}, True),
}


@pytest.fixture
def machine(tmp_path: Path) -> t.Iterator[Machine]:
    with Machine(tmp_path) as running:
        yield running


def engine_of(machine: Machine) -> Engine:
    return connect({"docker_host": machine.address, "api_version": "auto", "timeout": 10})


def looked_at(machine: Machine) -> list[dict[str, t.Any]]:
    kernel = StandingKernel(machine.root)
    return [container.facts() for container in read_containers(kernel, list_containers(engine_of(machine), NOW), read_kernel(kernel))]


@layouts
@pytest.mark.parametrize("swap_limit", [True, False], ids=["swap accounted", "swap not accounted"])
def test_asking_for_few_tells_the_same_as_asking_for_all(tmp_path: Path, cgroup: int, driver: str, swap_limit: bool) -> None:
    with Machine(tmp_path, cgroup, driver, swap_limit) as machine:
        made = [machine.add(name, name, **more) for name, (more, _asked) in FATES.items()]
        found = looked_at(machine)
        assert sorted(machine.asked_detail) == sorted(name for name, (_more, asked) in FATES.items() if asked)
        engine, kernel = engine_of(machine), StandingKernel(machine.root)
        every = (read_container(engine, kernel, container.id) for container in made)
        assert found == sorted((container.facts() for container in every if container), key=lambda facts: facts["name"])


def test_what_the_engine_remembers_of_an_end_makes_it_ask_however_young_the_start(machine: Machine) -> None:
    container = machine.add("failed once at once", restarts=1, started=NOW - 3599.5)
    machine.happened("die", container, NOW - 3600)
    assert [facts["restarts"] for facts in looked_at(machine)] == [1]


KILLS: dict[str, tuple[dict[str, t.Any], float | None, str | None]] = {
    "a child, and the engine remembers": ({"oom_kills": 1, "oom_killed": True}, NOW - 60.5, "2026-11-23T05:18:42Z"),
    "a child, and the engine has forgotten": ({"oom_kills": 1, "oom_killed": True, "finished": NOW - 5000}, None, None),
    "the main process, and the engine remembers": ({"state": "exited", "oom_killed": True, "finished": NOW - 60}, NOW - 60.5, "2026-11-23T05:18:42Z"),
    "the main process, and the engine has forgotten": ({"state": "exited", "oom_killed": True, "finished": NOW - 60}, None, "2026-11-23T05:18:43Z"),
    "the one before, and it runs again": ({"oom_killed": True, "started": NOW - 59, "finished": NOW - 60}, None, "2026-11-23T05:18:43Z"),
    "the one before, and the engine speaks of the present only": ({"started": NOW - 59, "finished": NOW - 60}, NOW - 60.5, "2026-11-23T05:18:42Z"),
    "nobody": ({}, None, None),
}


@pytest.mark.parametrize(("more", "event", "told"), KILLS.values(), ids=KILLS)
def test_the_time_of_a_kill_is_told_as_well_as_anybody_remembers(machine: Machine, more: dict[str, t.Any], event: float | None, told: str | None) -> None:
    container = machine.add("web-1", "web", **more)
    if event:
        machine.happened("oom", container, event - 100)
        machine.happened("oom", container, event)
        machine.happened("die", container, event)
    assert [facts["oom_at"] for facts in looked_at(machine)] == [told]


@pytest.mark.parametrize("file", ["proc/uptime", "proc/%d/stat"], ids=["how long the host is up", "since when its process runs"])
def test_where_the_start_of_a_container_is_not_known_the_engine_is_asked(machine: Machine, file: str) -> None:
    container = machine.add("web-1")
    (machine.root / (file % container.pid if "%" in file else file)).unlink()
    looked_at(machine)
    assert machine.asked_detail == ["web-1"]


def test_limits_are_those_that_the_kernel_enforces_whoever_was_asked(machine: Machine) -> None:
    limits: dict[str, t.Any] = {"limit": 64 * MIB, "memory_swap": 64 * MIB}
    for container in (machine.add("quiet", **limits), machine.add("killed", oom_kills=1, **limits)):
        machine.write("sys/fs/cgroup/memory/%s/memory.limit_in_bytes" % container.place, 32 * MIB)
    assert [facts["limit"] for facts in looked_at(machine)] == [32 * MIB, 32 * MIB]


def test_the_name_of_a_container_is_its_own_and_no_alias_of_a_link(machine: Machine) -> None:
    machine.add("web-1")
    assert [facts["name"] for facts in looked_at(machine)] == ["web-1"]


def test_a_container_between_two_starts_is_not_asked_for_its_use(machine: Machine) -> None:
    machine.add("web-1", state="restarting")
    assert [(facts["working_set"], machine.asked_stats) for facts in looked_at(machine)] == [(None, [])]
