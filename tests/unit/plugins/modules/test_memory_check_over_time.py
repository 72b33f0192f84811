# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memory_check over time: how fast the host swaps, metrics and history."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import MIB, NOW, UPTIME, Machine
from ansible_collections.mycosoft.rack.tests.fakes.prometheus import parse

from tests.unit.plugins.modules.memory_machine import Result, Run, levels, runner

PAGES_OF_A_MIB = MIB // 4096


@pytest.fixture
def machine(tmp_path: Path) -> t.Iterator[Machine]:
    with Machine(tmp_path) as running:
        yield running


@pytest.fixture
def run(machine: Machine, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(machine, capsys)


def swapping(result: Result) -> tuple[object, ...]:
    return tuple(result["host"][key] for key in ("swap_in", "swap_out", "swap_seconds"))


def test_swapping_is_not_told_where_nobody_watched(run: Run) -> None:
    assert swapping(run()) == (None, None, None)


@pytest.mark.parametrize(("rate", "expected"), [(1, []), (2, [("warn", "swapping")]), (20, [("critical", "swapping")])])
def test_what_comes_back_from_swap_while_it_is_watched_is_judged(
    machine: Machine, capsys: pytest.CaptureFixture[str], rate: int, expected: list[tuple[str, str]]
) -> None:
    def passes(seconds: float) -> None:
        machine.set_swapped(int(rate * seconds) * PAGES_OF_A_MIB, int(seconds) * PAGES_OF_A_MIB, UPTIME + seconds)

    result = runner(machine, capsys, passes)(watch=10)
    assert (swapping(result), levels(result)) == ((rate * MIB, MIB, 10.0), expected)
    if expected:
        message = "%dM a second came back from swap and 1M a second went there, over 10 seconds: processes wait for the disk instead of memory." % rate
        assert result["findings"][0]["message"] == message


def test_with_a_history_the_rate_since_its_last_line_is_told_for_nothing(machine: Machine, run: Run, tmp_path: Path) -> None:
    assert swapping(run(history=True)) == (None, None, None)
    machine.set_swapped(600 * PAGES_OF_A_MIB, 0, UPTIME + 300)
    assert swapping(run(history=True)) == (2 * MIB, 0, 300.0)
    machine.set_swapped(0, 0, 30, boot="another")
    assert swapping(run(history=True)) == (None, None, None)


def test_what_is_watched_goes_before_the_history(machine: Machine, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = runner(machine, capsys, lambda seconds: machine.set_swapped(PAGES_OF_A_MIB, 0, UPTIME + seconds))
    run(history=True)
    machine.set_swapped(0, 0, UPTIME)
    assert swapping(run(history=True, watch=1)) == (MIB, 0, 1.0)


def test_a_line_of_history_holds_what_is_worth_keeping(machine: Machine, run: Run, tmp_path: Path) -> None:
    machine.add("web-1", "web", limit=100 * MIB, usage=90 * MIB)
    history = tmp_path / "memory.jsonl"
    for _time in range(2):
        assert run(history=True)["changed"] is False
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    assert len(lines) == 2
    assert (lines[0]["time"], lines[0]["status"], lines[0]["uptime"]) == ("2026-11-23T05:19:43Z", "warn", UPTIME)
    assert lines[0]["findings"] == ["always-on/web uses 90M of its limit of 100M (90 %)."]
    assert lines[0]["containers"] == [
        {"name": "web-1", "working_set": 90 * MIB, "limit": 100 * MIB, "swap_used": 0, "oom_kills": 0, "restarts": 0},
    ]


def test_a_line_of_history_holds_the_disk_of_the_engine_where_one_answers(machine: Machine, run: Run, tmp_path: Path) -> None:
    history = tmp_path / "memory.jsonl"
    run(history=True)
    run(history=True, docker_host="unix:///nowhere/docker.sock")
    run(history=True, containers=False)
    disk, *unknown = (json.loads(line)["disk"] for line in history.read_text().splitlines())
    assert disk["total"] >= disk["free"] > 0
    assert unknown == [None, None]


@pytest.mark.parametrize(("size", "said"), [("big", "'big' is not a size"), ("1K", "history_max at 1K: its half may be less than a line")])
def test_a_history_that_could_hold_nothing_is_refused_before_anything(run: Run, tmp_path: Path, size: str, said: str) -> None:
    result = run(history=True, history_max=size)
    assert (result["failed"], said in result["msg"]) == (True, True), result["msg"]
    assert not (tmp_path / "memory.jsonl").exists()


def test_metrics_are_such_as_a_strict_reader_takes(machine: Machine, run: Run, tmp_path: Path) -> None:
    machine.set_memory(available_percent=10, swap_used_percent=10)
    machine.set_pressure(12.5, 3)
    machine.set_swapped(PAGES_OF_A_MIB, 2 * PAGES_OF_A_MIB, UPTIME)
    killed = machine.add('we"b\\1', "w\neb", limit=100 * MIB, memory_swap=200 * MIB, reservation=50 * MIB, usage=40 * MIB, swap_used=MIB, oom_kills=2)
    machine.happened("oom", killed, NOW - 0.5)
    machine.add("stray", state="paused")
    path = tmp_path / "rack.prom"
    result = run(metrics=str(path))
    assert result["changed"] is False
    found = {name.removeprefix("mycosoft_rack_"): samples for name, samples in parse(path.read_text()).items()}
    nothing, web, stray = (), ('we"b\\1', "always-on", "w\neb"), ("stray", "", "")
    assert found["memory_status"] == {nothing: 1}
    assert found["memory_findings"] == {("warn",): 3, ("critical",): 0}
    assert found["memory_check_timestamp_seconds"] == {nothing: NOW}
    assert found["host_memory_bytes"] == {nothing: result["host"]["total"]}
    assert found["host_memory_available_bytes"] == {nothing: result["host"]["available"]}
    assert (found["host_swap_in_bytes_total"], found["host_swap_out_bytes_total"]) == ({nothing: MIB}, {nothing: 2 * MIB})
    assert found["host_memory_pressure_ratio"][("some", "60s")] == 0.125
    assert found["container_memory_limit_bytes"] == {web: 100 * MIB}
    assert found["container_memory_swap_limit_bytes"] == {web: 200 * MIB}
    assert found["container_memory_reservation_bytes"] == {web: 50 * MIB}
    assert found["container_memory_working_set_bytes"] == {stray: 10 * MIB, web: 40 * MIB}
    assert found["container_swap_used_bytes"] == {stray: 0, web: MIB}
    assert found["container_oom_kills_total"] == {stray: 0, web: 2}
    assert found["container_last_oom_timestamp_seconds"] == {web: NOW - 0.5}
    assert found["container_restarts_total"] == {stray: 0, web: 0}


def test_without_containers_their_metrics_are_not_there(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rack.prom"
    run(metrics=str(path), containers=False)
    assert not [name for name in parse(path.read_text()) if "container" in name]


def test_a_failing_check_is_recorded_too(machine: Machine, run: Run, tmp_path: Path) -> None:
    machine.set_memory(available_percent=1)
    assert run(fail_on="critical", metrics=str(tmp_path / "x.prom"), history=True)["failed"]
    assert parse((tmp_path / "x.prom").read_text())["mycosoft_rack_memory_status"] == {(): 2}
    assert json.loads((tmp_path / "memory.jsonl").read_text())["status"] == "critical"


def test_in_check_mode_nothing_is_written(run: Run, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert run(metrics=str(tmp_path / "x.prom"), history=True, _ansible_check_mode=True)["status"] == "ok"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_cannot_be_written_is_an_error_after_everything_else(machine: Machine, run: Run, tmp_path: Path) -> None:
    machine.set_memory(available_percent=10)
    result = run(metrics=str(tmp_path / "nowhere" / "x.prom"), history=True)
    assert result["failed"]
    assert result["msg"] == (
        "Cannot write the metrics to %s: No such file or directory. Make its directory, writable for this user, or set metrics to another path."
        % (tmp_path / "nowhere" / "x.prom")
    )
    assert (result["status"], levels(result)) == ("warn", [("warn", "host")])
    assert {"host", "containers", "processes"} <= set(result)
    assert (tmp_path / "memory.jsonl").exists()


def test_what_is_not_well_is_said_before_what_could_not_be_written(machine: Machine, run: Run, tmp_path: Path) -> None:
    machine.set_memory(available_percent=1)
    lines = run(fail_on="critical", history=True, state_directory=str(tmp_path / "nowhere"))["msg"].splitlines()
    assert [line.split(" ")[0] for line in lines] == ["Cannot", "-", "Cannot"]
    assert lines[2].startswith("Cannot write the history to ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": "/x/rack.txt"}, "Cannot write metrics to /x/rack.txt: node_exporter reads files named *.prom only. Give it such a name."),
        ({"watch": -1}, "Cannot check memory with watch at -1: it cannot be negative. Use 0 to leave it out."),
        ({"processes": -1}, "Cannot check memory with processes at -1: it cannot be negative. Use 0 to leave it out."),
        ({"oom_within": "soon"}, "Cannot judge memory by these thresholds: 'soon' is no span of time. Write for example 7d, 36h or 1d12h."),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_options_that_no_host_could_follow_are_refused(run: Run, options: dict[str, t.Any], message: str) -> None:
    assert run(**options)["msg"] == message
