# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The biggest processes outside of containers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._host.processes import Process, biggest
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import MIB, Machine

ID = "0123456789abcdef" * 4


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.start_process(10, "java", 300 * MIB, shared=20 * MIB)
    machine.start_process(11, "a reader", 10 * MIB, shared=900 * MIB)
    machine.start_process(12, "swapped", 5 * MIB, swap=400 * MIB)
    machine.start_process(13, "kswapd0", 0)
    machine.start_process(14, "in docker", 5000 * MIB, cgroup="/docker/%s" % ID)
    machine.start_process(15, "in docker too", 5000 * MIB, cgroup="/system.slice/docker-%s.scope/init" % ID)
    machine.start_process(16, "in a pod", 5000 * MIB, cgroup="/kubepods/besteffort/cri-containerd-%s.scope" % ID)
    machine.start_process(os.getpid(), "this module", 5000 * MIB)
    return machine


def test_a_process_counts_with_what_it_holds_for_itself(machine: Machine) -> None:
    assert biggest(Kernel(machine.root), 2, swapping=False) == [
        Process(10, "java", 320 * MIB, 300 * MIB, 0),
        Process(11, "a reader", 910 * MIB, 10 * MIB, 0),
    ]


def test_what_is_in_swap_counts_where_swap_is_in_use(machine: Machine) -> None:
    found = biggest(Kernel(machine.root), 9, swapping=True)
    assert [process.name for process in found] == ["swapped", "java", "a reader"]
    assert found[0] == Process(12, "swapped", 5 * MIB, 5 * MIB, 400 * MIB)


def test_a_process_that_ends_meanwhile_is_left_out(machine: Machine) -> None:
    (machine.root / "proc/10/status").unlink()
    (machine.root / "proc/11/statm").unlink()
    assert [process.name for process in biggest(Kernel(machine.root), 9, swapping=False)] == ["swapped"]


def test_a_process_that_nobody_has_collected_yet_is_left_out(machine: Machine) -> None:
    (machine.root / "proc/10/status").write_text("Name:\tjava\nState:\tZ (zombie)\n")
    assert [process.name for process in biggest(Kernel(machine.root), 9, swapping=False)] == ["a reader", "swapped"]


def test_nobody_is_looked_at_where_none_is_asked_for(tmp_path: Path) -> None:
    assert biggest(Kernel(tmp_path), 0, swapping=True) == []


def test_the_processes_of_this_machine_can_be_read() -> None:
    assert all(process.resident > 0 for process in biggest(Kernel(), 3, swapping=True))
