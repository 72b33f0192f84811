# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's files about memory, read from folders that stand for machines."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._host.cgroup import CgroupMemory
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import MIB, Machine

layouts = pytest.mark.parametrize(
    ("cgroup", "driver"), [(1, "cgroupfs"), (1, "systemd"), (2, "cgroupfs"), (2, "systemd")], ids=["v1-cgroupfs", "v1-systemd", "v2-cgroupfs", "v2-systemd"]
)


@layouts
def test_a_container_is_found_in_every_layout(tmp_path: Path, cgroup: int, driver: str) -> None:
    machine = Machine(tmp_path, cgroup, driver)
    limited = machine.add(
        "a", limit=100 * MIB, memory_swap=150 * MIB, reservation=50 * MIB, usage=60 * MIB, inactive_file=20 * MIB, swap_used=4 * MIB, oom_kills=3
    )
    free = machine.add("b", usage=5 * MIB)
    kernel = Kernel(tmp_path)
    assert kernel.cgroup_version() == cgroup
    assert kernel.container(limited.id) == CgroupMemory(60 * MIB, 20 * MIB, 100 * MIB, 150 * MIB, 61 * MIB, 3, 4 * MIB, 50 * MIB, limited.pid)
    assert kernel.container(free.id) == CgroupMemory(5 * MIB, 0, None, None, 6 * MIB, 0, 0, None, free.pid)


@layouts
def test_a_kernel_that_does_not_account_for_swap_tells_no_swap_limit(tmp_path: Path, cgroup: int, driver: str) -> None:
    container = Machine(tmp_path, cgroup, driver, swap_limit=False).add("a", limit=MIB * 8, memory_swap=MIB * 8)
    found = Kernel(tmp_path).container(container.id)
    assert found is not None
    assert (found.limit, found.memory_swap, found.swap_used) == (8 * MIB, None, None)


@pytest.mark.parametrize(("cgroup", "line"), [(1, "9:memory:/custom/%s/init.scope"), (2, "0::/custom.slice/docker-%s.scope/init.scope")], ids=["v1", "v2"])
def test_an_unusual_place_is_found_through_a_process_even_below_groups_of_its_own(tmp_path: Path, cgroup: int, line: str) -> None:
    place = line.rpartition(":")[2].removesuffix("/init.scope").lstrip("/")
    machine = Machine(tmp_path, cgroup)
    container = machine.add("a", usage=7 * MIB, place="unknown")
    container.place = place % container.id
    machine.enforce(container)
    if cgroup == 2:  # the id is followed by .scope there: cut after the whole part
        assert container.place.endswith(".scope")
    machine.write("proc/4242/cgroup", "12:cpu:/elsewhere\n%s\n1:name=systemd:/x" % (line % container.id))
    found = Kernel(tmp_path).container(container.id, 4242)
    assert found is not None
    assert found.usage == 7 * MIB


def test_a_process_of_the_same_number_on_this_machine_is_not_taken_for_the_container(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    other = machine.add("other")
    machine.write("proc/4242/cgroup", "9:memory:/docker/%s" % other.id)
    assert Kernel(tmp_path).container("f" * 64, 4242) is None


def test_a_container_without_files_is_not_found(tmp_path: Path) -> None:
    assert Kernel(tmp_path).container("f" * 64) is None


def test_the_working_set_leaves_out_the_inactive_page_cache_and_is_never_negative() -> None:
    assert CgroupMemory(100, 30, None, None, None, None).working_set == 70
    assert CgroupMemory(100, 130, None, None, None, None).working_set == 0


def test_meminfo_is_read_in_bytes(tmp_path: Path) -> None:
    Machine(tmp_path).set_memory(available_percent=10)
    values = Kernel(tmp_path).meminfo()
    assert (values["MemTotal"], values["MemAvailable"], values["HugePages_Total"]) == (65011712 * 1024, 6501171 * 1024, 0)


def test_a_machine_without_meminfo_is_refused_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(RackError, match=r"Cannot read the memory of this host: .*proc/meminfo is not readable"):
        Kernel(tmp_path).meminfo()


def test_pressure_is_read_where_the_kernel_measures_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert Kernel(tmp_path).pressure() is None
    machine.set_pressure(some=12.5, full=3)
    assert Kernel(tmp_path).pressure() == {
        "some": {"avg10": 99.0, "avg60": 12.5, "avg300": 0.1},
        "full": {"avg10": 99.0, "avg60": 3.0, "avg300": 0.1},
    }


def test_the_files_of_this_machine_can_be_read() -> None:
    values = Kernel().meminfo()
    assert 0 < values["MemAvailable"] <= values["MemTotal"]
