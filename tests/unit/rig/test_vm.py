# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the virtual machine is handed and how it is reached; that it boots is for the system tests."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.rig import vm
from tests.rig.errors import RigError
from tests.rig.layout import Layout, project_of
from tests.rig.state import Record, State

RECORD = Record(Layout(project_of("vm"), "10.201.7.0/24", (vm.SERVER,)), recipe="image", instance="0badcafe", zone="", stacks={})


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "vm")
    vm.write_state(state, RECORD)
    return state


def test_it_is_handed_its_host_key_and_who_may_log_in_and_nothing_else(state: State) -> None:
    seed = state.seed(vm.SERVER)
    assert {path.name for path in seed.iterdir()} == {"ssh_host_ed25519_key", "ssh_host_ed25519_key.pub", "authorized_keys"}
    assert (seed / "authorized_keys").read_text() == state.key.with_suffix(".pub").read_text()


def test_its_host_key_is_known_by_its_address(state: State) -> None:
    names, *key = state.known_hosts.read_text().split()
    assert names == "vm,10.201.7.11"
    assert key == (state.seed(vm.SERVER) / "ssh_host_ed25519_key.pub").read_text().split()[:2]


def test_ansible_finds_it_and_waits_as_long_as_ssh_does(state: State) -> None:
    rack = yaml.safe_load((state.inventory / "hosts.yml").read_text())["rack"]
    assert rack["children"]["overflow"]["hosts"] == {"vm": {"ansible_host": "10.201.7.11"}}
    assert rack["vars"]["ansible_timeout"] == vm.identity(state, RECORD).patience == vm.HANDSHAKE_SECONDS


def test_its_record_is_read_back_as_that_of_a_rig_so_that_a_tear_down_finds_it(state: State) -> None:
    assert state.record() == RECORD


def test_one_that_was_not_started_says_so() -> None:
    with pytest.raises(RigError, match="it was not started"):
        vm.VirtualMachine("never").wait()
