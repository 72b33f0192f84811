# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memory_check, run for real against a machine of files and an engine on a real socket."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import MIB, NOW, Machine

from tests.unit.plugins.modules.memory_machine import Run, levels, runner

GIB = 1024 * MIB


@pytest.fixture
def machine(tmp_path: Path) -> t.Iterator[Machine]:
    with Machine(tmp_path) as running:
        yield running


@pytest.fixture
def run(machine: Machine, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(machine, capsys)


def test_a_host_at_ease_is_ok(machine: Machine, run: Run) -> None:
    machine.add("web-1", "web", limit=100 * MIB, memory_swap=100 * MIB, reservation=50 * MIB, usage=60 * MIB, inactive_file=20 * MIB)
    result = run()
    assert (result["status"], result["findings"], result["changed"]) == ("ok", [], False)
    (container,) = result["containers"]
    assert container == {
        "id": container["id"],
        "name": "web-1",
        "project": "always-on",
        "service": "web",
        "state": "running",
        "limit": 100 * MIB,
        "memory_swap": 100 * MIB,
        "reservation": 50 * MIB,
        "working_set": 40 * MIB,
        "percent": 40.0,
        "swap_used": 0,
        "peak": 61 * MIB,
        "oom_kills": 0,
        "oom_killed": False,
        "oom_at": None,
        "restarts": 0,
    }


def test_the_incident_is_critical_and_names_the_biggest_containers(machine: Machine, run: Run) -> None:
    machine.set_memory(available_percent=9.7, swap_used_percent=58.7)
    for name, size in (("website", 30), ("api", 12), ("orchestrator", 7), ("small", 1)):
        machine.add("%s-1" % name, name, limit=40 * GIB, usage=size * GIB)
    result = run()
    assert result["status"] == "critical"
    assert levels(result) == [("critical", "swap"), ("warn", "host")]
    assert result["findings"][0]["message"] == "4.7G of 8G swap is in use (58.7 %) while memory is short."
    assert result["findings"][1]["message"] == (
        "6G of 62G memory is available (9.7 %). The biggest containers are always-on/website 30G, always-on/api 12G, always-on/orchestrator 7G."
    )
    host = result["host"]
    assert (host["total"], host["swap_total"], host["pressure"]) == (62 * GIB, 8 * GIB, None)
    assert host["used"] + host["available"] == host["total"]


@pytest.mark.parametrize(
    ("available", "swap", "expected"),
    [
        (15.1, 0, []),
        (15, 0, [("warn", "host")]),
        (7.1, 0, [("warn", "host")]),
        (7, 0, [("critical", "host")]),
        (50, 24.9, []),
        (50, 25, [("warn", "swap")]),
        (50, 90, [("warn", "swap")]),
        (10, 90, [("critical", "swap"), ("warn", "host")]),
    ],
)
def test_the_host_is_judged_by_what_is_available_and_swap_by_whether_memory_is_short(
    machine: Machine, run: Run, available: float, swap: float, expected: list[tuple[str, str]]
) -> None:
    machine.set_memory(available, swap)
    assert levels(run()) == expected


def test_a_host_without_swap_has_no_swap_finding(machine: Machine, run: Run) -> None:
    machine.write("proc/meminfo", "MemTotal: 100 kB\nMemAvailable: 90 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB")
    result = run()
    assert (result["status"], result["host"]["swap_used_percent"]) == ("ok", 0)


@pytest.mark.parametrize(("used", "level"), [(84, None), (85, "warn"), (94, "warn"), (95, "critical"), (100, "critical")])
def test_a_container_is_judged_by_its_working_set(machine: Machine, run: Run, used: int, level: str | None) -> None:
    machine.add("web-1", "web", limit=100 * MIB, usage=used * MIB)
    assert levels(run()) == ([(level, "always-on/web")] if level else [])


def test_page_cache_is_no_use_of_a_container(machine: Machine, run: Run) -> None:
    machine.add("web-1", "web", limit=100 * MIB, usage=100 * MIB, inactive_file=70 * MIB)
    result = run()
    assert (result["status"], result["containers"][0]["percent"]) == ("ok", 30.0)


def test_unlimited_containers_are_named_together(machine: Machine, run: Run) -> None:
    machine.add("web-1", "web", usage=2 * GIB)
    machine.add("stray", usage=3 * GIB)
    machine.add("api-1", "api", limit=GIB)
    result = run()
    assert levels(result) == [("warn", "limits")]
    assert result["findings"][0]["message"] == "2 containers have no memory limit and may take all memory of the host: stray 3G, always-on/web 2G."


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"oom_kills": 2}, "always-on/web ran out of memory, nobody remembers when: the kernel killed 2 of its processes."),
        ({"oom_killed": True, "state": "exited"}, "always-on/web ran out of memory, nobody remembers when: the kernel killed it."),
    ],
    ids=["a child", "the whole, and it is down"],
)
def test_what_the_kernel_killed_is_told(machine: Machine, run: Run, more: dict[str, t.Any], message: str) -> None:
    machine.add("web-1", "web", limit=GIB, **more)
    result = run()
    assert [finding["message"] for finding in result["findings"]] == [message]


