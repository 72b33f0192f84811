# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a rig: the static part of tests/rig/inventory plus what only a running rig knows."""

from __future__ import annotations

import shutil
import typing as t
from pathlib import Path

import yaml

from tests.rig.layout import CLOUDFLARE, FORGE, HOME_SERVER, Layout
from tests.rig.ssh import Identity

Data = dict[str, t.Any]

STATIC = Path(__file__).parent / "inventory"
_HEADER = "# Written by `python -m tests.rig up`; made anew each time.\n"


def hosts(layout: Layout, identity: Identity) -> Data:
    """hosts.yml: group ``rack``, with every server but the sandbox in its child ``overflow``."""
    addresses = {server: {"ansible_host": layout.address(server)} for server in layout.servers}
    overflow = {server: address for server, address in addresses.items() if server != HOME_SERVER}
    home = {server: address for server, address in addresses.items() if server == HOME_SERVER}
    return {
        "rack": {
            "hosts": home,
            "children": {"overflow": {"hosts": overflow}},
            "vars": {
                "ansible_user": identity.user,
                "ansible_ssh_private_key_file": str(identity.key),
                "ansible_ssh_common_args": " ".join(identity.options),
                "ansible_control_path_dir": str(identity.control),
                "ansible_python_interpreter": "/usr/bin/python3",
            },
        }
    }


def addresses(layout: Layout, state: Path, zone: str) -> Data:
    """group_vars/all/rig.yml: where the rig's services answer."""
    return {
        "rig_state": str(state),
        "rig_git": f"git@{FORGE}:/srv/git",
        "rig_registry": layout.registry,
        "rig_mycobrain_url": layout.mycobrain_url,
        f"rig_{CLOUDFLARE}_url": layout.cloudflare_url,
        f"rig_{CLOUDFLARE}_zone": zone,
        **{f"rig_{server.replace('-', '_')}_address": layout.address(server) for server in layout.servers},
    }


def write(folder: Path, layout: Layout, identity: Identity, state: Path, zone: str) -> None:
    """Write the inventory to ``folder``; files that are no longer made go."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(STATIC, folder)
    variables = folder / "group_vars" / "all"
    variables.mkdir(parents=True, exist_ok=True)
    for path, data in ((folder / "hosts.yml", hosts(layout, identity)), (variables / "rig.yml", addresses(layout, state, zone))):
        path.write_text(_HEADER + yaml.safe_dump(data, sort_keys=False, width=1000), encoding="utf-8")
