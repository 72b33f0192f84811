# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench-health``: how long the demo's stack takes to be healthy, with and without the first health checks that our override asks for.

Its health checks are ten seconds apart, and one service waits for another. Every start makes all containers anew from images that are there already; a whole
deploy of a new version stands beside it, so that the gain can be held against it.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import itertools
import sys

from tests.rig.rig import Rig
from tests.studies.bench.command import given_rounds
from tests.support.figures import grid, middle
from tests.support.playbooks import Run, run_playbook
from tests.support.rounds import load, measure, progress

SERVERS = ("sandbox", "overflow1")
OVERRIDE = "/var/lib/mycosoft-rack/stacks/always-on.yml"
COMPOSE = "docker compose --env-file $HOME/env/always-on.env --file docker-compose.always-on.yml"


def start(rig: Rig, *files: str) -> Run:
    """Every service of the stack anew, until all are healthy. ``files``: beside the stack's own."""
    chosen = "".join(f" --file {file}" for file in files)
    script = f"cd ~/mycosoft/mas && {COMPOSE}{chosen} up --detach --wait --force-recreate --no-build"
    done = rig.run("sandbox", ["sh", "-c", script], check=False, timeout=300)
    return Run(done.returncode, done.stdout + done.stderr)


def deploy(rig: Rig, versions: itertools.count[int]) -> Run:
    version = next(versions)
    rig.push("website", {"VERSION": f"{version}\n"}, f"Release {version}")
    return run_playbook("playbooks/deploy.yml", rig.inventory)


def bench(rig: Rig, rounds: int) -> str:
    """Measure on a rig that is up; the result is the text to print."""
    ways = {
        "a whole deploy of a new version": functools.partial(deploy, rig, itertools.count(2)),
        "start, with the override": functools.partial(start, rig, OVERRIDE),
        "start, plain Compose": functools.partial(start, rig),
    }
    measured = {one.name: one.seconds for one in measure(ways, rounds)}
    gain = [plain - ours for plain, ours in zip(measured["start, plain Compose"], measured["start, with the override"], strict=True)]
    rows = [(name, middle(seconds, 1)) for name, seconds in [*measured.items(), ("gained by the override", gain)]]
    return (
        f"Until every service is healthy; seconds, median (lowest to highest) of {rounds} rounds in turn, after a warm-up of each.\n"
        f"{datetime.date.today()}, load {load()} afterwards.\n\n{grid(rows)}"
    )


def main() -> int:
    rounds = given_rounds("tests.studies.bench.health", __doc__ or "")
    rig = Rig("healthbench", servers=SERVERS, progress=progress)
    with contextlib.ExitStack() as stack:
        stack.callback(rig.down)
        rig.up()
        print(bench(rig, rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
