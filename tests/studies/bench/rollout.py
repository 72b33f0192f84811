# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench-rollout``: what visitors meet while a new version of a service is brought, five ways, through the same edge.

A service that answers at once, and one that needs 2 s until it can. GET and POST are counted apart: a proxy may repeat a GET that failed, a POST it may not.
A deploy sees that a start fits before it starts, so the start comes a moment after the build: plain Compose is held against that, too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import statistics
import sys
import time
import typing as t

from tests.rig.rig import Rig
from tests.studies.bench.command import given_rounds
from tests.support.figures import grid, middle
from tests.support.playbooks import Run
from tests.support.rounds import load, progress
from tests.support.shop import PORT, Shop
from tests.support.visitors import RATE, Seen, visitors

STARTS = {"answers at once": 0, "needs 2 s to start": 2}
#: Seconds of visits before a deploy and after it.
MARGIN = 3.0


def ways(shop: Shop) -> dict[str, t.Callable[[], Run]]:
    return {
        "down, prune, build, up": lambda: shop.by_hand("docker compose down", "docker system prune --force", "docker compose build", "docker compose up -d"),
        "docker compose up -d --build": lambda: shop.by_hand("docker compose up -d --build"),
        "docker compose build, 3 s later up -d": lambda: shop.by_hand("docker compose build", "sleep 3", "docker compose up -d"),
        "playbooks/deploy.yml, rollout: recreate": lambda: shop.deploy("recreate"),
        "playbooks/deploy.yml, rollout: start-first": lambda: shop.deploy("start-first"),
    }


def watched(shop: Shop, name: str, way: t.Callable[[], Run], start_seconds: int) -> Seen:
    """One new version, brought while visitors come. Stops the bench where it is not the one that answers at the end."""
    version = shop.release(start_seconds)
    with visitors(shop.address, PORT) as visits:
        time.sleep(MARGIN)
        done = way()
        time.sleep(MARGIN)
    seen = Seen(tuple(visits))
    if done.code != 0 or seen.versions[-1:] != [version]:
        sys.exit(f"{done.output}\nCannot measure {name}: it ended with {done.code}, and visitors saw the versions {', '.join(seen.versions)}, not {version}.")
    progress(f"{seen.gap:6.2f} s  {name}: {seen.failed('GET')} GET and {seen.failed('POST')} POST failed of {len(seen.visits)}")
    return seen


@dataclasses.dataclass(frozen=True)
class Measured:
    """One way with one kind of service: what visitors met in each round."""

    service: str
    way: str
    rounds: tuple[Seen, ...]

    def row(self) -> tuple[str, ...]:
        failed = (f"{statistics.median(seen.failed(method) for seen in self.rounds):g}" for method in ("GET", "POST"))
        return self.service, self.way, *failed, middle([seen.gap for seen in self.rounds], 2)


def bench(shop: Shop, rounds: int) -> str:
    """Measure on a rig that is up; the result is the text to print. Each way begins with a deploy that is not counted: what another one made is not its own."""
    found: list[Measured] = []
    for service, start_seconds in STARTS.items():
        for name, way in ways(shop).items():
            shop.release(start_seconds)
            if not found:
                shop.deploy("recreate").succeeded()  # there has to be a checkout before anything can be done by hand
            way().succeeded()
            time.sleep(start_seconds + MARGIN)
            found.append(Measured(service, name, tuple(watched(shop, name, way, start_seconds) for _round in range(rounds))))
    return (
        f"{RATE} requests a second, GET and POST in turn, from {MARGIN:g} s before a deploy to {MARGIN:g} s after it; median of {rounds} deploys.\n"
        f"{datetime.date.today()}, {shop.server} of a rig, load {load()} afterwards.\n\n"
        f"{grid([('the service', 'brought with', 'GET failed', 'POST failed', 'longest gap, seconds'), *(measured.row() for measured in found)])}"
    )


def main() -> int:
    rounds = given_rounds("tests.studies.bench.rollout", __doc__ or "")
    rig = Rig("rolloutbench", servers=("sandbox",), progress=progress)
    with contextlib.ExitStack() as stack:
        stack.callback(rig.down)
        rig.up()
        print(bench(Shop(rig, "sandbox"), rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