@pytest.mark.parametrize(
    ("seconds_ago", "within", "counts"),
    [(60, "24h", True), (86400, "24h", True), (86401, "24h", False), (86401, "2d", True), (60, "0s", False), (None, "0s", True)],
)
def test_a_kill_counts_for_as_long_as_is_asked_and_one_of_unknown_time_always(
    machine: Machine, run: Run, seconds_ago: int | None, within: str, counts: bool
) -> None:
    container = machine.add("web-1", "web", limit=GIB, oom_kills=1)
    if seconds_ago is not None:
        machine.happened("oom", container, NOW - seconds_ago)
    result = run(oom_within=within)
    assert levels(result) == ([("warn", "always-on/web")] if counts else [])
    assert result["containers"][0]["oom_kills"] == 1


def test_a_kill_is_told_with_its_time(machine: Machine, run: Run) -> None:
    machine.happened("oom", machine.add("web-1", "web", limit=GIB, oom_kills=1), NOW - 1)
    assert run()["findings"][0]["message"] == "always-on/web ran out of memory at 2026-11-23T05:19:42Z: the kernel killed 1 of its processes."


LOOPS: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "waits for its next start": ({"state": "restarting", "restarts": 1}, ["warn"]),
    "runs between two starts": ({"started": NOW - 1.0, "restarts": 3}, ["warn"]),
    "because it is killed each time": ({"state": "restarting", "oom_killed": True, "restarts": 9, "finished": NOW - 1.0}, ["critical", "warn"]),
    "restarted twice": ({"started": NOW - 1.0, "restarts": 2}, []),
    "was in a loop, and has run well since": ({"started": NOW - 601.0, "restarts": 9}, []),
    "was in a loop, and was stopped": ({"state": "exited", "started": NOW - 1.0, "restarts": 9}, []),
}


@pytest.mark.parametrize(("more", "expected"), LOOPS.values(), ids=LOOPS)
def test_a_container_in_a_restart_loop_is_found(machine: Machine, run: Run, more: dict[str, t.Any], expected: list[str]) -> None:
    machine.add("web-1", "web", limit=GIB, **more)
    result = run()
    assert [level for level, _subject in levels(result)] == expected
    if expected:
        assert result["findings"][0]["message"] == "always-on/web is started again and again, %d times so far." % more["restarts"]


@pytest.mark.parametrize(("some", "full", "expected"), [(19.9, 4.9, []), (20, 0, ["warn"]), (0, 5, ["warn"]), (60, 0, ["critical"]), (20, 30, ["critical"])])
def test_pressure_of_the_last_minute_is_judged(machine: Machine, run: Run, some: float, full: float, expected: list[str]) -> None:
    machine.set_pressure(some, full)
    result = run()
    assert levels(result) == [(level, "pressure") for level in expected]
    if expected:
        message = "In the last minute something waited for memory %g %% of the time, and everything at once %g %%." % (some, full)
        assert result["findings"][0]["message"] == message


@pytest.mark.parametrize(
    ("thresholds", "expected"), [({"available_warn": "31G"}, "warn"), ({"available_critical": "32 GiB"}, "critical"), ({"available_warn": "30G"}, "ok")]
)
def test_available_memory_can_be_judged_in_bytes(run: Run, thresholds: dict[str, str], expected: str) -> None:
    assert run(thresholds=thresholds)["status"] == expected


def test_the_worse_of_share_and_bytes_counts(machine: Machine, run: Run) -> None:
    machine.set_memory(available_percent=6)
    assert levels(run(thresholds={"available_warn": "50G"})) == [("critical", "host")]


