# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench-deploy``: what a deploy with nothing changed costs beyond git, build and Compose themselves, on 1, 3 and 10 servers.

Every server has a stack of its own. What git, build and Compose take is measured with the same commands on all servers at once, over connections that are
open already, after the cache was cleared as each deploy clears it: less than that no way to deploy can take. An image built without a cache is another image,
so Compose makes its container anew in both. The servers share this machine's processors, so ten of them are slower at everything.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime
import functools
import os
import sys

from tests.rig.layout import HOME_SERVER
from tests.rig.rig import Rig
from tests.studies.bench.command import given
from tests.support.figures import Measured, grid, middle
from tests.support.playbooks import Run, run_playbook
from tests.support.rounds import load, measure, progress
from tests.support.shop import CHECKOUT, planned

#: With the override that our own deploy rendered: both start the same containers.
COMPOSE = "docker compose --project-name {stack} --file docker-compose.yml --file /var/lib/mycosoft-rack/stacks/{stack}.yml"
SCRIPT = f"docker builder prune --all --force && cd {CHECKOUT} && git pull --quiet --ff-only && {COMPOSE} build --quiet && {COMPOSE} up --detach --wait"


def names(size: int) -> tuple[str, ...]:
    """The sandbox and as many overflow servers as it takes."""
    return (HOME_SERVER, *(f"overflow{number}" for number in range(1, size)))


def ours(rig: Rig) -> Run:
    stacks = {f"shop-{server}": planned(server) for server in rig.layout.servers}
    return run_playbook("playbooks/deploy.yml", rig.inventory, extra={"rack_stacks": stacks})


def themselves(rig: Rig) -> Run:
    """The cleared cache, git, build and Compose on every server at once."""

    def on(server: str) -> Run:
        done = rig.run(server, ["sh", "-c", SCRIPT.format(stack=f"shop-{server}")], check=False, timeout=600)
        return Run(done.returncode, done.stdout + done.stderr)

    with concurrent.futures.ThreadPoolExecutor(len(rig.layout.servers)) as pool:
        runs = list(pool.map(on, rig.layout.servers))
    return Run(max(run.code for run in runs), "".join(run.output for run in runs))


def row(size: int, deploy: Measured, bare: Measured) -> tuple[str, ...]:
    """Beyond what they take themselves, round by round."""
    beyond = [one - other for one, other in zip(deploy.seconds, bare.seconds, strict=True)]
    return str(size), middle(deploy.seconds, 1), middle(bare.seconds, 1), middle(beyond, 1), str(max(deploy.tasks.values()))


def bench(size: int, rounds: int) -> tuple[str, ...]:
    """A rig of its own for each size."""
    rig = Rig(f"deploybench{size}", servers=names(size), progress=progress)
    with contextlib.ExitStack() as stack:
        stack.callback(rig.down)
        rig.up()
        return row(
            size, *measure({"playbooks/deploy.yml": functools.partial(ours, rig), "clear, git, build, Compose": functools.partial(themselves, rig)}, rounds)
        )


def main() -> int:
    asked = given("deploy", __doc__ or "", of="servers", sizes=[1, 3, 10], smallest=1, rounds=3)
    rows = [bench(size, asked.rounds) for size in asked.sizes]
    print(
        f"One deploy with nothing changed; seconds, median (lowest to highest) of {asked.rounds} rounds in turn, after a warm-up of each.\n"
        f"{datetime.date.today()}, {os.cpu_count()} CPUs for all servers and the controller, load {load()} afterwards.\n\n"
        f"{grid([('servers', 'playbooks/deploy.yml', 'clear, git, build, Compose themselves', 'beyond them', 'most tasks of a host'), *rows])}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
