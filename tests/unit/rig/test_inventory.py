# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory a rig writes."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.rig import inventory
from tests.rig.layout import Layout
from tests.rig.ssh import Identity

LAYOUT = Layout("rack-test-abcdef", "10.201.7.0/24", ("sandbox", "overflow1"))
IDENTITY = Identity("mycosoft", Path("/state/ssh/id"), Path("/state/ssh/known_hosts"), Path("/run/c"))


def test_every_server_but_the_sandbox_is_overflow() -> None:
    rack = inventory.hosts(LAYOUT, IDENTITY)["rack"]
    assert rack["hosts"] == {"sandbox": {"ansible_host": "10.201.7.11"}}
    assert rack["children"] == {"overflow": {"hosts": {"overflow1": {"ansible_host": "10.201.7.12"}}}}


def test_host_keys_are_checked_against_the_rigs_own_file() -> None:
    arguments = inventory.hosts(LAYOUT, IDENTITY)["rack"]["vars"]["ansible_ssh_common_args"]
    assert "StrictHostKeyChecking=yes" in arguments
    assert "UserKnownHostsFile=/state/ssh/known_hosts" in arguments


def test_the_folder_holds_the_static_part_and_what_the_rig_knows(tmp_path: Path) -> None:
    inventory.write(tmp_path / "inventory", LAYOUT, IDENTITY, Path("/state"), "0" * 32)
    variables = tmp_path / "inventory" / "group_vars" / "all"
    written = yaml.safe_load((variables / "rig.yml").read_text())
    assert written == {
        "rig_state": "/state",
        "rig_git": "git@forge:/srv/git",
        "rig_registry": "http://10.201.7.2:5000",
        "rig_mycobrain_url": "http://10.201.7.3:8765",
        "rig_cloudflare_url": "http://10.201.7.4:8080",
        "rig_cloudflare_zone": "0" * 32,
        "rig_sandbox_address": "10.201.7.11",
        "rig_overflow1_address": "10.201.7.12",
    }
    static = {path.name for path in (inventory.STATIC / "group_vars" / "all").iterdir()}
    assert {path.name for path in variables.iterdir()} == {*static, "rig.yml"}


def test_a_file_that_is_no_longer_made_goes(tmp_path: Path) -> None:
    stale = tmp_path / "inventory" / "group_vars" / "all" / "stale.yml"
    stale.parent.mkdir(parents=True)
    stale.touch()
    inventory.write(tmp_path / "inventory", LAYOUT, IDENTITY, Path("/state"), "0" * 32)
    assert not stale.exists()


def test_a_dash_in_a_name_becomes_an_underscore_in_its_variable() -> None:
    layout = Layout("p", "10.201.7.0/24", ("over-flow",))
    assert inventory.addresses(layout, Path("/state"), "0" * 32)["rig_over_flow_address"] == "10.201.7.11"