def test_big_processes_outside_of_containers_are_named_where_memory_is_short(machine: Machine, run: Run) -> None:
    machine.set_memory(available_percent=10)
    machine.start_process(10, "java", 4 * GIB)
    machine.start_process(11, "sshd", 4 * MIB)
    result = run()
    assert result["findings"][0]["message"] == "6.2G of 62G memory is available (10 %). Outside of containers there is java 4G."
    assert [process["name"] for process in result["processes"]] == ["java", "sshd"]
    assert [process["name"] for process in run(processes=1)["processes"]] == ["java"]


def test_a_stopped_container_of_nobody_is_left_out(machine: Machine, run: Run) -> None:
    machine.add("old", state="exited")
    machine.add("job-1", "job", state="exited", limit=GIB)
    result = run()
    assert [(container["name"], container["working_set"], container["percent"]) for container in result["containers"]] == [("job-1", None, None)]
    assert result["status"] == "ok"


def test_the_engine_tells_the_use_where_files_are_out_of_reach(machine: Machine, run: Run) -> None:
    machine.hidden = True
    machine.add("web-1", "web", limit=100 * MIB, usage=60 * MIB, inactive_file=20 * MIB)
    (container,) = run()["containers"]
    assert (container["working_set"], container["percent"], container["oom_kills"]) == (40 * MIB, 40.0, None)
    assert machine.asked_stats == ["web-1"]


def test_the_engine_is_not_asked_for_what_files_tell(machine: Machine, run: Run) -> None:
    machine.add("web-1", "web", limit=GIB)
    run()
    assert machine.asked_stats == []


def test_a_container_that_ends_while_it_is_read_is_left_out(machine: Machine, run: Run) -> None:
    machine.add("web-1", "web", limit=GIB)
    machine.ghosts.append("f" * 64)
    assert [container["name"] for container in run()["containers"]] == ["web-1"]


def test_without_an_engine_the_host_is_checked_all_the_same(run: Run) -> None:
    result = run(docker_host="unix:///nowhere/docker.sock", fail_on="critical")
    assert (result["status"], levels(result), result["containers"]) == ("warn", [("warn", "engine")], [])
    assert result["host"]["total"] == 62 * GIB


def test_without_containers_no_engine_is_asked(run: Run) -> None:
    result = run(docker_host="unix:///nowhere/docker.sock", containers=False)
    assert (result["status"], result["findings"], result["containers"]) == ("ok", [], [])


@pytest.mark.parametrize(
    ("available", "fail_on", "failed"),
    [(50, "warn", False), (10, "warn", True), (10, "critical", False), (5, "critical", True), (5, "warn", True), (5, "never", False)],
)
def test_it_fails_from_the_status_asked_for_and_still_returns_everything(machine: Machine, run: Run, available: float, fail_on: str, failed: bool) -> None:
    machine.set_memory(available)
    result = run(fail_on=fail_on)
    assert bool(result.get("failed")) is failed
    assert {"status", "findings", "host", "containers"} <= set(result)
    if failed:
        head, line = result["msg"].splitlines()
        assert head == "Cannot pass the memory check: the memory of this host is %s." % result["status"]
        assert line.startswith("- %s: " % result["status"])


def test_thresholds_can_be_set_one_by_one(machine: Machine, run: Run) -> None:
    machine.add("web-1", "web", limit=100 * MIB, usage=60 * MIB)
    assert levels(run(thresholds={"container_percent_warn": 50})) == [("warn", "always-on/web")]


@pytest.mark.parametrize(
    "thresholds",
    [
        {"available_percent_warn": 5},
        {"swap_used_percent_critical": 20},
        {"container_percent_critical": 101},
        {"container_percent_warn": -1},
        {"swap_in_critical": "1M"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_thresholds_that_contradict_each_other_are_refused(run: Run, thresholds: dict[str, t.Any]) -> None:
    result = run(thresholds=thresholds)
    assert result["failed"]
    assert result["msg"].startswith("Cannot judge memory by the thresholds of ")


def test_nothing_it_says_promises_memory_from_a_prune_or_calls_cache_a_shortage(machine: Machine, run: Run) -> None:
    machine.set_memory(available_percent=3, swap_used_percent=90)
    machine.set_pressure(99, 99)
    machine.add("a", usage=GIB, oom_kills=1, state="running", started=NOW - 1.0, restarts=9)
    machine.add("b-1", "b", limit=GIB, usage=GIB)
    said = json.dumps(run()["findings"]).lower()
    assert "prun" not in said
    assert "cache" not in said
    assert {subject for _level, subject in levels(run())} == {"host", "swap", "pressure", "a", "always-on/b", "limits"}
