# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_memory_limits, run for real against a machine of files and an engine on a real socket."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.modules import docker_memory_limits
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import MIB, Machine

Result = dict[str, t.Any]
Run = t.Callable[..., Result]

MACHINES: dict[str, dict[str, t.Any]] = {
    "v1": {},
    "v1-systemd": {"driver": "systemd"},
    "v2": {"cgroup": 2},
    "v2-systemd": {"cgroup": 2, "driver": "systemd"},
    "files out of reach": {"hidden": True},
    "swap not accounted": {"swap_limit": False},
}


@pytest.fixture(params=list(MACHINES.values()), ids=list(MACHINES))
def any_machine(request: pytest.FixtureRequest, tmp_path: Path) -> t.Iterator[Machine]:
    with Machine(tmp_path, **request.param) as running:
        yield running


@pytest.fixture
def machine(tmp_path: Path) -> t.Iterator[Machine]:
    with Machine(tmp_path) as running:
        yield running


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The machine of the test has its socket in the same folder."""

    def call(*limits: Result, **options: t.Any) -> Result:
        given = {"docker_host": "unix://%s" % (tmp_path / "docker.sock"), "limits": list(limits), **options}
        with patch_module_args(given), pytest.raises(SystemExit):
            docker_memory_limits.main(Kernel(tmp_path))
        result: Result = json.loads(capsys.readouterr().out)
        return result

    return call


def limit(service: str, memory: int, **more: int) -> Result:
    """A limit for a service; sizes in MiB."""
    return {"project": "always-on", "service": service, "memory": memory * MIB, **{key: size * MIB for key, size in more.items()}}


BEFORE: dict[str, dict[str, t.Any]] = {
    "unlimited": {},
    "lower": {"limit": 50 * MIB, "memory_swap": 100 * MIB},
    "lower, without swap": {"limit": 50 * MIB, "memory_swap": 50 * MIB},
    "higher": {"limit": 500 * MIB, "memory_swap": 1000 * MIB, "reservation": 400 * MIB},
    "the same but for swap": {"limit": 200 * MIB, "memory_swap": 400 * MIB, "reservation": 100 * MIB},
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_check_then_change_then_check_then_again(any_machine: Machine, run: Run, before: dict[str, t.Any]) -> None:
    container = any_machine.add("web-1", "web", **before)
    wanted = limit("web", 200, reservation=100, memory_swap=200)
    same = not any_machine.swap_limit and before.get("limit") == 200 * MIB
    predicted = run(wanted, _ansible_check_mode=True)
    assert (predicted["changed"], any_machine.updates) == (not same, [])
    result = run(wanted)
    assert {**result, "warnings": None} == {**predicted, "warnings": None}
    assert (container.limit, container.reservation) == (200 * MIB, 100 * MIB)
    assert container.memory_swap == (200 * MIB if any_machine.swap_limit else -1)
    for again in (run(wanted, _ansible_check_mode=True), run(wanted)):
        assert again["changed"] is False
        assert again["containers"][0]["before"] == again["containers"][0]["after"] == result["containers"][0]["after"]
    assert len(any_machine.updates) == (0 if same else 1)


def test_memory_swap_and_reservation_go_in_one_call(machine: Machine, run: Run) -> None:
    machine.add("web-1", "web")
    run(limit("web", 200, reservation=100, memory_swap=300))
    assert machine.updates == [("web-1", {"Memory": 200 * MIB, "MemorySwap": 300 * MIB, "MemoryReservation": 100 * MIB})]


def test_without_a_swap_limit_no_swap_is_allowed(machine: Machine, run: Run) -> None:
    container = machine.add("web-1", "web")
    run(limit("web", 200))
    assert container.memory_swap == 200 * MIB


@pytest.mark.parametrize(("present", "then"), [(0, 0), (50, 50), (300, 200)], ids=["none", "below", "above"])
def test_without_a_reservation_the_container_keeps_its_own_cut_to_the_limit(machine: Machine, run: Run, present: int, then: int) -> None:
    container = machine.add("web-1", "web", limit=400 * MIB, memory_swap=400 * MIB, reservation=present * MIB)
    assert run(limit("web", 200))["containers"][0]["after"]["reservation"] == (then * MIB or None)
    assert container.reservation == then * MIB


def test_a_limit_that_is_no_whole_number_of_pages_is_proven_too(any_machine: Machine, run: Run) -> None:
    any_machine.add("web-1", "web")
    wanted = {"project": "always-on", "service": "web", "memory": 200 * MIB + 1234, "memory_swap": 300 * MIB + 999}
    assert run(wanted)["changed"] is True
    assert run(wanted)["changed"] is False


def test_all_copies_of_a_service_count_and_nothing_else(machine: Machine, run: Run) -> None:
    machine.add("web-1", "web")
    machine.add("web-2", "web", state="paused")
    machine.add("web-3", "web", state="exited")
    machine.add("web-run", "web", labels={"com.docker.compose.oneoff": "True"})
    machine.add("other-web-1", "web", project="other")
    machine.add("web")
    result = run(limit("web", 200))
    assert [container["name"] for container in result["containers"]] == ["web-1", "web-2"]
    assert [name for name, _body in machine.updates] == ["web-1", "web-2"]


def test_a_missing_service_is_an_error_before_anything_is_changed(machine: Machine, run: Run) -> None:
    machine.add("web-1", "web")
    result = run(limit("web", 200), limit("api", 100))
    assert result["failed"]
    assert result["msg"] == "Cannot limit always-on/api: none of its containers is running. Start it first, or set require to false."
    assert (result["changed"], result["missing"], machine.updates) == (False, [{"project": "always-on", "service": "api"}], [])


def test_a_missing_service_can_be_allowed(machine: Machine, run: Run) -> None:
    machine.add("web-1", "web")
    result = run(limit("web", 200), limit("api", 100), require=False)
    assert (result["changed"], result["missing"], len(machine.updates)) == (True, [{"project": "always-on", "service": "api"}], 1)


def test_a_limit_below_the_working_set_is_refused_before_anything_is_changed(machine: Machine, run: Run) -> None:
    machine.add("api-1", "api", usage=10 * MIB)
    machine.add("web-1", "web", usage=300 * MIB, inactive_file=50 * MIB)
    result = run(limit("api", 100), limit("web", 200))
    assert result["msg"] == (
        "Cannot lower limits below what is in use: web-1 uses 250M, the limit is 200M. "
        "Raise the limit, or set allow_below_usage and expect the kernel to kill it."
    )
    assert machine.updates == []
    assert run(limit("web", 200), _ansible_check_mode=True)["failed"]


def test_page_cache_does_not_stand_in_the_way_of_a_limit(machine: Machine, run: Run) -> None:
    machine.add("web-1", "web", usage=300 * MIB, inactive_file=150 * MIB)
    assert run(limit("web", 200))["changed"] is True


def test_what_the_engine_refuses_half_way_names_what_was_done_before(machine: Machine, run: Run) -> None:
    machine.add("api-1", "api")
    machine.add("web-1", "web", usage=300 * MIB)
    result = run(limit("api", 100), limit("web", 200), allow_below_usage=True)
    assert result["failed"]
    assert result["msg"].startswith("Cannot limit web-1: ")
    assert (result["changed"], result["limited"]) == (True, ["api-1"])


def test_a_limit_that_does_not_reach_the_kernel_is_no_success(machine: Machine, run: Run) -> None:
    machine.add("web-1", "web")
    machine.deaf = True
    result = run(limit("web", 200))
    assert result["failed"]
    assert result["msg"].startswith("Cannot prove the limits: the engine accepted them, but web-1 has ")


def test_a_limit_that_somebody_took_from_the_kernel_is_a_difference(machine: Machine, run: Run) -> None:
    container = machine.add("web-1", "web", limit=200 * MIB, memory_swap=200 * MIB)
    assert run(limit("web", 200), _ansible_check_mode=True)["changed"] is False
    machine.write("sys/fs/cgroup/memory/%s/memory.limit_in_bytes" % container.place, 400 * MIB)
    proof = run(limit("web", 200), _ansible_check_mode=True)
    assert proof["changed"] is True
    assert proof["diff"]["before"]["web-1"]["kernel_memory"] == 400 * MIB
    assert proof["diff"]["after"]["web-1"]["kernel_memory"] == 200 * MIB


def test_a_kernel_that_does_not_account_for_swap_is_told_and_swap_is_not_compared(tmp_path: Path, run: Run) -> None:
    with Machine(tmp_path, swap_limit=False) as machine:
        machine.add("web-1", "web")
        result = run(limit("web", 200))
    assert result["swap_accounted"] is False
    assert {"memory", "reservation", "kernel_memory"} == set(result["containers"][0]["after"])


@pytest.mark.parametrize(
    ("wanted", "cause"),
    [
        ([limit("web", 1)], "1048576 bytes of memory are below the smallest limit of an engine, 6M"),
        ([limit("web", 200, memory_swap=100)], "memory_swap is memory and swap together and cannot be below memory"),
        ([limit("web", 200, reservation=300)], "the reservation of 314572800 bytes is not between 6M and the limit"),
        ([limit("web", 200, reservation=1)], "the reservation of 1048576 bytes is not between 6M and the limit"),
        ([limit("web", 200), limit("web", 300)], "it is listed twice"),
    ],
    ids=["too small", "swap below memory", "reservation above memory", "reservation too small", "twice"],
)
def test_impossible_limits_are_refused(machine: Machine, run: Run, wanted: list[Result], cause: str) -> None:
    machine.add("web-1", "web")
    assert run(*wanted)["msg"] == "Cannot limit always-on/web: %s. Correct its entry in limits." % cause
    assert machine.updates == []


def test_without_an_engine_it_fails_with_the_address(run: Run) -> None:
    result = run(limit("web", 200), docker_host="unix:///nowhere/docker.sock")
    assert result["msg"].startswith("Cannot reach the Docker Engine at unix:///nowhere/docker.sock: ")
