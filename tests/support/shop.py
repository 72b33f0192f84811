# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shop on a server of a rig: a service behind an edge (tests/rig/stacks/shop), and the ways to bring a new version of it."""

from __future__ import annotations

import typing as t

from tests.rig.layout import FORGE
from tests.rig.rig import Rig
from tests.support.playbooks import Run, run_playbook

PORT = 8080
CHECKOUT = "/home/mycosoft/mycosoft/shop"
#: The edge needs a moment to find the new copy, and another one to see that the old one wants nobody new.
DRAIN = {"command": ["sh", "-c", "sleep 2; touch /run/draining"], "seconds": 2}


def planned(server: str, rollout: str = "recreate") -> dict[str, t.Any]:
    """The stack as an inventory has it."""
    web = {"memory": "64M", "rollout": rollout, **({"drain": DRAIN} if rollout == "start-first" else {})}
    return {
        "directory": CHECKOUT,
        "files": ["docker-compose.yml"],
        "host": server,
        "sources": [{"repo": f"git@{FORGE}:/srv/git/shop.git", "dest": CHECKOUT, "version": "main"}],
        "services": {"web": web, "edge": {"memory": "64M"}},
    }


class Shop:
    """On one server; nothing else is planned there."""

    def __init__(self, rig: Rig, server: str) -> None:
        self._rig, self.server = rig, server
        self.address = rig.layout.address(server)
        self._version = 0

    def release(self, start_seconds: int = 0) -> str:
        """Push the next version, which needs so many seconds until it can answer; what it answers."""
        self._version += 1
        self._rig.push("shop", {"VERSION": f"{self._version}\n", ".env": f"START_SECONDS={start_seconds}\n"}, f"Release {self._version}")
        return str(self._version)

    def deploy(self, rollout: str, playbook: str = "playbooks/deploy.yml") -> Run:
        """Ours."""
        return run_playbook(playbook, self._rig.inventory, extra={"rack_stacks": {"shop": planned(self.server, rollout)}})

    def by_hand(self, *steps: str) -> Run:
        """Steps over SSH in the checkout, after a pull, until one fails."""
        script = " && ".join([f"cd {CHECKOUT}", "git pull --quiet --ff-only", *steps])
        done = self._rig.run(self.server, ["sh", "-c", script], check=False, timeout=300)
        return Run(done.returncode, done.stdout + done.stderr)

    def remove(self) -> None:
        """Nothing of it is left on the server."""
        self._rig.run(self.server, ["sh", "-c", f"cd {CHECKOUT} && docker compose down --volumes --timeout 0 && rm -rf {CHECKOUT}"])
